"""The services of a BuildKit session but for files: credentials, secrets, an SSH agent and outputs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream
from session_engine import session
from session_protobuf import MESSAGES

from rawdock import AddressError, FileError, InvalidArgument, SecretStr
from rawdock._build.session.auth import HUB, Login, auth_methods, find_login, logins
from rawdock._build.session.file_send import FileSend
from rawdock._build.session.secrets import Secrets
from rawdock._build.session.ssh import Ssh
from rawdock._build.session_options import SessionOptions
from rawdock._credentials.search import Keychain
from rawdock.helpers.build_session import offered
from rawdock.models import AuthConfig

pytestmark = pytest.mark.anyio

CREDENTIALS = "/moby.filesync.v1.Auth/Credentials"
SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret"
CHECK = "/moby.sshforward.v1.SSH/CheckAgent"
FORWARD = "/moby.sshforward.v1.SSH/ForwardAgent"
OUTPUT = "/moby.filesync.v1.FileSend/DiffCopy"


def data(content: bytes) -> bytes:
    return MESSAGES["BytesMessage"](data=content).SerializeToString()


# Credentials.

ADA = Login("ada", "s3cret")


@pytest.mark.parametrize(
    ("key", "host", "found"),
    [
        ("registry:5000", "registry:5000", True),
        ("https://registry:5000", "registry:5000", True),
        ("http://registry:5000/v1/", "registry:5000", True),
        ("registry:5000/team", "registry:5000", True),
        ("registry:5000", "registry", False),
        ("registry", "registry:5000", False),
        ("Registry:5000", "registry:5000", False),
        ("ftp://registry", "registry", False),
        (HUB, "registry-1.docker.io", True),
        (HUB, "docker.io", True),
        (HUB, "index.docker.io", True),
        ("docker.io", "registry-1.docker.io", True),
        ("registry-1.docker.io", "registry-1.docker.io", True),
        (HUB, "quay.io", False),
        ("quay.io", "registry-1.docker.io", False),
    ],
)
def test_which_credentials(key: str, host: str, found: bool) -> None:
    """By the host that BuildKit asks for, with its port; Docker Hub has several names."""
    assert find_login({key: ADA}, host) == (ADA if found else None)


def test_the_exact_key_counts() -> None:
    other = Login("bob", "x")
    assert find_login({"registry/team": other, "registry": ADA}, "registry") is ADA
    assert find_login({"docker.io": other, HUB: ADA}, "registry-1.docker.io") is ADA


def test_what_can_be_sent() -> None:
    """Passwords and identity tokens can, tokens for one registry cannot; nothing of them is shown."""
    found = logins(
        {
            "a": AuthConfig(username="ada", password=SecretStr("s3cret")),
            "b": AuthConfig(username="<token>", identitytoken=SecretStr("refresh")),
            "c": AuthConfig(),
        }
    )
    assert found == {"a": ADA, "b": Login("", "refresh")}
    assert "s3cret" not in repr(found)
    assert "ada" not in repr(found)
    with pytest.raises(InvalidArgument, match=r"registry_config\['d'\]: .* registrytoken") as caught:
        logins({"d": AuthConfig(registrytoken=SecretStr("bearer"))})
    assert "bearer" not in str(caught.value)


async def test_credentials() -> None:
    """For a host that has none the answer is empty, and the Engine goes on as nobody."""
    async with session(auth_methods({"registry:5000": ADA})) as held:
        for host, wanted in (("registry:5000", ("ada", "s3cret")), ("other", ("", ""))):
            request = MESSAGES["CredentialsRequest"](Host=host).SerializeToString()
            answer, status = await held.engine.ask(CREDENTIALS, request)
            found = MESSAGES["CredentialsResponse"].FromString(answer)
            assert (found.Username, found.Secret) == wanted
            assert status == (0, "")


async def test_credentials_that_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the caller gave none, for the host alone that the Engine asks about. Docker Hub has a key of its own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    found = {"username": "found", "password": "x"}
    config = {"auths": {"kept:5000": found, "given": found, HUB: {"identitytoken": "refresh"}, "broken": 1}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    options = SessionOptions(registry_config={"given": AuthConfig(username="given", password=SecretStr("y"))})
    async with session((await offered(options, {}, Keychain())).methods) as held:
        for host, wanted in (
            ("given", ("given", "y")),
            ("kept:5000", ("found", "x")),
            ("registry-1.docker.io", ("", "refresh")),
            ("docker.io", ("", "refresh")),
            ("nobody", ("", "")),
        ):
            request = MESSAGES["CredentialsRequest"](Host=host).SerializeToString()
            answer, status = await held.engine.ask(CREDENTIALS, request)
            response = MESSAGES["CredentialsResponse"].FromString(answer)
            assert (response.Username, response.Secret) == wanted
            assert status == (0, "")
        assert held.server.failure is None
        request = MESSAGES["CredentialsRequest"](Host="broken").SerializeToString()
        _, (code, message) = await held.engine.ask(CREDENTIALS, request)
        assert code == 2
        assert "docker login broken" in message
        assert isinstance(held.server.failure, AddressError)


# Secrets.


async def test_secrets() -> None:
    """Also large ones and ones that are not text; which of them are missing is kept."""
    held_secrets = Secrets({"key": b"\0\xff" * 250 * 1024, "empty": b""})
    async with session(held_secrets.methods()) as held:
        for id in ("key", "empty"):
            request = MESSAGES["GetSecretRequest"](ID=id).SerializeToString()
            answer, status = await held.engine.ask(SECRET, request)
            assert MESSAGES["GetSecretResponse"].FromString(answer).data == (
                b"\0\xff" * 250 * 1024 if id == "key" else b""
            )
            assert status == (0, "")
        request = MESSAGES["GetSecretRequest"](ID="größe").SerializeToString()
        assert await held.engine.ask(SECRET, request) == (None, (5, "secret gr%C3%B6%C3%9Fe not found"))
        assert held_secrets.missing == ["größe"]
        assert held.server.failure is None


# SSH.


def agent_message(kind: int, content: bytes = b"") -> bytes:
    return (len(content) + 1).to_bytes(4, "big") + bytes([kind]) + content


@asynccontextmanager
async def agent(answer: Callable[[SocketStream], Any]) -> AsyncGenerator[str, None]:
    """An agent that does what a case wants."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        path = str(Path(folder) / "agent")
        async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, answer)
            yield path
            tasks.cancel_scope.cancel()


