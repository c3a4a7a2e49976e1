"""Connections through the `ssh` program: how it is called, what goes through it, how it ends, and what it complains of.

The program is a stand-in here; tests/live/test_reach.py has the real one.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from fake_ssh import FakeSsh
from scripted import Exchange, Gone, scripted

import rawdock
from rawdock import Docker
from rawdock._transport.messages import WireRequest
from rawdock._transport.transport import NetworkStream

pytestmark = pytest.mark.anyio

LOOPS = pytest.mark.parametrize(
    "anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True}), "trio"], ids=["asyncio", "uvloop", "trio"]
)
WAYS = pytest.mark.parametrize("forwarding", [False, True], ids=["dial-stdio", "forwarding"])


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSsh:
    return FakeSsh(tmp_path / "ssh", monkeypatch)


def engine(exchange: Exchange) -> None:
    """Send bodies back; /hang waits, /break closes in the middle of an answer, and an upgrade is an echo."""
    exchange.read()
    if exchange.target.endswith("/hang"):
        exchange.wait_until_closed()
        raise Gone
    if exchange.target.endswith("/break"):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        raise Gone
    if b"upgrade" in exchange.headers:
        exchange.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + exchange.rest)
        while data := exchange.sock.recv(1 << 16):
            exchange.send(data)
        exchange.send(b" bye")
        raise Gone
    body = exchange.body
    exchange.send(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@LOOPS
@WAYS
async def test_calls_uploads_and_upgrades(forwarding: bool, ssh: FakeSsh) -> None:
    """What goes over a socket goes over ssh, with one process for many calls, and with the end of the sending half."""
    with scripted(engine) as server:
        ssh(socket=server.address.removeprefix("unix://"))
        async with Docker("ssh://far", ssh_forwarding=forwarding) as docker:
            for _ in range(5):
                assert (await docker.system.ping()).api_version == "1.51"
            body = os.urandom(1_000_000)
            assert (await docker.request("PUT", "/x", content=body)).content == body
            assert len(ssh.calls) == 1
            tail = b" HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
            request = WireRequest("POST", "/x", tail, base=httpx.URL("http://d"), mode="stream")
            response = await docker._transport.handle_async_request(request)
            stream: NetworkStream = response.extensions["network_stream"]
            await stream.write(b"hello")
            await stream.send_eof()
            got = b""
            while part := await stream.read(100):
                got += part
            assert got == b"hello bye"
            await stream.aclose()
        assert ssh.left() == []


async def test_the_command_line(ssh: FakeSsh) -> None:
    """User, port and path come from the address, and nothing else is said about them: ssh_config has the rest."""
    expected = {
        "ssh://far": [[], ["far", "docker system dial-stdio"]],
        "ssh://ada@far:2022": [["-l", "ada", "-p", "2022"], ["far", "docker system dial-stdio"]],
        "ssh://far/run/my docker.sock": [[], ["far", "docker --host 'unix:///run/my docker.sock' system dial-stdio"]],
        "ssh://far/run/;reboot": [[], ["far", "docker --host 'unix:///run/;reboot' system dial-stdio"]],
        "ssh://-oProxyCommand=reboot": [[], ["-oProxyCommand=reboot", "docker system dial-stdio"]],
        "ssh://-Fx@far": [["-l", "-Fx"], ["far", "docker system dial-stdio"]],
        "ssh://[fe80::1%25eth0]/": [[], ["fe80::1%eth0", "docker system dial-stdio"]],
    }
    for number, (address, (options, words)) in enumerate(expected.items(), 1):
        async with Docker(address, connect_timeout=7.5) as docker:
            with pytest.raises(rawdock.ConnectError):
                await docker.system.ping()
        assert len(ssh.calls) == number
        always = ["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=8", "-o", "ControlMaster=no"]
        assert ssh.calls[-1]["arguments"] == [*always, *options, "--", *words]


async def test_what_the_process_gets(ssh: FakeSsh) -> None:
    """It has no other files of this process, and a session of its own, so that it cannot ask on a terminal."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    with scripted(engine) as server:
        ssh(socket=server.address.removeprefix("unix://"))
        async with Docker("ssh://far") as docker:
            await docker.system.ping()
    os.close(reading)
    os.close(writing)
    (call,) = ssh.calls
    assert call["leads_session"]
    assert call["fds"] in ([], [0, 1, 2])


