"""Hand-made answers, through respx: the way in which users of rawdock will test, for what no Engine says on demand."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
import respx

import rawdock
from rawdock import (
    BadRequest,
    ClosedError,
    Conflict,
    ConnectError,
    DecodeError,
    Docker,
    Forbidden,
    InvalidArgument,
    NotFound,
    NotSupported,
    RawdockError,
    ServerError,
    StatusError,
    StreamError,
    TruncatedError,
    Unauthorized,
    VersionError,
)
from rawdock.models import AuthConfig, ContainerSpec, HealthConfig

pytestmark = pytest.mark.anyio

DATE = "Tue, 24 Nov 2026 11:00:00 GMT"
PULL = "/v1.51/images/create"
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def no_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says of versions has no place here."""
    monkeypatch.delenv("DOCKER_API_VERSION", raising=False)


@pytest.fixture
def router() -> respx.MockRouter:
    """An Engine of API 1.51, of which only the ping is made yet."""
    router = respx.MockRouter(assert_all_called=False)
    router.get("/_ping").respond(200, text="OK", headers={"Api-Version": "1.51"})
    return router


def client(router: respx.MockRouter, **options: Any) -> Docker:
    return Docker(transport=httpx.MockTransport(router.async_handler), **options)


async def failed(router: respx.MockRouter, answer: httpx.Response) -> StatusError:
    """The error of an inspect that gets this answer."""
    router.get("/v1.51/containers/web/json").mock(return_value=answer)
    async with client(router) as docker:
        with pytest.raises(StatusError) as caught:
            await docker.containers.inspect("web")
    assert caught.value.operation == "containers.inspect"
    return caught.value


# Errors with a status.


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, StatusError),
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (405, NotSupported),
        (409, Conflict),
        (418, StatusError),
        (500, ServerError),
        (501, NotSupported),
        (503, ServerError),
    ],
)
async def test_class_by_status(router: respx.MockRouter, status: int, kind: type[StatusError]) -> None:
    """Each status has its class, and the Engine's words are the message."""
    error = await failed(router, httpx.Response(status, json={"message": "the Engine's words"}))
    assert type(error) is kind
    assert (error.status, error.message, error.cause) == (status, "the Engine's words", "")
    assert str(error) == f"containers.inspect on unix://(transport): the Engine's words (status {status})"


@pytest.mark.parametrize(
    ("cause", "status", "kind"),
    [
        ("no such container", 404, NotFound),
        ("image not known", 500, NotFound),
        ("layer not known", 500, NotFound),
        ("that name is already in use", 500, Conflict),
        ("UNIQUE constraint failed: ContainerConfig.Name", 500, Conflict),
        ("container state improper", 500, Conflict),
        ("invalid argument", 500, BadRequest),
        ("something new", 500, ServerError),
        ("something new", 404, NotFound),
    ],
)
async def test_class_by_cause(router: respx.MockRouter, cause: str, status: int, kind: type[StatusError]) -> None:
    """Podman's cause goes before its status."""
    body = {"cause": cause, "message": f"it went wrong: {cause}", "response": status}
    error = await failed(router, httpx.Response(status, json=body))
    assert type(error) is kind
    assert (error.cause, error.message) == (cause, f"it went wrong: {cause}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no message (Internal Server Error)"),
        (b" \n ", "no message (Internal Server Error)"),
        (b"plain\n  text\n", "plain text"),
        (b"<html><body>Bad Gateway</body></html>", "<html><body>Bad Gateway</body></html>"),
        (b'["a", "list"]', '["a", "list"]'),
        (b'"a text"', '"a text"'),
        (b"null", "null"),
        (b'{"message": ""}', '{"message": ""}'),
        (b'{"message": 3}', '{"message": 3}'),
        (b'{"message": {"deep": true}}', '{"message": {"deep": true}}'),
        (b'{"reason": "another key"}', '{"reason": "another key"}'),
        (b'{"error": "as in a stream"}', "as in a stream"),
        (b'{"message": "cut sho', '{"message": "cut sho'),
        (b'{"message": "fine", "cause": 7}', "fine"),
        (b"\xff\xfe", "��"),
    ],
    ids=repr,
)
async def test_bodies_of_errors(router: respx.MockRouter, content: bytes, message: str) -> None:
    """Whatever an error's body is, it is told, and never an error of its own."""
    error = await failed(router, httpx.Response(500, content=content))
    assert type(error) is ServerError
    assert (error.message, error.cause) == (message, "")


