"""`python -m rawdock`: its output, and its exit code without an Engine."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import anyio.to_thread
import pytest
from faultserver import Peer, json_answer, serving
from pages import PROJECT

import rawdock
from rawdock.__main__ import main
from rawdock.errors import NotFound, Sent

VERSION = {
    "docker": (
        b'{"Version":"28.5.2","ApiVersion":"1.51","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}',
        "Docker",
    ),
    "podman": (
        b'{"Components":[{"Name":"Podman Engine","Version":"5.4.2"}],"Version":"5.4.2","ApiVersion":"1.51",'
        b'"MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}',
        "Podman",
    ),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment names no Engine."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.mark.anyio
@pytest.mark.parametrize("engine", VERSION)
async def test_the_engine_is_shown(
    engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    body, name = VERSION[engine]

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(body)

    async with serving(answer) as server:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{server.path}")
        code = await anyio.to_thread.run_sync(main, [])
    first, where, what, how = capsys.readouterr().out.splitlines()
    assert code == 0
    assert first.startswith(f"rawdock {rawdock.__version__} on Python 3.")
    assert where == f"unix://{server.path} (from DOCKER_HOST)"
    assert re.match(rf"{name} Engine \d.* on linux/amd64, API 1.24 to 1.51; rawdock speaks 1.51 with it$", what)
    assert how.startswith(
        "as root, the Engine's image store (no driver named), cgroups of a version that it does not say"
    )


@pytest.mark.parametrize(
    ("host", "remedy"),
    [
        ("unix:///nowhere/docker.sock", "Start the Engine"),
        ("tcp://127.0.0.1:1", "Check the address"),
        ("ssh://ada:secret@r.test", "use a key, or an ssh agent"),
        ("https://r.test:2376", "write tcp://host:port"),
        ("docker.sock", "write unix:///path/to/docker.sock"),
    ],
)
def test_without_an_engine(
    host: str, remedy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert main([]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"rawdock {rawdock.__version__} ")
    assert printed.err.startswith("rawdock: ")
    assert remedy in printed.err.splitlines()[-1]


def test_the_version_has_one_source(capsys: pytest.CaptureFixture[str]) -> None:
    project = PROJECT / "pyproject.toml"
    assert "version" in tomllib.loads(project.read_text())["project"]["dynamic"]
    assert importlib.metadata.version("rawdock") == rawdock.__version__
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"rawdock {rawdock.__version__}\n"


@pytest.mark.parametrize(
    ("message", "pulled"),
    [
        ("No such image: busybox:1", "busybox:1"),
        ("no such image: docker.io/library/busybox:1: image not known", "docker.io/library/busybox:1"),
        ("No such image: busybox@sha256:12", "busybox@sha256:12"),
        ("No such container: busybox:1", None),
    ],
)
def test_a_missing_image_error_says_to_pull(message: str, pulled: str | None) -> None:
    """The error says so where a container was to be created; the Engine's own words stay as they are."""
    error = NotFound(message, status=404)
    error.sent = Sent("POST", "/containers/create", address="unix:///s", operation="containers.create")
    assert error.message == message
    remedy = f'Pull it first: docker.images.pull("{pulled}")' if pulled else "(status 404)"
    assert str(error).endswith(remedy)
