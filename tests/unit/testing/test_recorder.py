"""`rawdock.testing`: what gets into a recording and what does not, and what a replay says where it has no answer."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from faultserver import Peer, json_answer, serving
from scripted import Exchange, scripted

from rawdock import Docker, TruncatedError, Unauthorized
from rawdock.models import AuthConfig
from rawdock.testing import NotRecorded, Recorder, Recording, Replay
from rawdock.testing.format import from_piece
from rawdock.testing.redaction import redact_body, redact_target
from rawdock.testing.replay import ChunkMode

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"
LINES = [b'{"status": "Pulling', b' from app"}\n{"status"', b': "second"}\n', b'{"status": "third"}\n']


class Parts(httpx.AsyncByteStream):
    """A body in these parts."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part


def engine(request: httpx.Request) -> httpx.Response:
    """As much of an Engine as is needed here."""
    path = request.url.path
    if path == "/_ping":
        return httpx.Response(200, headers={"Api-Version": "1.51"})
    if path.endswith("/images/create"):
        return httpx.Response(200, stream=Parts(LINES))
    if path.endswith("/auth"):
        if json.loads(request.content)["username"] != "ada":
            return httpx.Response(401, json={"message": "no"})
        return httpx.Response(200, json={"Status": "Login Succeeded", "IdentityToken": "tok3n"})
    if path.endswith("/echo"):
        return httpx.Response(200, content=request.content)
    return httpx.Response(200, content=bytes(range(256)))


def recorder(*secrets: str) -> Recorder:
    return Recorder(httpx.MockTransport(engine), secrets=secrets)


