"""Another Engine at the same address: the version that is spoken follows it, whatever a client asks for first."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from faultserver import Peer

import rawdock
from rawdock import Docker
from rawdock._engine import UNKNOWN, Engine, engine_of_headers, engine_of_version
from rawdock.models import ContainerSpec, HostConfig

pytestmark = pytest.mark.anyio

STAT = b"X-Docker-Container-Path-Stat: eyJuYW1lIjoiYSJ9\r\n"  # {"name":"a"}


class Place:
    """Where one Engine after the other listens. `oldest` and `newest` are the versions that the present one takes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.oldest = 24
        self.newest = 51
        self.server = b"Docker/28.5.2 (linux)"
        self.named = True
        """Whether answers say which versions there are."""
        self.requests: list[bytes] = []
        self.peers: list[Peer] = []

    async def replace(self, newest: int, oldest: int = 24) -> None:
        """Another Engine is there now, and the connections to the one before are gone."""
        self.newest, self.oldest = newest, oldest
        for peer in self.peers:
            await peer.stream.aclose()
        self.peers.clear()

    async def serve(self, stream: anyio.abc.SocketStream) -> None:
        peer = Peer(stream, self.requests)
        self.peers.append(peer)
        async with stream:
            try:
                while request := await peer.request():
                    if b"Transfer-Encoding: chunked" in request:
                        await peer.rest_of_chunks()
                    await peer.send(self.answer(request))
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                return

    def answer(self, request: bytes) -> bytes:
        method, target, _ = request.split(b" ", 2)
        version = int(target[4:6]) if target.startswith(b"/v1.") else self.newest
        status, kind, extra, body = b"200 OK", b"application/json", b"", b'{"Id":"x"}'
        if version > self.newest:
            status = b"400 Bad Request"
            body = b'{"message":"client version 1.%d is too new. Maximum supported API version is 1.%d"}\n' % (
                version,
                self.newest,
            )
        elif version < self.oldest:
            status, kind = b"400 Bad Request", b"text/plain; charset=utf-8"
            body = b"client version 1.%d is too old. Minimum supported API version is 1.%d, please upgrade\n" % (
                version,
                self.oldest,
            )
        elif target.endswith(b"/_ping"):
            body = b"OK"
        elif method == b"HEAD":
            extra = STAT
        elif b"/images/load" in target:
            body = b'{"stream":"Loaded image: a:1"}\n'
        head = b"HTTP/1.1 %b\r\nServer: %b\r\n%bContent-Type: %b\r\nContent-Length: %d\r\n" % (
            status,
            self.server,
            extra,
            kind,
            len(body),
        )
        if self.named or target.endswith(b"/_ping"):
            head += b"Api-Version: 1.%d\r\n" % self.newest
        return head + b"\r\n" + (b"" if method == b"HEAD" else body)

    @property
    def pings(self) -> int:
        return sum(b"/_ping" in one for one in self.requests)


@asynccontextmanager
async def a_place() -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        place = Place(f"{folder}/s")
        async with await anyio.create_unix_listener(place.path) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, place.serve)
            yield place
            tasks.cancel_scope.cancel()


async def parts() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


NEWER = ContainerSpec(image="a", host_config=HostConfig(annotations={"a": "b"}))  # needs API 1.43


async def test_a_newer_engine_is_noticed() -> None:
    """By the first answer on a new connection, without another ping; what it has can then be used."""
    async with a_place() as place, Docker(place.path) as docker:
        place.newest = 41
        await docker.containers.inspect("x")
        assert docker.version == "1.41"
        with pytest.raises(rawdock.VersionError, match=r"needs API 1\.43"):
            await docker.containers.create(NEWER)
        await place.replace(51)
        await docker.containers.inspect("x")
        assert docker.version == "1.51"
        assert place.pings == 1
        await docker.containers.create(NEWER)
        assert place.requests[-1].startswith(b"POST /v1.51/containers/create")


async def test_it_is_asked_before_it_is_blamed() -> None:
    """With no connection left, a VersionError might not be true any more, so the Engine is asked; else it is not."""
    async with a_place() as place, Docker(place.path) as docker:
        place.newest = 41
        await docker.containers.inspect("x")
        await place.replace(51)
        await docker.containers.create(NEWER)
        assert (docker.version, place.pings) == ("1.51", 2)
        await place.replace(42)
        for _ in range(2):
            with pytest.raises(rawdock.VersionError, match=r"needs API 1\.43; this Engine has 1\.42"):
                await docker.containers.create(NEWER)
        assert (docker.version, place.pings) == ("1.42", 2)


async def test_nobody_is_there_to_ask() -> None:
    """Then the VersionError is what is known."""
    async with a_place() as place:
        place.newest = 41
        docker = Docker(place.path)
        await docker.containers.inspect("x")
        await place.replace(51)
    async with docker:
        with pytest.raises(rawdock.VersionError):
            await docker.containers.create(NEWER)


@pytest.mark.parametrize("named", [True, False])
async def test_a_client_that_only_uploads(named: bool) -> None:
    """A body in parts cannot be sent twice, so the caller sends it again; that succeeds, without another call."""
    async with a_place() as place, Docker(place.path) as docker:
        place.named = named
        await docker.images.load(parts())
        await place.replace(41)
        with pytest.raises(rawdock.BadRequest, match="send the upload again") as caught:
            await docker.images.load(parts())
        assert caught.value.operation == "images.load"
        assert (await docker.images.load(parts())).images == ("a:1",)
        assert docker.version == "1.41"
        assert place.pings == (1 if named else 2)


