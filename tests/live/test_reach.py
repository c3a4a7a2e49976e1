"""Real Engines with TLS, and through a real sshd and the real docker command there.

The Engine's TLS port is in its own network, so a relay of these tests leads to it. Without an Engine of
`scripts/engines`, without root or without OpenSSH these tests are skipped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket as sockets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from pages import PROJECT
from private_sshd import PrivateSshd, missing_for_sshd, private_sshd
from scenarios import SCENARIOS
from scenarios.cannot import reason
from scenarios.kit import BUSYBOX, container, engine_of
from test_live import ENGINES, ONE_STORE

import rawdock
from rawdock import Docker

OTHER_STORE = [entry for entry in ENGINES if entry not in ONE_STORE]

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

# Calls, streams in both directions with the end of one of them, bodies that are sent while an answer is read.
SOME = ["attach-half-closed", "exec-conversation", "files-there-and-back", "logs-followed", "building-folder"]
SOME_OVER_SSH = ["attach-half-closed", "exec-conversation"]  # where each connection takes long


class Own:
    """What is known of an Engine of `scripts/engines`."""

    def __init__(self, entry: str) -> None:
        self.name, _, self.socket = entry.partition("=")
        self.state = Path(self.socket).parent
        self.base = self.state.parent.parent
        self.root = self.base / "roots" / self.name.removesuffix("-ctrd").removesuffix("-rootless")

    @property
    def docker_command(self) -> Path:
        return self.root / "usr/bin/docker"

    @property
    def _engine(self) -> Any:
        sys.path.insert(0, str(PROJECT / "scripts"))
        from engines_lib.catalog import SPECS  # type: ignore[import-not-found]
        from engines_lib.engine import Engine  # type: ignore[import-not-found]

        return Engine(SPECS[self.name], self.base)

    @property
    def pid(self) -> int:
        pid = self._engine.pid
        assert pid is not None
        return int(pid)

    @property
    def network(self) -> Path:
        return Path(self._engine.network)

    def connect(self, port: int) -> sockets.socket:
        network = self.network
        from engines_lib.netns import connect  # type: ignore[import-not-found]

        sock: sockets.socket = connect(network, "127.0.0.1", port)
        sock.settimeout(None)
        return sock


@contextlib.contextmanager
def relay(own: Own, port: int) -> Iterator[int]:
    """A port of this machine that leads to one in the Engine's own network."""
    listener = sockets.create_server(("127.0.0.1", 0))

    def carry(source: sockets.socket, target: sockets.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(sockets.SHUT_WR)

    def both_ways(near: sockets.socket) -> None:
        with near, own.connect(port) as far:
            there = threading.Thread(target=carry, args=(near, far))
            there.start()
            carry(far, near)
            there.join()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=both_ways, args=(near,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(sockets.SHUT_RDWR)
        listener.close()
        thread.join(30)


@pytest.fixture(scope="module", params=ONE_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def own(request: pytest.FixtureRequest) -> Own:
    if not request.param:
        pytest.skip("RAWDOCK_LIVE_ENGINES names no engine but such as differ in their image store")
    return Own(request.param)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS"):
        monkeypatch.delenv(name, raising=False)


async def scenario(docker: Docker, name: str) -> None:
    engine = await engine_of(docker)
    if why := reason(engine.labels, name):
        pytest.skip(f"this Engine cannot do it: {why}")
    await SCENARIOS[name](docker)


# TLS


@contextlib.contextmanager
def tls_of(own: Own) -> Iterator[int]:
    if not (own.state / "tls").is_dir():
        pytest.skip("this Engine has no TLS port (only Docker of scripts/engines, where openssl is installed)")
    if os.geteuid() != 0:
        pytest.skip("only root can enter the Engine's network")
    assert own.pid
    with relay(own, 2376) as port:
        yield port


@pytest.fixture(scope="module")
def tls_port(own: Own) -> Iterator[int]:
    with tls_of(own) as port:
        yield port


@pytest.fixture
def certificates(own: Own) -> Path:
    return own.state / "tls" / "client"


@pytest.mark.parametrize("name", SOME)
async def test_scenarios_over_tls(own: Own, tls_port: int, certificates: Path, name: str) -> None:
    """What works over a socket works over TLS, with certificates that are made as Docker documents it."""
    async with Docker(f"tcp://127.0.0.1:{tls_port}", tls=certificates) as docker:
        await scenario(docker, name)


async def test_the_end_of_the_input_over_tls(own: Own, tls_port: int, certificates: Path) -> None:
    """The input of a process is ended while its output is still to come, as the docker command does it over TLS."""
    data = os.urandom(1 << 20)
    async with Docker(f"tcp://127.0.0.1:{tls_port}", tls=certificates) as docker:
        await docker.images.pull(BUSYBOX)
        done = await docker.run(BUSYBOX, ["sh", "-c", "cat; echo the end"], stdin=data)
        assert done.exit_code == 0
        assert done.stdout == data + b"the end\n"


@pytest.mark.skipif(not OTHER_STORE, reason="the Engine that is tested has no other image store than those above")
@pytest.mark.parametrize("entry", OTHER_STORE or [""], ids=lambda entry: entry.partition("=")[0] or "none")
async def test_other_stores_over_tls(entry: str) -> None:
    """In short what the tests above do: a call, a command with input to its end, an archive up and down."""
    other = Own(entry)
    data = os.urandom(1 << 20)
    with tls_of(other) as port:
        async with Docker(f"tcp://127.0.0.1:{port}", tls=other.state / "tls/client") as docker:
            assert (await docker.system.ping()).api_version
            await docker.images.pull(BUSYBOX)
            async with docker.run(BUSYBOX, ["cat"], open_stdin=True) as box:
                await docker.write_file(box.id, "/root/data", data)
                assert await docker.read_file(box.id, "/root/data") == data
                await box.send(data)
                await box.send_eof()
                result = await box.result()
            assert (result.exit_code, result.stdout) == (0, data)


async def test_refused_by_the_engine(own: Own, tls_port: int, certificates: Path, tmp_path: Path) -> None:
    """A real dockerd: without a client certificate, with one of nobody, and without TLS at all."""
    address = f"tcp://127.0.0.1:{tls_port}"
    (tmp_path / "none").mkdir()
    shutil.copy(certificates / "ca.pem", tmp_path / "none")
    async with Docker(address, tls=tmp_path / "none") as docker:
        with pytest.raises(rawdock.ConnectError, match="No client certificate was given"):
            await docker.system.ping()
    stranger = tmp_path / "stranger"
    shutil.copytree(certificates, stranger)
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nobody"]
    made += ["-keyout", str(stranger / "key.pem"), "-out", str(stranger / "cert.pem")]
    await anyio.run_process(made)
    async with Docker(address, tls=stranger) as docker:
        with pytest.raises(rawdock.ConnectError, match="refused the TLS connection"):
            await docker.system.ping()
    async with Docker(address) as docker:
        with pytest.raises(rawdock.BadRequest, match="HTTPS server"):
            await docker.system.ping()


# ssh


@pytest.fixture(scope="module")
def sshd(own: Own) -> Iterator[PrivateSshd]:
    if why := missing_for_sshd():
        pytest.skip(why)
    with_command = [one.name for one in map(Own, ONE_STORE) if one.docker_command.exists()]
    if own.name not in with_command[-1:]:
        pytest.skip(f"one Engine whose root folder has the docker command is enough: {with_command[-1:] or 'none'}")
    docker = f'exec nsenter --target {own.pid} --mount /usr/bin/docker "$@"'
    with private_sshd(docker, f"unix://{own.socket}") as server:
        yield server


@pytest.fixture
def ssh(sshd: PrivateSshd, monkeypatch: pytest.MonkeyPatch) -> PrivateSshd:
    monkeypatch.setenv("PATH", sshd.path)
    return sshd


def clients_left(sshd: PrivateSshd) -> list[str]:
    """The ssh processes that use this server's configuration, also those that were not waited for."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            state = (entry / "stat").read_text().rpartition(")")[2].split()
            if f"{sshd.folder}/ssh_config".encode() in words or (state[0] == "Z" and state[1] == str(os.getpid())):
                found.append(f"{entry.name} {words}")
    return found


@pytest.mark.parametrize("forwarding", [False, True], ids=["dial-stdio", "forwarding"])
@pytest.mark.parametrize("name", SOME_OVER_SSH)
async def test_scenarios_over_ssh(own: Own, ssh: PrivateSshd, name: str, forwarding: bool) -> None:
    """What works over a socket works over ssh, in both ways, and leaves no process."""
    address = f"ssh://engine{own.socket}" if forwarding else "ssh://engine"
    async with Docker(address, ssh_forwarding=forwarding, connect_timeout=60) as docker:
        await scenario(docker, name)
    assert clients_left(ssh) == []


@pytest.mark.parametrize("forwarding", [False, True], ids=["dial-stdio", "forwarding"])
async def test_many_streams_over_ssh(own: Own, ssh: PrivateSshd, forwarding: bool) -> None:
    """Twenty streams at once, more than sshd would take at once, and calls beside them on a kept connection."""
    async with (
        Docker(f"ssh://engine{own.socket}", ssh_forwarding=forwarding, connect_timeout=60) as docker,
        container(docker, "rawdock-s-ssh") as name,
    ):
        await docker.containers.start(name)
        ready = 0

        async def follow(stop: anyio.Event) -> None:
            nonlocal ready
            async with docker.containers.stats(name) as stats:
                async for _ in stats:
                    break
                ready += 1
                if ready == 20:
                    stop.set()
                await stop.wait()

        stop = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(follow, stop)
        assert ready == 20
    assert clients_left(ssh) == []


WRONG = {
    "ssh://badkey": "accepts no key of yours",
    "ssh://badhost": "the key of the host is unknown",
    "ssh://closed": "cannot be reached",
    "ssh://no-such-host.invalid": "no host of this name",
    "ssh://nodocker": "there is no docker command there",
    "ssh://engine/nowhere/docker.sock": "the docker command there finds no Engine",
    "ssh://noise": "'Welcome.*login script",
}


@pytest.mark.parametrize("address", WRONG)
async def test_what_is_wrong_over_ssh(own: Own, ssh: PrivateSshd, address: str) -> None:
    """The real programs say it in words that are known, and nobody is asked for anything."""
    async with Docker(address, connect_timeout=60) as docker:
        with pytest.raises(rawdock.ConnectError, match=WRONG[address]):
            await docker.system.ping()
    assert clients_left(ssh) == []


async def test_forwarding_to_nothing(own: Own, ssh: PrivateSshd) -> None:
    """A socket that is not there is named."""
    async with Docker("ssh://engine/nowhere/docker.sock", ssh_forwarding=True, connect_timeout=60) as docker:
        with pytest.raises(rawdock.ConnectError, match=r"no socket of an Engine at /nowhere/docker\.sock"):
            await docker.system.ping()
    assert clients_left(ssh) == []


async def test_the_end_of_the_input_over_ssh(own: Own, ssh: PrivateSshd) -> None:
    """The input of a process is ended through dial-stdio too."""
    data = os.urandom(1 << 20)
    async with Docker("ssh://engine", connect_timeout=60) as docker:
        await docker.images.pull(BUSYBOX)
        done = await docker.run(BUSYBOX, ["sh", "-c", "cat; echo the end"], stdin=data)
        assert done.stdout == data + b"the end\n"
    assert clients_left(ssh) == []


def logins(sshd: PrivateSshd) -> int:
    return (sshd.folder / "log").read_text().count("Accepted publickey")


async def test_no_connection_is_shared_by_itself(own: Own, ssh: PrivateSshd) -> None:
    """With `ControlMaster auto` the first ssh would carry all others, and take them along when it is ended."""
    async with (
        Docker("ssh://shared", connect_timeout=60) as docker,
        container(docker, "rawdock-s-ssh") as name,
    ):
        await docker.containers.start(name)
        await docker.containers.inspect(name)  # on a kept connection, the oldest one
        async with docker.containers.stats(name) as first:
            await anext(first)
            async with docker.containers.stats(name) as second:
                await anext(second)
                await first.aclose()
                await anext(second)
                await anext(second)
        assert not (ssh.folder / "shared").exists()
    assert clients_left(ssh) == []


async def test_a_shared_connection_of_the_user(own: Own, ssh: PrivateSshd) -> None:
    """One that is there is used, without another login; a closed client leaves nothing but that one."""
    async with await anyio.open_process(["ssh", "-o", "ControlMaster=yes", "-N", "shared"]) as master:
        try:
            with anyio.fail_after(60):
                while not (ssh.folder / "shared").exists():  # noqa: ASYNC110 - ssh has no event
                    await anyio.sleep(0.02)
            before = logins(ssh)
            data = os.urandom(1 << 20)
            async with Docker("ssh://shared", connect_timeout=60) as docker:
                await docker.images.pull(BUSYBOX)
                done = await docker.run(BUSYBOX, ["sh", "-c", "cat; echo the end"], stdin=data)
                assert done.stdout == data + b"the end\n"
            assert logins(ssh) == before
            assert [one.split()[0] for one in clients_left(ssh)] == [str(master.pid)]
            await anyio.run_process(["ssh", "-O", "check", "shared"])
        finally:
            master.terminate()
            await master.wait()
    assert clients_left(ssh) == []