@LOOPS
@WAYS
@pytest.mark.parametrize("task", [False, True], ids=["scope", "task"])
async def test_a_cancelled_connection_leaves_no_process(
    task: bool, forwarding: bool, ssh: FakeSsh, anyio_backend: Any
) -> None:
    """A connection that is given up while ssh is silent ends the process, by either kind of cancellation."""
    if task and anyio_backend == "trio":
        pytest.skip("trio has no Task.cancel")
    ssh(silent=True)
    async with Docker("ssh://far", ssh_forwarding=forwarding) as docker:
        if task:
            import asyncio

            running = asyncio.ensure_future(docker.system.ping())
            await ssh.called()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        else:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(docker.system.ping)
                await ssh.called()
                tasks.cancel_scope.cancel()
    assert ssh.left() == []


@LOOPS
async def test_a_process_that_does_not_end_is_killed(ssh: FakeSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some time for its own end, the process is killed; leaving a stream waits for none of it."""
    monkeypatch.setattr("rawdock._transport.ssh_process._GRACE", 0.1)
    with scripted(engine) as server:
        ssh(socket=server.address.removeprefix("unix://"), **{"ignores the end": True})
        async with Docker("ssh://far") as docker:
            with anyio.move_on_after(0):
                await docker.request("GET", "/hang")
            await docker.system.ping()
            await docker.system.ping()
        assert ssh.left() == []


@LOOPS
async def test_closed_while_connecting(ssh: FakeSsh) -> None:
    """Closing the client ends processes of connections that are still being opened."""
    ssh(silent=True)
    docker = Docker("ssh://far")
    errors: list[Exception] = []

    async def ping() -> None:
        try:
            await docker.system.ping()
        except rawdock.RawdockError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ping)
        await ssh.called()
        await docker.aclose()
    assert ssh.left() == []
    assert len(errors) == 1


async def test_a_few_at_a_time(ssh: FakeSsh) -> None:
    """Not more than four connections are opened at the same time, as sshd would refuse some of them."""
    ssh(silent=True)
    async with Docker("ssh://far", version="1.51") as docker, anyio.create_task_group() as tasks:
        for _ in range(9):
            tasks.start_soon(docker.system.info)
        await ssh.called(4)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        assert len(ssh.calls) == 4
        tasks.cancel_scope.cancel()
    assert ssh.left() == []


REMOTE = {
    "host key": ("Host key verification failed.", 255, "accept the key if it is the right one"),
    "another key": (
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
        255,
        "another one than before",
    ),
    "refused": ("root@far: Permission denied (publickey,password).", 255, "ssh-copy-id far"),
    "unknown host": ("ssh: Could not resolve hostname far: Name or service not known", 255, "no host of this name"),
    "closed port": ("ssh: connect to host far port 22: Connection refused", 255, "cannot be reached"),
    "silent host": ("ssh: connect to host far port 22: Connection timed out", 255, "cannot be reached"),
    "wrong config": (
        "/c/config: line 3: Bad configuration option: x\n/c/config: terminating, 1 bad configuration options",
        255,
        "mend your ssh_config",
    ),
    "no docker": ("bash: line 1: docker: command not found", 127, "no docker command there"),
    "no docker, sh": ("sh: 1: docker: not found", 127, "no docker command there"),
    "old docker": ("unknown flag: --x\nSee 'docker system --help'.", 125, "came with Docker 18.09"),
    "no engine": (
        "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: no such file or directory",
        1,
        "finds no Engine. Start it",
    ),
    "not allowed": (
        "failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: permission denied",
        1,
        "join the group",
    ),
    "something else": ("kex_exchange_identification: read: reset", 255, "try it by hand: `ssh -T"),
    "nothing": ("", 1, "ssh said nothing"),
}


@LOOPS
@pytest.mark.parametrize("remote", REMOTE)
async def test_what_is_wrong_is_told(remote: str, ssh: FakeSsh) -> None:
    """Each problem has a remedy and ssh's own words, and is a ConnectError before anything was sent."""
    stderr, code, words = REMOTE[remote]
    ssh(stderr=stderr + "\r\n" if stderr else "", exit=code)
    async with Docker("ssh://far") as docker:
        with pytest.raises(rawdock.ConnectError) as caught:
            await docker.system.ping()
    text = str(caught.value)
    assert words in text
    assert f"exit code {code}" in text
    assert stderr.splitlines()[-1] in text if stderr else True
    assert ssh.left() == []


@LOOPS
async def test_the_reason_comes_last(ssh: FakeSsh) -> None:
    """The reason is at the end of what is written, however much comes before it."""
    ssh(stderr="debug1: " + "x" * 60_000 + "\nroot@far: Permission denied (publickey).\n", exit=255)
    async with Docker("ssh://far") as docker:
        with pytest.raises(rawdock.ConnectError, match="ssh-copy-id") as caught:
            await docker.system.ping()
    assert len(str(caught.value)) < 2000


@LOOPS
async def test_noise_before_the_stream(ssh: FakeSsh) -> None:
    """What a login script prints is told, and is not taken for an answer."""
    with scripted(engine) as server:
        ssh(stdout="Welcome to far!\n", socket=server.address.removeprefix("unix://"))
        async with Docker("ssh://far") as docker:
            with pytest.raises(rawdock.ConnectError, match=r"'Welcome to far!.*login script"):
                await docker.system.ping()
    assert ssh.left() == []


@LOOPS
@WAYS
async def test_silence(forwarding: bool, ssh: FakeSsh) -> None:
    """The time limit of a connection covers all of it, up to the first answer."""
    ssh(silent=True, stderr="debug: waiting\n")
    async with Docker("ssh://far", connect_timeout=1, ssh_forwarding=forwarding) as docker:
        with pytest.raises(rawdock.ConnectError, match="no Engine has answered within 1 s"):
            await docker.system.ping()
    assert ssh.left() == []


async def test_no_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the program there is nothing to wait for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Docker("ssh://far") as docker:
        with pytest.raises(rawdock.ConnectError, match="install the OpenSSH client"):
            await docker.system.ping()


@LOOPS
async def test_a_flood_of_complaints(ssh: FakeSsh) -> None:
    """What ssh writes to its error output is read all the time, and only its end is kept."""
    with scripted(engine) as server:
        ssh(socket=server.address.removeprefix("unix://"), stderr="x" * 99 + "\n", times=20_000)
        async with Docker("ssh://far") as docker:
            await docker.system.ping()
            (connection,) = docker._transport.pool._idle  # type: ignore[attr-defined]
            assert len(connection.process._said) <= 8192


@LOOPS
async def test_a_connection_that_breaks_later(ssh: FakeSsh) -> None:
    """The error of an answer that is cut has what ssh says about it; the next call opens another connection."""
    with scripted(engine) as server:
        path = server.address.removeprefix("unix://")
        words = "client_loop: send disconnect: Broken pipe\r\n"
        ssh(socket=path, **{"says at the end": words, "exit at the end": 255})
        async with Docker("ssh://far") as docker:
            await docker.system.ping()
            with pytest.raises(rawdock.TruncatedError):
                await docker.request("GET", "/break")
            await docker.system.ping()
        assert ssh.left() == []


async def test_one_forwarding_for_many(ssh: FakeSsh) -> None:
    """All connections use one process, whose socket is in a folder for nobody else; both are gone after the end."""
    with scripted(engine) as server:
        async with Docker(f"ssh://far{server.address.removeprefix('unix://')}", ssh_forwarding=True) as docker:
            ssh()
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(docker.request, "PUT", "/x")
            assert len(ssh.calls) == 1
            arguments = ssh.calls[0]["arguments"]
            local, _, remote = arguments[arguments.index("-L") + 1].partition(":")
            assert remote == server.address.removeprefix("unix://")
            assert {"-N", "ExitOnForwardFailure=yes", "StreamLocalBindUnlink=yes"} <= set(arguments)
            assert stat.S_IMODE(Path(local).parent.stat().st_mode) == 0o700
            os.kill(ssh.pids[0], 15)
            while True:  # the connections that are open notice it
                try:
                    await docker.request("PUT", "/x")
                except rawdock.TruncatedError:
                    continue
                if len(ssh.calls) == 2:
                    break
            assert not Path(local).exists()  # noqa: ASYNC240
        assert ssh.left() == []
        arguments = ssh.calls[1]["arguments"]
        assert not Path(arguments[arguments.index("-L") + 1].partition(":")[0]).parent.exists()


@LOOPS
async def test_a_socket_that_does_not_listen_yet(ssh: FakeSsh) -> None:
    """ssh makes the file of its socket, and listens on it only then."""
    with scripted(engine) as server:
        path = server.address.removeprefix("unix://")
        ssh(**{"listens after": 0.3})
        async with Docker(f"ssh://far{path}", ssh_forwarding=True) as docker:
            await docker.request("PUT", "/x")
        assert len(ssh.calls) == 1
        assert ssh.left() == []


_FORGETFUL = """
import asyncio, os, sys
from rawdock import Docker
docker = Docker(sys.argv[1], ssh_forwarding=sys.argv[2] == "forwarding")
asyncio.run(docker.system.ping())
if os.fork():
    os.wait()
"""


@pytest.mark.parametrize("way", ["dial-stdio", "forwarding"])
async def test_a_program_that_forgets_to_close(way: str, ssh: FakeSsh, tmp_path: Path) -> None:
    """When Python ends, its processes and folders do, too; a forked child that ends before leaves them alone."""
    with scripted(engine) as server:
        path = server.address.removeprefix("unix://")
        ssh(socket=path)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-W", "ignore", "-c", _FORGETFUL, f"ssh://far{path}", way]
        await anyio.run_process(command, env=environment)
        assert len(ssh.calls) == 1
        while ssh.running():  # noqa: ASYNC110 - another process
            await anyio.sleep(0.01)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("rawdock-")] == []  # noqa: ASYNC240