async def test_which_agent() -> None:
    async with session(Ssh({"default": "/nowhere"}).methods()) as held:
        ask = held.engine.ask
        for id, status in (("", 0), ("default", 0), ("other", 5)):
            assert (await ask(CHECK, MESSAGES["CheckAgentRequest"](ID=id).SerializeToString()))[1][0] == status
        headers = [("buildkit.ssh.id", "other")]
        answer = await ask(FORWARD, b"", headers)
        assert answer == (None, (5, "no SSH agent was given for the ID other"))
        assert held.server.failure is None
        assert (await ask(FORWARD, b""))[1][0] == 2
        assert isinstance(held.server.failure, FileError)
        assert held.server.failure.path == "/nowhere"


async def test_an_agent_is_asked() -> None:
    """However the bytes are cut, answers come in the order of the requests; only listing and signing get through."""
    asked: list[bytes] = []

    async def serve(stream: SocketStream) -> None:
        async with stream:
            buffer = b""
            try:
                while True:
                    buffer += await stream.receive()
                    while len(buffer) >= 5:
                        end = 4 + int.from_bytes(buffer[:4], "big")
                        if len(buffer) < end:
                            break
                        asked.append(buffer[:end])
                        answer = agent_message(12, buffer[4:end] * 20_000)
                        for at in range(0, len(answer), 30_000):
                            await stream.send(answer[at : at + 30_000])
                        buffer = buffer[end:]
            except anyio.EndOfStream:
                pass

    requests = [
        agent_message(11),
        agent_message(17, b"add a key"),
        agent_message(13, b"sign"),
        agent_message(18, b"remove"),
        agent_message(19),
        agent_message(22, b"lock"),
        agent_message(27, b"extension"),
        agent_message(11),
    ]
    allowed = [request for request in requests if request[4] in (11, 13)]
    wanted = b"".join(
        agent_message(12, request[4:] * 20_000) if request in allowed else agent_message(5) for request in requests
    )
    async with agent(serve) as path, session(Ssh({"default": path}).methods()) as held:
        for size in (1, 3, 1000):
            asked.clear()
            call = await held.engine.call(FORWARD)
            sent = b"".join(requests)
            for at in range(0, len(sent), size):
                await call.send(data(sent[at : at + size]))
            await call.send(end=True)
            found = b""
            while (message := await call.receive()) is not None:
                assert len(message) < 64 * 1024
                found += MESSAGES["BytesMessage"].FromString(message).data
            assert found == wanted
            assert await call.status() == (0, "")
            assert asked == allowed


@pytest.mark.parametrize("when", ["idle", "asked"])
async def test_an_agent_that_closes(when: str) -> None:
    """The step sees the end."""

    async def serve(stream: SocketStream) -> None:
        async with stream:
            if when == "asked":
                await stream.receive()

    async with agent(serve) as path, session(Ssh({"default": path}).methods()) as held:
        call = await held.engine.call(FORWARD)
        if when == "asked":
            await call.send(data(agent_message(11)))
        assert await call.status() == (0, "")
        assert held.server.failure is None


