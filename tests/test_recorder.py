"""`rawdock.testing`: what gets into a recording and what does not, and what a replay says where it has no answer."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from rawdock import Docker, TruncatedError, Unauthorized
from rawdock.models import AuthConfig
from rawdock.testing import NotRecorded, Recorder, Recording, Replay

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


async def test_chunks_are_kept() -> None:
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


async def test_left_early(tmp_path: Path) -> None:
    """What was not read is not there: the replay breaks off instead of ending well."""
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
    """A secret where nobody expects one stops the writing, also in base64 at any alignment."""
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
        with pytest.raises(NotRecorded, match="POST /echo was recorded 1 times, and is asked once more"):
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