@pytest.fixture(autouse=True)
def no_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is negotiated."""
    monkeypatch.delenv("DOCKER_API_VERSION", raising=False)


async def test_chunks_are_recorded() -> None:
    """A stream is recorded as it came, and can be replayed as it came, whole, or byte by byte."""
    kept = recorder()
    async with Docker(transport=kept) as docker:
        await docker.images.pull("app:1")
    recording = kept.recording()
    response = recording["exchanges"][1]["response"]
    assert response is not None
    assert response["chunks"] == [line.decode() for line in LINES]
    assert response["ended"]
    sizes: list[int] = []
    for chunks in ("recorded", "whole", "bytes"):
        async with Docker(transport=Replay(recording, chunks)) as docker:
            answer = await docker.http.send(
                httpx.Request("POST", "http://docker/v1.51/images/create?fromImage=app%3A1"), stream=True
            )
            parts = [part async for part in answer.stream]  # type: ignore[union-attr]
        assert b"".join(parts) == b"".join(LINES)
        sizes.append(len(parts))
    assert sizes == [len(LINES), 1, sum(map(len, LINES))]


async def test_a_body_that_was_left_early(tmp_path: Path) -> None:
    """A body that was not read to its end breaks off in the replay too."""
    kept = recorder()
    async with Docker(transport=kept) as docker, docker.images.pull("app:1") as pull:
        await anext(pull)
    kept.save(tmp_path / "left.json")
    async with Docker(transport=Replay(tmp_path / "left.json")) as docker:
        with pytest.raises(TruncatedError, match="breaks off"):
            await docker.images.pull("app:1")


async def test_secrets_are_redacted(tmp_path: Path) -> None:
    """Passwords, tokens and credential headers are not in the file; it replays all the same."""
    auth = AuthConfig(username="ada", password=PASSWORD, serveraddress="r.test")
    kept = recorder(PASSWORD, "tok3n")

    async def use(docker: Docker) -> None:
        await docker.system.auth(auth)
        await docker.images.pull("r.test/app:1", auth_config=auth)
        with pytest.raises(Unauthorized):
            await docker.system.auth(AuthConfig(username="bob", password=PASSWORD))

    async with Docker(transport=kept) as docker:
        await use(docker)
    kept.save(tmp_path / "auth.json", {"engine": "none"})
    text = (tmp_path / "auth.json").read_text()
    assert "horse" not in text
    assert "tok3n" not in text
    assert "X-Registry-Auth: ***" in text
    assert json.loads(text)["about"] == {"engine": "none"}
    replay = Replay(tmp_path / "auth.json")
    async with Docker(transport=replay) as docker:
        await use(docker)
    assert replay.unused() == []


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("encode", [bytes, base64.b64encode, base64.urlsafe_b64encode])
async def test_a_known_secret_is_refused(before: str, encode: object, tmp_path: Path) -> None:
    """A known secret anywhere in a recording is refused, also in base64 at any alignment."""
    body = encode((before + PASSWORD + "?").encode())  # type: ignore[operator]
    kept = recorder(PASSWORD)
    async with Docker(transport=kept) as docker:
        await docker.request("POST", "/echo", content=b"> " + body)
    with pytest.raises(ValueError, match=r"a secret would be recorded in exchange 1, POST /v1\.51/echo") as caught:
        kept.save(tmp_path / "bad.json")
    assert PASSWORD not in str(caught.value)
    assert not (tmp_path / "bad.json").exists()


async def test_other_bodies() -> None:
    """Bytes that are no text, streamed request bodies, and requests of plain httpx go through and are kept."""
    kept = recorder()

    async def body() -> AsyncIterator[bytes]:
        for part in (b"a", b"bc"):
            yield part

    async def use(docker: Docker) -> None:
        assert (await docker.http.get("/blob")).content == bytes(range(256))
        assert (await docker.request("POST", "/echo", content=body())).content == b"abc"
        assert (await docker.http.post("/echo", content=body())).content == b"abc"
        assert (await docker.http.post("/echo", json={"a": 1, "b": 2})).json() == {"a": 1, "b": 2}

    async with Docker(transport=kept) as docker:
        await use(docker)
    for chunks in ("recorded", "whole", "bytes"):
        replay = Replay(kept.recording(), chunks)
        async with Docker(transport=replay) as docker:
            await use(docker)
        assert replay.unused() == []


async def test_an_answer_before_the_end_of_the_upload(tmp_path: Path) -> None:
    """An Engine may answer before it has the whole upload, which goes on, is recorded, and is closed at the end."""
    first, closed = anyio.Event(), anyio.Event()

    async def upload() -> AsyncIterator[bytes]:
        try:
            yield b"one, "
            await first.wait()
            yield b"two"
        finally:
            closed.set()

    def early(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n" + b'{"stream":"begun"}' + b"\r\n")
        exchange.read()
        line = b'{"stream":"Loaded image: %b"}' % exchange.body.replace(b", ", b"-")
        exchange.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(line), line))

    with scripted(early) as server:
        kept = Recorder(server.address)
        async with Docker(transport=kept) as docker, docker.images.load(upload()) as load:
            assert (await anext(load)).stream == "begun"
            assert not closed.is_set()
            first.set()
            assert (await load.result()).images == ("one-two",)
        assert closed.is_set()
    assert kept.recording()["exchanges"][-1]["request"]["body"] == "one, two"


async def test_not_recorded() -> None:
    """The error names the request, and says whether it is unknown, used up, or has another body."""
    kept = recorder()
    async with Docker(transport=kept) as docker:
        await docker.http.post("/echo", content=b"one")
    replay = Replay(kept.recording())
    assert len(replay.unused()) == 1
    async with Docker(transport=replay) as docker:
        with pytest.raises(NotRecorded, match=r"GET /other was not recorded; .*POST /echo"):
            await docker.http.get("/other")
        with pytest.raises(NotRecorded, match="POST /echo was recorded with another body, not with b'two'"):
            await docker.http.post("/echo", content=b"two")
        await docker.http.post("/echo", content=b"one")
        with pytest.raises(NotRecorded, match="POST /echo was recorded 1 times, and is requested once more"):
            await docker.http.post("/echo", content=b"one")


async def test_json_bodies_match_by_meaning() -> None:
    """The order of keys, and spaces, do not make another request."""
    kept = recorder()
    async with Docker(transport=kept) as docker:
        await docker.http.post("/echo", content=b'{"a": 1, "b": [2]}')
    async with Docker(transport=Replay(kept.recording())) as docker:
        await docker.http.post("/echo", content=b'{"b":[2],"a":1}')


def test_another_format() -> None:
    """A file that is no recording, or a newer one, is refused at once; so is a cut that does not exist."""
    with pytest.raises(ValueError, match="format 1 is needed, got 2"):
        Replay(Recording(format=2, exchanges=[]))
    with pytest.raises(ValueError, match="'lines' is not one of"):
        Replay(Recording(format=1, exchanges=[]), "lines")  # type: ignore[arg-type]


# Connections that were handed over.

FRAMES = b"\1\0\0\0\0\0\0\4got " + b"\2\0\0\0\0\0\0\2it"
every_cut = pytest.mark.parametrize("chunks", ["recorded", "whole", "bytes"])


async def handing_over(request: bytes, peer: Peer) -> bytes | None:
    """Attaches, in plain and to a WebSocket; the output comes once all of the input is there."""
    if b"/x/json" in request:
        return json_answer(b'{"Id":"x"}')
    if key := re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", request):
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        head = (
            b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %b\r\n\r\n" % accept
        )
        await peer.send(head)
        await peer._more()
        return b"\x82\x03got\x89\x00\x82\x03 it\x88\x00"
    await peer.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
    while await peer._more():
        pass
    await peer.send(FRAMES)
    return None


async def attach(docker: Docker, *parts: bytes) -> bytes:
    async with docker.containers.attach("x", stdin=True) as process:
        for part in parts:
            await process.send(part)
        await process.send_eof()
        return b"".join([item.data async for item in process])


async def attach_websocket(docker: Docker, part: bytes) -> bytes:
    async with docker.containers.attach_websocket("x", stdin=True) as socket:
        await socket.send(part)
        return b"".join([message async for message in socket])


async def recorded(*parts: bytes) -> Recording:
    async with serving(handing_over) as server:
        kept = Recorder(server.path)
        async with Docker(transport=kept) as docker:
            assert await attach(docker, *parts) == b"got it"
        return kept.recording()


@every_cut
@pytest.mark.parametrize("sent", [b"in put", b"\xff\x00 put"])
async def test_sent_input_is_recorded(sent: bytes, chunks: ChunkMode) -> None:
    """The input of a process is recorded, and a replay accepts it in any parts."""
    recording = await recorded(sent[:3], sent[3:])
    (response,) = [one["response"] for one in recording["exchanges"] if "/attach" in one["request"]["target"]]
    assert response is not None
    assert response["ended"]
    assert from_piece(response["sent"]) == sent
    recording = json.loads(json.dumps(recording))
    for parts in ((sent,), (sent[:1], b"", sent[1:])):
        replay = Replay(recording, chunks)
        async with Docker(transport=replay) as docker:
            assert await attach(docker, *parts) == b"got it"
        assert replay.unused() == []


@pytest.mark.parametrize("parts", [(b"out put",), (b"in ", b"PUT"), (b"in put", b"!")])
async def test_replay_refuses_other_input(parts: tuple[bytes, ...]) -> None:
    """A replay refuses other input and shows both."""
    async with Docker(transport=Replay(await recorded(b"in put"))) as docker:
        with pytest.raises(NotRecorded, match=r"was sent, but the recording has b'"):
            await attach(docker, *parts)


async def test_replay_refuses_unexpected_input() -> None:
    """If no input was recorded, the recording has none, and a replay accepts none."""
    recording = await recorded()
    assert all("sent" not in (one["response"] or {}) for one in recording["exchanges"])
    async with Docker(transport=Replay(recording)) as docker:
        assert await attach(docker) == b"got it"
    async with Docker(transport=Replay(recording)) as docker:
        with pytest.raises(NotRecorded, match="b'x' was sent"):
            await attach(docker, b"x")


async def test_a_secret_in_sent_input_is_refused(tmp_path: Path) -> None:
    """A known secret in the input of a process is refused too."""
    async with serving(handing_over) as server:
        kept = Recorder(server.path, secrets=[PASSWORD])
        async with Docker(transport=kept) as docker:
            await attach(docker, b"login " + PASSWORD[:5].encode(), PASSWORD[5:].encode())
        with pytest.raises(ValueError, match=r"a secret would be recorded in exchange 1, POST .*/attach"):
            kept.save(tmp_path / "bad.json")


@every_cut
async def test_a_websocket_replays_with_another_key(chunks: ChunkMode, tmp_path: Path) -> None:
    """Neither its key nor its masks are ever the same again: what was sent is not kept, and every key is answered."""
    async with serving(handing_over) as server:
        kept = Recorder(server.path)
        async with Docker(transport=kept) as docker:
            assert await attach_websocket(docker, b"in") == b"got it"
    kept.save(tmp_path / "socket.json")
    exchange = kept.recording()["exchanges"][-1]
    assert exchange["response"] is not None
    assert "sent" not in exchange["response"]
    replay = Replay(tmp_path / "socket.json", chunks)
    async with Docker(transport=replay) as docker:
        assert await attach_websocket(docker, b"something else") == b"got it"
    assert replay.unused() == []


@pytest.mark.held_clock
async def test_a_cancelled_read_is_no_end() -> None:
    """A read that is cancelled while it is recorded loses nothing, and is not kept as the end of the answer."""
    turn = anyio.Event()

    async def slow(request: bytes, peer: Peer) -> bytes:
        await peer.send(b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + FRAMES[:12])
        await turn.wait()
        return FRAMES[12:]

    async with (
        serving(slow) as server,
        Docker(transport=Recorder(server.path)) as docker,
        docker.exec.start("x") as process,
    ):
        assert (await anext(process)).data == b"got "
        with anyio.move_on_after(0.01):
            await anext(process)
        turn.set()
        assert (await anext(process)).data == b"it"


@pytest.mark.parametrize(
    ("target", "body", "hidden"),
    [
        ("/v1.51/secrets/create", {"Name": "s", "Data": "aGlkZGVu"}, "aGlkZGVu"),
        ("/v1.51/swarm/join", {"JoinToken": "SWMTKN-1-hidden"}, "hidden"),
        ("/v1.51/swarm/update?version=1", {"CAConfig": {"SigningCAKey": "hidden"}}, "hidden"),
    ],
)
def test_secrets_of_a_swarm(target: str, body: dict[str, object], hidden: str) -> None:
    """What a secret holds, a token to join with and a private key do not get into a recording."""
    text = json.dumps(body).encode()
    assert hidden not in redact_body(text, target).decode()
    assert hidden in redact_body(json.dumps({"Data": hidden}).encode(), "/v1.51/configs/create").decode()


def test_random_keys_are_replaced() -> None:
    """The keys to detach that `run` and `execute` make differ each time; those that a caller gave stay."""
    for first, text in (("^", "%5E"), ("_", "_")):
        keys = ",".join([f"ctrl-{first}", *"qwertyuiopz"[:11]])
        body = json.dumps({"Cmd": ["x"], "DetachKeys": keys}).encode()
        assert json.loads(redact_body(body))["DetachKeys"] == "ctrl-_" + ",a" * 11
        target = "/v1.51/containers/c/attach?stdin=true&detachKeys=" + keys.replace("^", "%5E").replace(",", "%2C")
        assert text in target
        assert redact_target(target).endswith("&detachKeys=ctrl-_" + "%2Ca" * 11)
    for given in ("ctrl-p,ctrl-q", "ctrl-^,a", "ctrl-_,a,b"):
        body = json.dumps({"DetachKeys": given}).encode()
        assert redact_body(body) == body
        target = f"/v1.51/containers/c/attach?detachKeys={given.replace('^', '%5E').replace(',', '%2C')}&stdin=true"
        assert redact_target(target) == target