@LOOPS
async def test_nothing_to_forward_to(ssh: FakeSsh) -> None:
    """Where there is no socket on the other machine, its path is named."""
    ssh()
    async with Docker("ssh://far/nowhere/docker.sock", ssh_forwarding=True) as docker:
        with pytest.raises(rawdock.ConnectError, match=r"no socket of an Engine at /nowhere/docker\.sock"):
            await docker.system.ping()
    assert ssh.left() == []


async def test_a_forwarding_that_is_refused(ssh: FakeSsh) -> None:
    """An ssh that ends before it forwards is explained as any other."""
    ssh(stderr="root@far: Permission denied (publickey).\n", exit=255)
    async with Docker("ssh://far", ssh_forwarding=True) as docker:
        with pytest.raises(rawdock.ConnectError, match="ssh-copy-id"):
            await docker.system.ping()
    assert ssh.left() == []


def test_a_long_temporary_folder(ssh: FakeSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the temporary folder is too long for a socket, or has a colon, another one is used."""
    from rawdock._transport import ssh_forward

    for name in ("x" * 100, "with:colon"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        made = Path(ssh_forward._make_folder())
        assert made.parent == Path("/tmp")
        made.rmdir()
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Docker("unix:///s", ssh_forwarding=True), "for ssh:// addresses only"),
        (lambda: Docker("ssh://far", ssh_forwarding=1), "expected True or False"),  # type: ignore[arg-type]
        (lambda: Docker("ssh://far/a:b", ssh_forwarding=True), "a colon in its path"),
    ],
)
def test_wrong_values(make: Callable[[], Docker], words: str) -> None:
    """The option is for ssh alone."""
    with pytest.raises(rawdock.InvalidArgument, match=words):
        make()


def test_curl_says_how_to_repeat_it(ssh: FakeSsh) -> None:
    """The request of an error is a `curl` on the other machine."""
    docker = Docker("ssh://ada@far:2022/run/docker.sock", version="1.51")
    with pytest.raises(rawdock.ConnectError) as caught:
        anyio.run(docker.system.info)
    assert caught.value.curl() == (
        "ssh ssh://ada@far:2022 'curl --unix-socket /run/docker.sock http://docker/v1.51/info'"
    )
