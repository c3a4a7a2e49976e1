"""Secrets that are planted everywhere are in nothing that is shown: reprs, errors, curl lines, logs, tracebacks."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from rawdock import Docker, EnvSecret, RawdockError, SecretStr, decode, encode
from rawdock.models import AuthConfig, ConfigSpec, PluginPrivilege, SecretSpec, SwarmUnlockRequest

MARK = "planted-Secret-7f3a"
FORMS = [MARK, base64.b64encode(MARK.encode()).decode(), base64.urlsafe_b64encode(MARK.encode()).decode()]
AUTH = AuthConfig(username="ada", password=MARK, identitytoken=MARK, registrytoken=MARK)
Call = Callable[[Docker], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "pull": lambda docker: docker.images.pull("r.test/a:1", auth_config=AUTH),
    "push": lambda docker: docker.images.push("r.test/a:1", auth_config=AUTH),
    "distribution": lambda docker: docker.distribution.inspect("r.test/a:1", auth_config=AUTH),
    "auth": lambda docker: docker.system.auth(AUTH),
    "build of the API": lambda docker: docker.images.build(b"", registry_config={"r.test": AUTH}),
    "build": lambda docker: docker.build(
        dockerfile="FROM a", builder="buildkit", registry_config={"r.test": AUTH}, secrets={"id": MARK.encode()}
    ),
    "run": lambda docker: docker.run("r.test/a:1", ["true"], pull="always", auth_config=AUTH),
    "secret": lambda docker: docker.secrets.create(SecretSpec(name="s", data=MARK.encode())),
    "plugin": lambda docker: docker.plugins.pull(
        privileges=[PluginPrivilege(name="n")], remote="r.test/p:1", auth_config=AUTH
    ),
    "unlock": lambda docker: docker.swarm.unlock(SwarmUnlockRequest(unlock_key=MARK)),
    "own header": lambda docker: docker.request("GET", "/info", headers={"X-Registry-Auth": MARK}),
    "own credentials": lambda docker: docker.request("GET", "/info", headers={"Authorization": f"Basic {MARK}"}),
}


def shown(error: BaseException) -> str:
    """Everything that a program or a person sees of an error and its causes."""
    texts = ["".join(traceback.format_exception(error))]
    while True:
        texts += [str(error), repr(error), repr(error.args)]
        texts += [repr(value) for name, value in vars(error).items() if name != "sent"]
        if isinstance(error, RawdockError):
            texts += [error.curl(), repr(error.sent)]
            if error.sent is not None:
                texts += [repr(error.sent.headers), error.sent.target]
        following = error.__cause__ or error.__context__
        if following is None:
            return "\n".join(texts)
        error = following


def leaked(text: str) -> list[str]:
    return [form for form in FORMS if form.rstrip("=") in text]


ANSWERS: dict[str, tuple[int, bytes]] = {
    "refused": (401, b'{"message": "unauthorized: incorrect username or password"}'),
    "failed": (500, b'{"message": "no"}'),
    "garbage": (200, b"<html>"),
    "nothing": (200, b""),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("call", CALLS)
def test_errors(call: str, answer: str, caplog: pytest.LogCaptureFixture) -> None:
    """The error of a call with a secret in it, and what was logged."""
    caplog.set_level(logging.DEBUG)
    sent: list[bytes] = []

    async def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/_ping"):
            return httpx.Response(200, headers={"Api-Version": "1.51", "Builder-Version": "2"})
        sent.append(b"%r" % request.headers.raw + await request.aread())
        status, body = ANSWERS[answer]
        return httpx.Response(status, content=body)

    async def use() -> BaseException | None:
        async with Docker(transport=httpx.MockTransport(reply), version="1.51") as docker:
            try:
                await CALLS[call](docker)
            except Exception as error:
                return error
        return None

    error = asyncio.run(use())
    assert sent or error is not None
    if error is not None:
        assert isinstance(error, RawdockError)
        assert leaked(shown(error)) == []
    assert leaked(caplog.text) == []


def test_the_marks_are_found_where_they_are() -> None:
    """The search itself finds what is sent."""
    assert leaked(json.dumps(encode(AUTH)))
    assert leaked(base64.b64encode(MARK.encode()).decode())


MODELS = [
    AUTH,
    SecretSpec(name="s", data=MARK.encode()),
    SwarmUnlockRequest(unlock_key=MARK),
    SecretStr(MARK),
    [AUTH],
    {"r.test": AUTH},
]


@pytest.mark.parametrize("value", MODELS, ids=lambda value: type(value).__name__)
def test_reprs(value: Any) -> None:
    """Also of a copy, of a list, and of what was decoded and not read yet."""
    assert leaked(repr(value)) == []
    assert leaked(f"{value!r:.500}") == []
    if not isinstance(value, (SecretStr, list, dict)):
        again = decode(type(value), encode(value))
        assert leaked(repr(again)) == []
        assert leaked(repr(again.replace())) == []


def test_a_secret_in_a_wrong_field() -> None:
    """The error of a wrong value has its type and path, and not the value."""
    wrong = decode(AuthConfig, {"password": [MARK], "username": {"x": MARK}})
    for name in ("password", "username"):
        with pytest.raises(RawdockError) as caught:
            getattr(wrong, name)
        assert leaked(shown(caught.value)) == []
    with pytest.raises(RawdockError) as caught:
        encode(AuthConfig(password=MARK.encode()))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert leaked(shown(caught.value)) == []


def test_the_docker_command_s_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the configuration that a client reads its context from are not shown in its errors."""
    config = {"auths": {"r.test": {"auth": MARK}}, "currentContext": "missing"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(RawdockError) as caught:
        Docker()
    assert leaked(shown(caught.value)) == []
    (tmp_path / "config.json").write_text(json.dumps(config)[:-1])
    with pytest.raises(RawdockError) as caught:
        Docker()
    assert leaked(shown(caught.value)) == []


def test_a_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a variable is shown, its value is not."""
    monkeypatch.setenv("PLANTED", MARK)
    assert "PLANTED" in repr(EnvSecret("PLANTED"))
    assert leaked(repr(EnvSecret("PLANTED"))) == []


def test_what_is_not_a_secret_is_shown() -> None:
    """Environment variables and command lines are no secrets for Docker: they are in every `inspect`."""
    assert leaked(repr(ConfigSpec(name=MARK)))