async def test_a_long_error_is_cut(router: respx.MockRouter) -> None:
    """A page of HTML does not fill a terminal."""
    error = await failed(router, httpx.Response(502, text="x" * 100_000))
    assert len(str(error)) < 2200
    assert error.message.endswith("...")


async def test_404_of_the_router(router: respx.MockRouter) -> None:
    """Only handlers of an Engine name the API version: a 404 without it is no missing container."""
    headers = {"Date": DATE}
    error = await failed(router, httpx.Response(404, headers=headers, json={"message": "page not found"}))
    assert type(error) is NotSupported
    assert "does not have this operation" in error.message


@pytest.mark.parametrize("headers", [{"Date": DATE, "Api-Version": "1.51"}, {}])
async def test_404_of_a_handler(router: respx.MockRouter, headers: dict[str, str]) -> None:
    """With the API version it is NotFound; so is a hand-made answer that names nothing at all."""
    error = await failed(router, httpx.Response(404, headers=headers, json={"message": "No such container: web"}))
    assert type(error) is NotFound


async def test_404_with_a_cause_is_never_the_router(router: respx.MockRouter) -> None:
    """Where Podman says what was not found, that is it."""
    body = {"cause": "no such container", "message": "no container web", "response": 404}
    assert type(await failed(router, httpx.Response(404, headers={"Date": DATE}, json=body))) is NotFound


# Not an Engine.


@pytest.mark.parametrize("version", [None, "", "latest", "1.51\x00"])
async def test_no_engine(version: str | None) -> None:
    """Something answers 200, but its ping names no API version."""
    router = respx.MockRouter()
    headers = {} if version is None else {"Api-Version": version}
    router.get("/_ping").respond(200, text="It works!", headers=headers)
    async with client(router) as docker:
        with pytest.raises(DecodeError, match="not a Docker Engine"):
            await docker.containers.list()


async def test_a_proxy_in_between() -> None:
    """A 407 to the ping is told as it is."""
    router = respx.MockRouter()
    router.get("/_ping").respond(407, text="proxy login required")
    async with client(router) as docker:
        with pytest.raises(StatusError, match="proxy login required"):
            await docker.containers.list()


