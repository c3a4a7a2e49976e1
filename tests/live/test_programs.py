"""The programs in examples/ do on a real Engine what they say, and are as short as they are meant to be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from engine_network import in_network_of
from scenarios.kit import BUSYBOX
from test_live import ONE_STORE

from rawdock import Docker
from rawdock.models import ContainerSpec

FOLDER = Path(__file__).parents[2] / "examples"
LIMITS = {"ci": 60, "supervisor": 90, "shipper": 50, "sandbox": 30, "fixture": 35}
LIMITS |= {"opentelemetry_spans": 55, "prometheus_metrics": 50}
PORT = 8765

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
if not ONE_STORE:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))


@pytest.fixture(params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The Engine's socket. The test is in its network, and the programs are."""
    socket = str(request.param).partition("=")[2]
    for name in ("DOCKER_API_VERSION", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    anyio.run(pull, socket)
    before = anyio.run(containers, socket)
    with in_network_of(socket):
        yield socket
    assert anyio.run(containers, socket) == before


async def pull(socket: str) -> None:
    async with Docker(socket) as docker:
        await docker.images.pull(BUSYBOX)


async def containers(socket: str) -> set[str]:
    async with Docker(socket) as docker:
        return {one.id for one in await docker.containers.list(all=True)}


def source_of(name: str, folder: Path) -> Path:
    """The program, with the name that the tests' image has on this Engine."""
    copy = folder / f"{name}.py"
    copy.write_text((FOLDER / f"{name}.py").read_text().replace("busybox:1", BUSYBOX))
    return copy


@contextmanager
def program(name: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, str(source_of(name, folder)), *arguments]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            finally:
                process.kill()


def ask(data: bytes | None = None, path: str = "") -> str:
    """Ask the program's web server, which may not listen yet."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{path}", data, timeout=60) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nobody answers")


@pytest.mark.parametrize("name", LIMITS)
def test_short(name: str) -> None:
    assert len((FOLDER / f"{name}.py").read_text().splitlines()) < LIMITS[name]


def test_ci(socket: str, tmp_path: Path) -> None:
    job = {
        "name": "rawdock-s",
        "image": BUSYBOX,
        "services": [{"name": "rawdock-s-web", "image": BUSYBOX, "cmd": ["httpd", "-f", "-h", "/etc"], "port": 80}],
        "steps": [
            {"name": "read", "script": "cat source; mkdir out; wc -c < source > out/size"},
            {"name": "fail", "script": "echo before >&2; exit 4"},
            {"name": "never", "script": "echo never"},
        ],
        "artifacts": ["out"],
    }
    source, output = tmp_path / "source", tmp_path / "output"
    source.mkdir()
    output.mkdir()
    (source / "source").write_text("hello\n")
    for steps, code, said in ((3, 4, "== read\nhello\n== fail\nbefore\n"), (1, 0, "== read\nhello\n")):
        (tmp_path / "job.json").write_text(json.dumps(job | {"steps": job["steps"][:steps]}))
        words = [sys.executable, str(FOLDER / "ci.py"), str(tmp_path / "job.json"), str(source), str(output)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout) == (code, said), done.stderr
    assert (output / "out" / "size").read_text().strip() == "6"


def test_sandbox(socket: str, tmp_path: Path) -> None:
    with program("sandbox", tmp_path, str(PORT)):
        assert json.loads(ask(b"echo $((6 * 7)); id -u; exit 3")) == {
            "exit_code": 3,
            "output": "42\n1000\n",
            "truncated": False,
        }
        with ThreadPoolExecutor(5) as pool:
            # A thread that is made here is in the network of the Engine too.
            answers = list(pool.map(ask, [b"yes | head -c 200000", b"ls /sys/class/net", b"echo one"]))
        assert json.loads(answers[0])["truncated"]
        assert json.loads(answers[1])["output"] == "lo\n"
        assert json.loads(answers[2])["output"] == "one\n"


def test_shipper(socket: str, tmp_path: Path) -> None:
    """Two runs of it, and a restart of the container in between: each line once."""
    label = f"rawdock-s-ship-{uuid.uuid4().hex}"

    async def start(cmd: str) -> str:
        async with Docker(socket) as docker:
            spec = ContainerSpec.of(BUSYBOX, ["sh", "-c", cmd], labels={label: "1"})
            box = await docker.containers.create(spec)
            await docker.containers.start(box.id)
            return box.id

    async def again(id: str, *, remove: bool = False) -> None:
        async with Docker(socket) as docker:
            await docker.containers.wait(id)
            if remove:
                await docker.containers.delete(id)
            else:
                await docker.containers.start(id)

    count = "n=$(cat /n || echo 0); for i in 1 2 3; do n=$((n + 1)); echo line $n; done; echo $n > /n"
    id = anyio.run(start, count)
    lines: list[str] = []
    for run in (1, 2):
        with program("shipper", tmp_path, str(tmp_path / "state"), label) as process:
            assert process.stdout is not None
            while len(lines) < 3 * run:
                found = json.loads(process.stdout.readline())
                if found["stream"] == "stdout":
                    lines.append(found["text"])
        anyio.run(lambda: again(id))
    anyio.run(lambda: again(id, remove=True))
    assert lines == [f"line {number}" for number in range(1, 7)]


def test_supervisor(socket: str, tmp_path: Path) -> None:
    """A container that is killed is started again; other options make it anew; one that is not wanted is removed."""
    wanted = tmp_path / "wanted.json"
    one = {"image": BUSYBOX, "cmd": ["sleep", "600"], "init": True}

    async def state(docker: Docker) -> tuple[str, str]:
        found = await docker.containers.inspect("rawdock-s-one")
        return found.id, str(found.state.started_at)

    async def until(changed) -> tuple[str, str]:  # type: ignore[no-untyped-def]
        async with Docker(socket) as docker:
            for _ in range(300):
                listed = await docker.containers.list(filters={"label": "example.supervisor"})
                if len(listed) == 1 and changed(now := await state(docker)):
                    return now
                await anyio.sleep(0.1)
        raise AssertionError("nothing has changed")

    async def kill() -> None:
        async with Docker(socket) as docker:
            await docker.containers.kill("rawdock-s-one")

    wanted.write_text(json.dumps({"rawdock-s-one": one}))
    with program("supervisor", tmp_path, str(wanted), str(PORT)) as process:
        first = anyio.run(until, lambda now: True)
        assert ask() == "rawdock-s-one: running\n"
        anyio.run(kill)
        second = anyio.run(until, lambda now: now[1] != first[1])
        assert second[0] == first[0]
        wanted.write_text(json.dumps({"rawdock-s-one": one | {"env": {"A": "1"}}}))
        process.send_signal(signal.SIGHUP)
        anyio.run(until, lambda now: now[0] != first[0])
        wanted.write_text("{}")
        process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if not anyio.run(containers, socket):
                break
            time.sleep(0.1)


def test_opentelemetry_spans(socket: str, tmp_path: Path) -> None:
    async def sleeping() -> str:
        async with Docker(socket) as docker:
            box = await docker.containers.create(ContainerSpec.of(BUSYBOX, ["sleep", "600"]))
            await docker.containers.start(box.id)
            return box.id

    async def remove(id: str) -> None:
        async with Docker(socket) as docker:
            await docker.containers.delete(id, force=True)

    id = anyio.run(sleeping)
    try:
        words = [sys.executable, str(FOLDER / "opentelemetry_spans.py")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True)
    finally:
        anyio.run(remove, id)
    spans, rest = [], done.stdout.strip()
    while rest:
        span, end = json.JSONDecoder().raw_decode(rest)
        spans.append(span)
        rest = rest[end:].lstrip()
    *calls, parent = spans
    assert (parent["name"], parent["parent_id"]) == ("look around", None)
    assert [call["name"] for call in calls] == ["GET /containers/json", "GET /containers/{id}/json"]
    assert {call["parent_id"] for call in calls} == {parent["context"]["span_id"]}
    assert [call["attributes"]["http.response.status_code"] for call in calls] == [200, 200]


def test_prometheus_metrics(socket: str, tmp_path: Path) -> None:
    with program("prometheus_metrics", tmp_path, str(PORT)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(" containers run\n")
        found = ask(path="metrics").splitlines()
    assert 'docker_calls_total{operation="containers.list",outcome="200"} 1.0' in found
    assert 'docker_calls_open{operation="containers.list"} 0.0' in found
    assert "docker_connections_total 1.0" in found


TESTS = """
import urllib.request
import uuid
import pytest
from fixture import *

pytestmark = pytest.mark.anyio

def test_sync(web):
    assert b"root" in urllib.request.urlopen(f"http://{web}/passwd", timeout=10).read()

async def test_async(async_web):
    assert b"root" in urllib.request.urlopen(f"http://{async_web}/passwd", timeout=10).read()
"""


def test_fixture(socket: str, tmp_path: Path) -> None:
    source_of("fixture", tmp_path)
    (tmp_path / "test_web.py").write_text(TESTS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_web.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=150)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
