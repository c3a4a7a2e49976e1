"""Asking a `docker-credential-NAME` program for the credentials of one registry."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from .._config_file import value_of
from .program import ProgramFailed, Ran, run_program

if TYPE_CHECKING:
    from ..models import AuthConfig

__all__ = ["TIME_LIMIT", "HelperFailed", "ask_helper", "program_of"]

TIME_LIMIT = 60.0
"""Seconds that a helper program has to answer: somebody may have to unlock a keychain first."""
_NOT_FOUND = "credentials not found in native keychain"
_TOKEN = "<token>"
"""The user of an identity token."""
_SHOWN = 300
"""Characters of a helper's own words in a message."""


class HelperFailed(Exception):
    """The helper program gave no answer that can be used; the text says why, without anything that may be a secret."""


def program_of(name: str) -> str:
    """The program of a helper's name."""
    return f"docker-credential-{name}"


async def ask_helper(name: str, key: str) -> AuthConfig | None:
    """The credentials that the helper has for a registry; None if it says that it has none. Raises HelperFailed."""
    from .._models.model import SecretStr
    from ..models.system import AuthConfig

    program = program_of(name)
    try:
        ran = await run_program(program, ["get"], key, TIME_LIMIT)
    except ProgramFailed as error:
        raise HelperFailed(str(error)) from error.__cause__
    if ran.code:
        if ran.stdout.decode(errors="replace").strip() == _NOT_FOUND:
            return None
        raise HelperFailed(f"{program} failed with exit code {ran.code}{_own_words(ran)}")
    username, secret = _answer(program, ran)
    if not username and not secret:
        return None  # as some say that they have none
    if username == _TOKEN:
        return AuthConfig(identitytoken=SecretStr(secret), serveraddress=key)
    return AuthConfig(username=username, password=SecretStr(secret), serveraddress=key)


def _answer(program: str, ran: Ran) -> tuple[str, str]:
    data: object = ""
    with suppress(ValueError, RecursionError):  # of the parser's own error nothing is told: it holds what was printed
        # Only the first value, as the docker command does it.
        data = json.JSONDecoder().raw_decode(ran.stdout.decode(errors="replace").lstrip())[0]
    if data is None:
        data = {}
    if isinstance(data, dict):
        found = cast("dict[str, Any]", data)
        username, secret = (value_of(found, field) or "" for field in ("Username", "Secret"))
        if isinstance(username, str) and isinstance(secret, str):
            return username, secret
    what = "nothing" if not ran.stdout.strip() else "no JSON object with Username and Secret"
    raise HelperFailed(f"{program} printed {what}{_own_words(ran, stdout=False)}")


def _own_words(ran: Ran, *, stdout: bool = True) -> str:
    """What a helper said about its failure: on stderr, or on stdout if that is no answer."""
    said = " ".join(ran.stderr.decode(errors="replace").split())
    if not said and stdout and b"{" not in ran.stdout and b"secret" not in ran.stdout.lower():
        said = " ".join(ran.stdout.decode(errors="replace").split())
    said = "".join(one if one.isprintable() else "?" for one in said)
    return f": {said[:_SHOWN]}{'...' if len(said) > _SHOWN else ''}" if said else ""