@pytest.mark.parametrize("body", [b"\n", b"<html>", b'{"Id": ', b"[]", b"3", b'{"Id": 7}', b"{}"], ids=repr)
async def test_an_invalid_success(router: respx.MockRouter, body: bytes) -> None:
    """A 200 that is not what the API says is a DecodeError with the operation and a path."""
    router.get("/v1.51/containers/web/json").respond(200, content=body)
    async with client(router) as docker:
        with pytest.raises(DecodeError) as caught:
            await docker.containers.inspect("web")
    assert caught.value.operation == "containers.inspect"
    assert caught.value.path.startswith("$")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("nobody"), ConnectError),
        (httpx.ConnectTimeout("too slow"), ConnectError),
        (httpx.ReadError("gone"), TruncatedError),
        (httpx.RemoteProtocolError("half a head"), TruncatedError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
async def test_transport_errors(router: respx.MockRouter, error: Exception, kind: type[RawdockError]) -> None:
    """httpx's errors become rawdock's, with the cause kept."""
    router.get("/v1.51/containers/json").mock(side_effect=error)
    async with client(router) as docker:
        with pytest.raises(kind) as caught:
            await docker.containers.list()
    assert caught.value.__cause__ is error
    assert caught.value.operation == "containers.list"


# Errors inside a stream.


def jsonl(*values: dict[str, object]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\r\n" for value in values)


@pytest.mark.parametrize(
    ("last", "message", "code"),
    [
        ({"errorDetail": {"message": "detail"}}, "detail", None),
        ({"error": "old form"}, "old form", None),
        ({"errorDetail": {"message": "detail", "code": 137}, "error": "detail"}, "detail", 137),
        ({"errorDetail": {}, "error": "only here"}, "only here", None),
        ({"status": "failing", "id": "abc", "errorDetail": {"message": "with a status"}}, "with a status", None),
    ],
)
async def test_error_inside_a_pull(
    router: respx.MockRouter, last: dict[str, object], message: str, code: int | None
) -> None:
    """It comes after the lines before it, in whichever form; what is behind it is not looked at."""
    body = jsonl({"status": "Pulling from app", "id": "1"}, last, {"status": "never seen"})
    router.post(PULL).respond(200, content=body)
    seen: list[str] = []
    async with client(router) as docker:
        with pytest.raises(StreamError) as caught:
            await follow(docker, seen)
        with pytest.raises(StreamError):
            await docker.images.pull("app:1")
    assert seen == ["Pulling from app"]
    assert (caught.value.message, caught.value.code) == (message, code)
    assert caught.value.operation == "images.pull"


async def follow(docker: Docker, seen: list[str]) -> None:
    async with docker.images.pull("app:1") as pull:
        async for line in pull:
            seen.append(line.status)  # noqa: PERF401  # what came before an error is wanted


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"status": "Pulling"}\n{"status": "Pul', TruncatedError),
        (b'{"status": "Pulling"}\n<html>', DecodeError),
        (b'{"status": "Pulling"}\n[]\n', DecodeError),
    ],
)
async def test_a_broken_pull(router: respx.MockRouter, content: bytes, kind: type[RawdockError]) -> None:
    """A stream that ends in a line, or is none, gives its good lines first."""
    router.post(PULL).respond(200, content=content)
    seen: list[str] = []
    async with client(router) as docker:
        with pytest.raises(kind) as caught:
            await follow(docker, seen)
    assert seen == ["Pulling"]
    assert caught.value.operation == "images.pull"


async def test_an_empty_pull(router: respx.MockRouter) -> None:
    """No line at all, and no error, is an end."""
    router.post(PULL).respond(200, content=b"")
    async with client(router) as docker:
        result = await docker.images.pull("app:1")
    assert (result.digest, result.status, result.id) == ("", "", "")
    assert result.progress.fraction == 1.0


async def test_a_pull_refused(router: respx.MockRouter) -> None:
    """An error before the stream has a status; entering raises it."""
    router.post(PULL).respond(404, json={"message": "manifest unknown"}, headers={"Api-Version": "1.51"})
    async with client(router) as docker:
        with pytest.raises(NotFound, match="manifest unknown"):
            async with docker.images.pull("app:1"):
                pytest.fail("entered a pull that was refused")


# Versions.


async def test_negotiated_downwards() -> None:
    """The Engine's version where it is older, and asked for once only."""
    router = respx.MockRouter()
    ping = router.get("/_ping").respond(200, headers={"Api-Version": "1.41"})
    route = router.get("/v1.41/containers/json").respond(200, json=[])
    async with client(router) as docker:
        assert docker.version is None
        await docker.containers.list()
        await docker.containers.list()
        assert docker.version == "1.41"
    assert (ping.call_count, route.call_count) == (1, 2)


async def test_an_engine_too_old() -> None:
    """Under the least version it is refused, unless a lower one is allowed."""
    router = respx.MockRouter()
    router.get("/_ping").respond(200, headers={"Api-Version": "1.39"})
    router.get("/v1.39/containers/json").respond(200, json=[])
    async with client(router) as docker:
        with pytest.raises(VersionError) as caught:
            await docker.containers.list()
    assert (caught.value.needed, caught.value.actual) == ("1.40", "1.39")
    async with client(router, minimum_version="1.39") as docker:
        assert await docker.containers.list() == []