@pytest.mark.parametrize("named", [True, False])
async def test_a_client_that_only_sends_head(named: bool) -> None:
    """The answer to HEAD has no message, but its header says which versions there are."""
    async with a_place() as place, Docker(place.path) as docker:
        assert (await docker.containers.archive_info("x", path="/a")).name == "a"
        await place.replace(41)
        place.named = named
        if not named:  # then nothing distinguishes it from another 400
            with pytest.raises(rawdock.BadRequest):
                await docker.containers.archive_info("x", path="/a")
            return
        assert (await docker.containers.archive_info("x", path="/a")).name == "a"
        assert (docker.version, place.pings) == ("1.41", 1)


async def test_an_engine_that_takes_no_old_versions() -> None:
    """It is no error that the version was right for the Engine before."""
    async with a_place() as place, Docker(place.path) as docker:
        place.newest = 41
        await docker.containers.inspect("x")
        await place.replace(54, oldest=44)
        await docker.containers.inspect("x")
        assert docker.version == "1.54"
        await place.replace(99, oldest=90)  # newer than rawdock can speak
        with pytest.raises(rawdock.BadRequest, match="too old"):
            await docker.containers.inspect("x")


async def test_an_engine_that_is_too_old() -> None:
    """Below the least version, the next call says so."""
    async with a_place() as place, Docker(place.path) as docker:
        await docker.containers.inspect("x")
        await place.replace(39)
        for _ in range(2):
            with pytest.raises(rawdock.VersionError, match=r"API 1\.39, and rawdock needs at least 1\.40"):
                await docker.containers.inspect("x")


async def test_a_pinned_version_stays() -> None:
    """Whatever Engine is there; but it is known which one."""
    async with a_place() as place, Docker(place.path, version="1.45") as docker:
        await docker.containers.inspect("x")
        await place.replace(51)
        place.server = b"Docker/29.8.0 (linux)"
        await docker.containers.inspect("x")
        assert (docker.version, place.pings) == ("1.45", 0)
        assert (await docker.known_engine()) == Engine("docker", "29.8.0", "1.51")
        await place.replace(41)
        with pytest.raises(rawdock.BadRequest, match="too new"):
            await docker.containers.inspect("x")


async def test_tasks_at_the_same_time() -> None:
    """Each of them succeeds, and one ping is enough."""
    async with a_place() as place, Docker(place.path) as docker:
        await docker.containers.inspect("x")
        await place.replace(41)
        place.named = False
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(docker.containers.inspect, "x")
        assert (docker.version, place.pings) == ("1.41", 2)


# Which Engine it is.


async def test_what_headers_say() -> None:
    """Docker and Podman name themselves in every answer; a proxy may take that away."""
    docker = [(b"Api-Version", b"1.51"), (b"Server", b"Docker/28.5.2+dfsg4 (linux)")]
    podman = [(b"Api-Version", b"1.41"), (b"Libpod-Api-Version", b"5.4.2"), (b"Server", b"Libpod/5.4.2 (linux)")]
    assert engine_of_headers(docker) == Engine("docker", "28.5.2+dfsg4", "1.51")
    assert engine_of_headers(podman) == Engine("podman", "5.4.2", "1.41")
    assert engine_of_headers(podman[2:]) == Engine("podman", "5.4.2", "")
    assert engine_of_headers([(b"api-version", b"1.44"), (b"server", b"nginx/1.2")]) == Engine(api="1.44")
    assert engine_of_headers([]) == UNKNOWN


async def test_what_a_version_says() -> None:
    """Its components name the Engine; whatever else it is, it is no error."""
    assert engine_of_version({"Components": [{"Name": "Engine"}], "Version": "29", "ApiVersion": "1.56"}) == Engine(
        "docker", "29", "1.56"
    )
    found = engine_of_version({"Components": [7, {"Name": "Conmon"}, {"Name": "Podman Engine"}], "Version": "5.4.2"})
    assert found == Engine("podman", "5.4.2", "")
    for odd in (None, [], {}, {"Components": 7, "Version": 7, "ApiVersion": None}):
        assert engine_of_version(odd) == UNKNOWN


@pytest.mark.parametrize("version", [None, "1.41"])
async def test_it_is_asked_only_what_it_did_not_say(version: str | None) -> None:
    """Behind a proxy without names, once; else not at all."""
    seen: list[str] = []

    def proxy(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        if request.url.path == "/_ping":
            return httpx.Response(200, headers={"Api-Version": "1.41"})
        return httpx.Response(200, json={"Components": [{"Name": "Podman Engine"}], "Version": "5.4.2"})

    async with Docker(transport=httpx.MockTransport(proxy), version=version) as docker:
        for _ in range(2):
            engine = await docker.known_engine()
            assert engine[:2] == ("podman", "5.4.2")
    assert seen == ["/_ping", "/v1.41/version"][version is not None :]
    async with a_place() as place, Docker(place.path) as docker:
        assert (await docker.known_engine()) == Engine("docker", "28.5.2", "1.51")
        assert len(place.requests) == 1