async def test_messages_that_are_too_large() -> None:
    async def serve(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream):
                await stream.receive()

    async with agent(serve) as path, session(Ssh({"default": path}).methods()) as held:
        call = await held.engine.call(FORWARD, data(b"\xff\xff\xff\xff"))
        assert (await call.status())[0] == 8


@pytest.fixture
def real_agent(tmp_path: Path) -> Iterator[str]:
    """The socket of an ssh-agent that has a key."""
    if not shutil.which("ssh-agent"):
        pytest.skip("there is no ssh-agent")
    path, key = str(tmp_path / "agent"), str(tmp_path / "key")
    started = subprocess.run(["ssh-agent", "-a", path, "-s"], capture_output=True, check=True, text=True)
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a key", "-f", key], check=True)
        subprocess.run(["ssh-add", "-q", key], check=True, env={**os.environ, "SSH_AUTH_SOCK": path})
        yield path
    finally:
        os.kill(int(started.stdout.partition("SSH_AGENT_PID=")[2].partition(";")[0]), signal.SIGTERM)


async def test_a_real_agent(real_agent: str) -> None:
    """Through the session ssh-add lists the keys of an agent, and cannot remove them."""
    async with session(Ssh({"default": real_agent}).methods()) as held:

        async def bridge(stream: SocketStream) -> None:
            call = await held.engine.call(FORWARD)

            async def back() -> None:
                while (message := await call.receive()) is not None:
                    await stream.send(MESSAGES["BytesMessage"].FromString(message).data)

            async with stream, anyio.create_task_group() as tasks:
                tasks.start_soon(back)
                with suppress(anyio.EndOfStream):
                    while True:
                        await call.send(data(await stream.receive()))
                await call.send(end=True)

        async with agent(bridge) as path:
            environment = {**os.environ, "SSH_AUTH_SOCK": path}
            listed = await anyio.run_process(["ssh-add", "-l"], env=environment)
            assert b"a key (ED25519)" in listed.stdout
            removed = await anyio.run_process(["ssh-add", "-D"], env=environment, check=False)
            assert removed.returncode != 0
            assert (await anyio.run_process(["ssh-add", "-l"], env=environment)).stdout == listed.stdout


# Outputs.


async def test_an_output() -> None:
    """All of it, in order, however large its messages are; empty ones are none."""
    found: list[bytes] = []

    async def consume(parts: AsyncIterator[bytes]) -> None:
        found.extend([part async for part in parts])

    output = FileSend(consume)
    sent = [b"a", b"", b"b" * 3_000_000, b"c" * 70_000]
    async with session(output.methods()) as held:
        call = await held.engine.call(OUTPUT, *map(data, sent))
        assert not output.received
        await call.send(end=True)
        assert await call.status() == (0, "")
        assert found == [part for part in sent if part]
        assert output.received
        again = await held.engine.call(OUTPUT, end=True)
        assert (await again.status())[0] == 9


async def test_an_output_whose_end_is_not_wanted() -> None:
    """What a reader leaves is read and dropped."""

    async def consume(parts: AsyncIterator[bytes]) -> None:
        assert await anext(parts) == b"first"

    output = FileSend(consume)
    async with session(output.methods()) as held:
        call = await held.engine.call(OUTPUT, data(b"first"), data(b"x" * 3_000_000), end=True)
        assert await call.status() == (0, "")
        assert output.received


async def test_an_output_that_cannot_be_stored() -> None:
    """The call fails, and the error is kept."""

    async def consume(parts: AsyncIterator[bytes]) -> None:
        raise FileError("the disk is full", path="out")

    output = FileSend(consume)
    async with session(output.methods()) as held:
        call = await held.engine.call(OUTPUT, data(b"x"))
        assert await call.status() == (2, "the disk is full")
        assert isinstance(held.server.failure, FileError)
        assert not output.received


async def test_an_output_that_is_cut() -> None:
    """A connection that ends within it does not look like its end."""
    ends: list[BaseException] = []

    async def consume(parts: AsyncIterator[bytes]) -> None:
        try:
            async for _ in parts:
                pass
        except BaseException as error:
            ends.append(error)
            raise

    output = FileSend(consume)
    async with session(output.methods()) as held:
        await held.engine.call(OUTPUT, data(b"x"))
        held.engine.pipe.close()
        await held.ended.wait()
    assert len(ends) == 1
    assert not output.received
