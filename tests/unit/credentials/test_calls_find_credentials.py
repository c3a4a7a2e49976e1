"""Which calls find credentials by themselves, what goes before that, and that nothing shows a secret."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from faultserver import Peer, json_answer, serving

from rawdock import Docker, InvalidArgument, RawdockError, SecretStr, Unauthorized
from rawdock.models import AuthConfig, ServiceSpec, TaskContainerSpec, TaskSpec

pytestmark = pytest.mark.anyio
HOST = "hub.test:5000"
IMAGE = f"{HOST}/shop/web:2"
MARK = "planted-5ecret"
OWN = AuthConfig(username="explicit", password=SecretStr("given"))
SPEC = ServiceSpec(name="web", task_template=TaskSpec(container_spec=TaskContainerSpec(image=IMAGE)))

Call = Callable[[Docker, AuthConfig | None], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "images.pull": lambda docker, auth: docker.images.pull(IMAGE, auth_config=auth),
    "images.pull of all tags": lambda docker, auth: docker.images.pull(
        f"{HOST}/shop/web", all_tags=True, auth_config=auth
    ),
    "images.push": lambda docker, auth: docker.images.push(IMAGE, auth_config=auth),
    "distribution.inspect": lambda docker, auth: docker.distribution.inspect(IMAGE, auth_config=auth),
    "services.create": lambda docker, auth: docker.services.create(SPEC, auth_config=auth),
    "services.update": lambda docker, auth: docker.services.update("web", SPEC, version=1, auth_config=auth),
    "plugins.get_privileges": lambda docker, auth: docker.plugins.get_privileges(remote=IMAGE, auth_config=auth),
    "plugins.pull": lambda docker, auth: docker.plugins.pull([], remote=IMAGE, auth_config=auth),
    "plugins.upgrade": lambda docker, auth: docker.plugins.upgrade("p", [], remote=IMAGE, auth_config=auth),
    "plugins.push": lambda docker, auth: docker.plugins.push(IMAGE, auth_config=auth),
    "run": lambda docker, auth: docker.run(IMAGE, ["true"], pull="always", auth_config=auth),
}


class Engine:
    """Keeps the credentials that come, and refuses users that are not welcome."""

    def __init__(self) -> None:
        self.users: list[str | None] = []
        """Of each request but those of `run` after its pull; None where no credentials came."""
        self.configs: list[dict[str, Any]] = []
        self.refused: set[str] = set()

    async def answer(self, request: bytes, peer: Peer) -> bytes:
        head = request.decode().partition("\r\n\r\n")[0]
        lines = dict(line.partition(": ")[::2] for line in head.split("\r\n")[1:])
        if "/containers/" in head:
            return json_answer(b'{"message":"enough"}', b"400 Bad Request")
        if "/build?" in head:
            if lines.get("Transfer-Encoding"):
                await peer.rest_of_chunks()
            config = lines.get("X-Registry-Config", "")
            self.configs.append(json.loads(base64.urlsafe_b64decode(config)) if config else {})
            return json_answer(b'{"stream":"Successfully built 0123456789ab\\n"}')
        auth = lines.get("X-Registry-Auth", "")
        user = json.loads(base64.urlsafe_b64decode(auth)).get("username", "") if auth else None
        self.users.append(user)
        if user in self.refused:
            return json_answer(b'{"message":"unauthorized: authentication required"}', b"401 Unauthorized")
        if "/distribution/" in head or "/services/" in head:
            return json_answer(b'{"ID":"s"}')
        return json_answer(b"[]" if "privileges" in head else b'{"status":"done"}')


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration with credentials for the host."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    keep(tmp_path, auths={HOST: {"username": "found", "password": MARK}})
    return tmp_path


def keep(folder: Path, **config: Any) -> None:
    (folder / "config.json").write_text(json.dumps(config))


def helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-own"
    path.write_text(f"#!/bin/sh\ncd {folder}\n{script}\n")
    path.chmod(0o755)


async def called(call: Call, docker: Docker, auth: AuthConfig | None = None) -> RawdockError | None:
    try:
        await call(docker, auth)
    except RawdockError as error:
        return error
    return None


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_finds_them_and_what_is_given_goes_before(name: str, home: Path) -> None:
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        await called(CALLS[name], docker)
        await called(CALLS[name], docker, OWN)
        keep(home)
        await called(CALLS[name], docker)
        async with Docker(server.path, credentials=False) as other:
            keep(home, auths={HOST: {"username": "found", "password": MARK}})
            await called(CALLS[name], other)
            await called(CALLS[name], other, OWN)
    nobody = "" if name == "images.push" else None  # older Engines refuse a push without the header
    assert engine.users == ["found", "explicit", nobody, nobody, "explicit"]


async def test_another_transport_looks_nowhere_unless_told(home: Path) -> None:
    """So that no test of a program depends on who runs it."""
    seen: list[bool] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append("x-registry-auth" in request.headers)
        return httpx.Response(200, headers={"Api-Version": "1.51"}, content=b'{"status":"done"}')

    for asked in (None, False, True):
        async with Docker(transport=httpx.MockTransport(answer), version="1.51", credentials=asked) as docker:
            await docker.images.pull(IMAGE)
    assert seen == [False, False, True]


async def test_what_credentials_may_be() -> None:
    with pytest.raises(InvalidArgument, match="credentials: expected True, False or None, got 'no'"):
        Docker("unix:///nowhere", credentials="no")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def test_an_id_and_a_wrong_name_ask_nobody(home: Path) -> None:
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        await docker.distribution.inspect("sha256:" + "0" * 64)
        await docker.services.create(ServiceSpec(name="web"))
        await docker.services.update("web", SPEC, version=1, registry_auth_from="spec")
        await docker.services.update("web", SPEC, version=1, rollback="previous")
    assert engine.users == [None] * 4


async def test_a_refused_token_is_asked_for_again_once(home: Path) -> None:
    keep(home, credsStore="own")
    helper(home, """echo x >>times\nprintf '{"Username":"user-%s","Secret":"s"}' $(wc -l <times)""")
    engine = Engine()
    engine.refused = {"user-1", "user-3", "user-4"}
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        await docker.images.pull(IMAGE)
        assert engine.users == ["user-1", "user-2"]
        await docker.images.pull(IMAGE)
        assert engine.users == ["user-1", "user-2", "user-2"]
        engine.refused.add("user-2")
        with pytest.raises(Unauthorized):
            await docker.images.pull(IMAGE)
    assert engine.users[3:] == ["user-2", "user-3"]


async def test_the_same_again_is_not_sent_again(home: Path) -> None:
    engine = Engine()
    engine.refused = {"found"}
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        with pytest.raises(Unauthorized) as caught:
            await docker.images.pull(IMAGE)
    assert engine.users == ["found"]
    assert str(caught.value).endswith(f"; the credentials for {HOST} were those of auths in {home}/config.json")


async def test_a_refusal_in_a_stream_is_explained(home: Path) -> None:
    """Of a push it comes when the stream has begun. The call is not made again, but the helper is asked by the next."""
    keep(home, credsStore="own")
    helper(home, """echo x >>times\nprintf '{"Username":"user-%s","Secret":"s"}' $(wc -l <times)""")

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(b'{"status":"Preparing"}\n{"errorDetail":{"message":"unauthorized: no"},"error":"x"}\n')

    async with serving(answer) as server, Docker(server.path) as docker:
        for _ in range(2):
            with pytest.raises(Unauthorized) as caught:
                await docker.images.push(IMAGE)
            assert caught.value.credentials == f"the credentials for {HOST} were those of docker-credential-own"
    assert (home / "times").read_text() == "x\nx\n"


async def test_an_error_says_where_there_are_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(b'{"message":"unauthorized"}', b"401 Unauthorized")

    keep(home)
    async with serving(answer) as server:
        async with Docker(server.path) as docker:
            with pytest.raises(Unauthorized) as caught:
                await docker.images.pull(IMAGE)
            assert f"there are no credentials for {HOST} in {home}/config.json; `docker login {HOST}` keeps" in str(
                caught.value
            )
            with pytest.raises(Unauthorized) as caught:
                await docker.images.pull(IMAGE, auth_config=OWN)
            assert caught.value.credentials == ""
        async with Docker(server.path, credentials=False) as docker:
            with pytest.raises(Unauthorized) as caught:
                await docker.images.pull(IMAGE)
            assert caught.value.credentials == ""


async def test_a_classic_build_gets_all_and_buildkit_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(
        home,
        auths={HOST: {"username": "found", "password": MARK}, "wrong.test": {"auth": "%"}},
        credHelpers={"other.test": "own"},
    )
    helper(home, """printf '{"Username":"helped","Secret":"s"}'""")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"third.test": {"auth": "dmFyaWFibGU6eA=="}}}))
    engine = Engine()
    async with serving(engine.answer) as server, Docker(server.path) as docker:
        await docker.build(dockerfile=b"FROM scratch", builder="classic")
        await docker.build(dockerfile=b"FROM scratch", builder="classic", registry_config={"only": OWN})
        await docker.images.build(b"archive", version="1")
        await docker.images.build(b"archive", version="2")
        async with Docker(server.path, credentials=False) as other:
            await other.build(dockerfile=b"FROM scratch", builder="classic")
    users = [{host: one["username"] for host, one in config.items()} for config in engine.configs]
    found = {"third.test": "variable", HOST: "found", "other.test": "helped"}
    assert users == [found, {"only": "explicit"}, found, {}, {}]


SOURCES: dict[str, tuple[dict[str, Any], str, str]] = {
    "auth": ({"auths": {HOST: {"auth": base64.b64encode(f"ada:{MARK}".encode()).decode()}}}, "", ""),
    "password": ({"auths": {HOST: {"username": "ada", "password": MARK}}}, "", ""),
    "identitytoken": ({"auths": {HOST: {"identitytoken": MARK}}}, "", ""),
    "registrytoken": ({"auths": {HOST: {"registrytoken": MARK}}}, "", ""),
    "broken auth": ({"auths": {HOST: {"auth": MARK}}}, "", ""),
    "variable": ({}, base64.b64encode(f"ada:{MARK}".encode()).decode(), ""),
    "broken variable": ({}, MARK, ""),
    "helper": ({"credsStore": "own"}, "", f"""printf '{{"Username":"ada","Secret":"{MARK}"}}'"""),
    "token of a helper": ({"credsStore": "own"}, "", f"""printf '{{"Username":"<token>","Secret":"{MARK}"}}'"""),
    "broken helper": ({"credsStore": "own"}, "", f"""printf '{{"Username":"ada","Secret":"{MARK}"'"""),
    "failing helper": ({"credsStore": "own"}, "", f"""printf '{{"Username":"ada","Secret":"{MARK}"}}'; exit 1"""),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ["images.pull", "images.push", "distribution.inspect", "services.create", "build"])
async def test_a_secret_is_shown_by_nothing(
    source: str, name: str, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither as it is nor in base64, in errors with all their causes, logs, curl lines and what holds it."""
    config, variable, script = SOURCES[source]
    keep(home, **config)
    helper(home, script)
    if variable:
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {HOST: {"auth": variable}}}))
    caplog.set_level(logging.DEBUG)

    async def answer(request: bytes, peer: Peer) -> bytes:
        return json_answer(b'{"message":"unauthorized"}', b"401 Unauthorized")

    async def build(docker: Docker, auth: AuthConfig | None) -> None:
        await docker.build(dockerfile=b"FROM scratch", builder="classic")

    call = CALLS.get(name, build)
    async with serving(answer) as server, Docker(server.path) as docker:
        error = await called(call, docker)
        assert error is not None
        shown = [repr(docker), repr(docker.keychain), repr(error), str(error), error.curl()]
        shown += [*traceback.format_exception(error), caplog.text]
        if error.sent is not None:
            shown.append(repr([(name, value) for name, value in error.sent.headers]))
    assert docker.keychain is not None
    try:
        found = await docker.keychain.find(HOST)
    except RawdockError as error:
        shown.append(repr(error))
    else:
        shown += [repr(found), found.describe(), f"{found.auth}{found.auth!r}"]
    text = "\n".join(shown)
    encoded = [base64.b64encode(f"{before}{MARK}".encode()).decode().rstrip("=") for before in ("", "ada:")]
    for secret in (MARK, MARK[3:], *encoded):
        assert secret not in text