async def test_operations_newer_than_the_version() -> None:
    """Parameters and fields that are newer are refused before anything is sent, by name."""
    router = respx.MockRouter(assert_all_mocked=True, assert_all_called=False)
    router.get("/_ping").respond(200, headers={"Api-Version": "1.41"})
    sent = router.route().respond(200, json={})
    async with client(router) as docker:
        with pytest.raises(VersionError, match=r"images\.list: shared_size needs API 1\.42") as caught:
            await docker.images.list(shared_size=True)
        assert (caught.value.needed, caught.value.actual) == ("1.42", "1.41")
        with pytest.raises(VersionError, match="signal"):
            await docker.containers.stop("web", signal="SIGINT")
        with pytest.raises(VersionError, match=r"[Ss]tart_?[Ii]nterval"):
            await docker.containers.create(ContainerSpec(image="a", healthcheck=HealthConfig(start_interval=10**9)))
        with pytest.raises(VersionError, match="type"):
            await docker.system.data_usage(type=["image"])
    assert not sent.called


async def test_a_field_that_is_gone() -> None:
    """A field that the version no longer has is refused too."""
    router = respx.MockRouter(assert_all_called=False)
    router.get("/_ping").respond(200, headers={"Api-Version": "1.52", "Server": "Docker/29.0.0 (linux)"})
    async with client(router) as docker:
        with pytest.raises(VersionError, match=r"[Mm]ac"):
            await docker.containers.create(ContainerSpec(image="a", mac_address="02:00:00:00:00:01"))


