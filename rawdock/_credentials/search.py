"""The order in which the docker command looks for the credentials of a registry.

1. `DOCKER_AUTH_CONFIG`, if it has the very key. 2. The helper program that `credHelpers` of config.json names for the
key, or else `credsStore`: if it says that it has none, there are none. 3. `auths` of config.json, where there is no
helper, or where it failed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import anyio

from .._config_file import ConfigFile, config_file, value_of
from .._log import log, warn_once
from .._shown import shown
from ..errors import AddressError
from .entries import entry_of, key_for, key_of
from .variable import VARIABLE, read_variable

if TYPE_CHECKING:
    from ..models import AuthConfig

__all__ = ["Found", "Keychain"]

_KEPT = 60.0
"""Seconds for which a helper's answer is kept: one that asks a server takes seconds, and many pulls begin at once."""


class Found(NamedTuple):
    """What was found for one registry."""

    registry: str
    auth: AuthConfig | None = None
    source: str = ""
    """Where it is from; empty if there is none."""
    places: tuple[str, ...] = ()
    """Where was looked, in order, with what was wrong there."""

    def describe(self) -> str:
        """One sentence about it, without any secret."""
        if self.auth is not None:
            return f"the credentials for {self.registry} were those of {self.source}"
        login = "docker login" if self.registry == "docker.io" else f"docker login {self.registry}"
        return (
            f"there are no credentials for {self.registry} in {', '.join(self.places)}; `{login}` keeps some, or pass "
            "auth_config"
        )


class _Kept(NamedTuple):
    until: float
    auth: AuthConfig | None


class Keychain:
    """Finds credentials. Of the files nothing is kept in memory longer than they stay unchanged."""

    def __init__(self, told: set[str] | None = None) -> None:
        self._told = told
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._asking: dict[tuple[str, str], anyio.Lock] = {}

    async def find(self, registry: str) -> Found:
        """The credentials for a registry's host. Raises AddressError if config.json, or the entry, cannot be read."""
        key = key_of(registry)
        places: list[str] = []
        if text := os.environ.get(VARIABLE, ""):
            auth = self._of_variable(text, places).get(key)
            if auth is not None:
                return Found(registry, auth, VARIABLE, tuple(places))
        file = config_file()
        places.append(str(file.path) if file.exists else f"{file.path}, which does not exist")
        if helper := _helper_for(file, key):
            from .helper import HelperFailed, program_of  # it loads much, which most machines never need

            program = program_of(helper)
            try:
                auth = await self._of_helper(helper, key)
            except HelperFailed as failed:
                problem = f"{registry}: {failed}"
                warn_once(self._told, problem, problem)
                places.append(f"{program} (which gave no answer: {failed})")
            else:
                places.append(program)
                return Found(registry, auth, program if auth is not None else "", tuple(places))
        auths = _auths(file)
        entry = key_for(key, auths)
        if entry is not None:
            auth = entry_of(str(file.path), entry, auths[entry])
            if auth.username or auth.password or auth.identitytoken or auth.registrytoken:
                return Found(registry, auth, f"auths in {file.path}", tuple(places))
        return Found(registry, None, "", tuple(places))

    def forget(self, refused: Found) -> None:
        """These credentials were refused: the helper program is asked again, if they are from one."""
        self._kept = {asked: kept for asked, kept in self._kept.items() if kept.auth != refused.auth}

    async def find_all(self) -> dict[str, AuthConfig]:
        """The credentials by key, for each that is named in the variable or in config.json.

        For what does not tell which registries it is going to ask. One that cannot be read is left out, with a WARNING.
        """
        found: dict[str, AuthConfig] = {}
        for key in dict.fromkeys(self._keys()):
            try:
                auth = (await self.find(key)).auth
            except AddressError as error:
                log.warning("%s", error)
                continue
            if auth is not None:
                found[key] = auth
        return found

    def _keys(self) -> Iterator[str]:
        if text := os.environ.get(VARIABLE, ""):
            yield from self._of_variable(text, [])
        file = config_file()
        yield from _auths(file)
        yield from _object(file, "credHelpers")

    def _of_variable(self, text: str, places: list[str]) -> dict[str, AuthConfig]:
        try:
            found = read_variable(text)
        except ValueError as error:
            problem = f"{VARIABLE} does not count: {error}"
            warn_once(self._told, problem, problem)
            places.append(f"{VARIABLE} (which does not count: {error})")
            return {}
        places.append(VARIABLE)
        return found

    async def _of_helper(self, helper: str, key: str) -> AuthConfig | None:
        """The answer of a helper program, asked once at a time for each registry."""
        from .helper import ask_helper

        asked = helper, key
        async with self._asking.setdefault(asked, anyio.Lock()):
            kept = self._kept.get(asked)
            if kept is not None and time.monotonic() < kept.until:
                return kept.auth
            self._kept.pop(asked, None)
            auth = await ask_helper(helper, key)
            if auth is not None:
                self._kept[asked] = _Kept(time.monotonic() + _KEPT, auth)
            return auth


def _helper_for(file: ConfigFile, key: str) -> str:
    """The name of the helper program for a registry; empty if there is none."""
    helpers = _object(file, "credHelpers")
    name: object = helpers[key] if key in helpers else value_of(file.data, "credsStore")
    if name is not None and not isinstance(name, str):
        raise AddressError(f"{file.path}: the name of a credential helper is {shown(name)}, and has to be text")
    return name or ""


def _auths(file: ConfigFile) -> dict[str, Any]:
    return _object(file, "auths")


def _object(file: ConfigFile, name: str) -> dict[str, Any]:
    value = value_of(file.data, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AddressError(f"{file.path}: {name} is not an object; log in again with `docker login`, or mend it")
    return cast("dict[str, Any]", value)