@pytest.mark.parametrize("how", ["argument", "environment"])
async def test_pinned(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pinned version is spoken without a ping, and stays even where the Engine refuses it."""
    if how == "environment":
        monkeypatch.setenv("DOCKER_API_VERSION", "1.45")
    router = respx.MockRouter()
    words = "client version 1.45 is too new. Maximum supported API version is 1.41"
    router.get("/v1.45/containers/json").respond(400, json={"message": words})
    async with client(router, **({"version": "1.45"} if how == "argument" else {})) as docker:
        assert docker.version == "1.45"
        with pytest.raises(BadRequest, match="too new"):
            await docker.containers.list()


async def test_another_engine_answers_now(router: respx.MockRouter) -> None:
    """Negotiated once more where the version is refused, and only then: a downgrade is no error of the caller."""
    words = {"message": "client version 1.51 is too new. Maximum supported API version is 1.41"}
    router.get("/v1.51/containers/json").mock(
        side_effect=[
            httpx.Response(200, json=[]),
            httpx.Response(400, json=words, headers={"Api-Version": "1.41"}),
        ]
    )
    older = router.get("/v1.41/containers/json").respond(200, json=[])
    async with client(router) as docker:
        await docker.containers.list()
        router.get("/_ping").respond(200, headers={"Api-Version": "1.41"})
        await docker.containers.list()
        assert docker.version == "1.41"
    assert older.call_count == 1


async def test_a_ping_has_no_version(router: respx.MockRouter) -> None:
    """Headers make the answer; without any they are empty, not an error."""
    bare = respx.MockRouter()
    bare.get("/_ping").respond(200)
    async with client(bare) as docker:
        ping = await docker.system.ping()
        assert (ping.api_version, ping.libpod_api_version, ping.docker_experimental) == ("", "", False)
        assert docker.version is None


# Secrets.


def shown(error: RawdockError) -> str:
    """All that an error says."""
    chain = [repr(error), str(error), error.curl(), repr(error.sent), repr(error.args)]
    return "\n".join([*chain, repr(error.__cause__), str(error.__cause__)])


def secrets_of(auth: AuthConfig) -> list[str]:
    text = json.dumps({"username": "ada", "password": PASSWORD})
    return [PASSWORD, "horse", base64.urlsafe_b64encode(text.encode()).decode()[30:50]]


async def test_secrets_of_login(router: respx.MockRouter) -> None:
    """A login that fails tells everything but the password."""
    route = router.post("/v1.51/auth").respond(401, json={"message": "incorrect username or password"})
    auth = AuthConfig(username="ada", password=PASSWORD, serveraddress="r.test")
    async with client(router) as docker:
        with pytest.raises(Unauthorized) as caught:
            await docker.system.auth(auth)
    assert json.loads(route.calls.last.request.content)["password"] == PASSWORD
    text = shown(caught.value)
    assert not [secret for secret in secrets_of(auth) if secret in text]
    assert "-d '***'" in caught.value.curl()
    assert PASSWORD not in repr(auth)
    assert PASSWORD not in str(auth)


@pytest.mark.parametrize("verb", ["pull", "push"])
async def test_secrets_of_transfers(router: respx.MockRouter, verb: str) -> None:
    """Credentials go out in their header, and into no error, with a status or inside the stream."""
    route = router.post(PULL if verb == "pull" else "/v1.51/images/r.test/app/push")
    route.mock(
        side_effect=[
            httpx.Response(500, json={"message": "denied"}),
            httpx.Response(200, content=jsonl({"errorDetail": {"message": "denied"}})),
            httpx.ReadError("gone"),
        ]
    )
    auth = AuthConfig(username="ada", password=PASSWORD)
    async with client(router) as docker:
        for kind in (ServerError, StreamError, TruncatedError):
            with pytest.raises(kind) as caught:
                await getattr(docker.images, verb)("r.test/app:1", auth_config=auth)
            value = route.calls.last.request.headers["X-Registry-Auth"]
            assert json.loads(base64.urlsafe_b64decode(value)) == {
                "username": "ada",
                "password": PASSWORD,
                "serveraddress": "r.test",
            }
            text = shown(caught.value)
            assert value not in text
            assert PASSWORD not in text
            assert "X-Registry-Auth: ***" in caught.value.curl()


async def test_secrets_of_any_request(router: respx.MockRouter) -> None:
    """`request` keeps the values of secret headers out of errors too, whatever their case."""
    router.get("/v1.51/x").respond(500, text="no")
    async with client(router) as docker:
        for name in ("authorization", "X-REGISTRY-CONFIG", "x-registry-auth"):
            with pytest.raises(ServerError) as caught:
                await docker.request("GET", "/x", headers={name: PASSWORD})
            assert PASSWORD not in shown(caught.value)


# The client itself.


async def test_closed(router: respx.MockRouter) -> None:
    """After close nothing is sent; closing twice is fine."""
    docker = client(router)
    await docker.aclose()
    await docker.aclose()
    with pytest.raises(ClosedError):
        await docker.system.ping()
    with pytest.raises(ClosedError):
        await docker.images.pull("app:1")


async def test_304_is_an_answer(router: respx.MockRouter) -> None:
    """Started already, stopped already: False, no error."""
    router.post("/v1.51/containers/a/start").mock(side_effect=[httpx.Response(204), httpx.Response(304)])
    router.post("/v1.51/containers/a/stop").mock(side_effect=[httpx.Response(204), httpx.Response(304)])
    async with client(router) as docker:
        assert [await docker.containers.start("a") for _ in range(2)] == [True, False]
        assert [await docker.containers.stop("a") for _ in range(2)] == [True, False]


async def test_request_refuses(router: respx.MockRouter) -> None:
    """What is no request is an InvalidArgument, and a ValueError to those who do not know rawdock."""
    async with client(router) as docker:
        with pytest.raises(InvalidArgument):
            await docker.request("GET", "containers/json")
        with pytest.raises(InvalidArgument):
            await docker.request("GET", "/a b")
        with pytest.raises(InvalidArgument):
            await docker.request("BREW", "/coffee")
        with pytest.raises(InvalidArgument):
            await docker.request("GET", "/x", headers={"A": "b\r\nC: d"})
        with pytest.raises(ValueError, match="not both"):
            await docker.request("POST", "/x", json={}, content=b"")


def test_every_error_has_a_root() -> None:
    """`except RawdockError` catches all that rawdock raises on purpose."""
    kinds = [value for name in rawdock.__all__ if isinstance(value := getattr(rawdock, name), type)]
    errors = [kind for kind in kinds if issubclass(kind, Exception)]
    assert len(errors) >= 16
    assert all(issubclass(kind, RawdockError) for kind in errors)
