"""What else the docker command takes from its configuration: headers, the default platform, and proxies.

The names and the precedence are those of docker 28.5.2, which was asked for each of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from ._config_file import config_file, value_of
from ._shown import shown
from .errors import AddressError

__all__ = ["CommandConfig", "custom_headers", "default_platform", "proxies_for", "without_set"]

_HEADERS_VARIABLE = "DOCKER_CUSTOM_HEADERS"
_PLATFORM_VARIABLE = "DOCKER_DEFAULT_PLATFORM"
_NAME = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_VALUE = r"[\x20-\x7e\t]*"
_LEFT_OUT = frozenset({"host", "user-agent"})
"""Headers that the docker command leaves out too."""
_OWN = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "transfer-encoding",
        "upgrade",
        "x-registry-auth",
        "x-registry-config",
    }
)
"""Headers that belong to a request, and can therefore not be the same for all."""
_PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}


class CommandConfig(NamedTuple):
    """What a client takes from the configuration. Without it, nothing is taken."""

    address: str

    def platform(self, given: str | None) -> str | None:
        """The platform that was given, or else the default one."""
        return given if given is not None else default_platform()

    def environment(self, given: Iterable[str]) -> list[str]:
        """Entries for an environment in which no proxy is set yet, as `HTTP_PROXY=http://proxy:3128`."""
        return [f"{name}={value}" for name, value in without_set(proxies_for(self.address), given).items()]

    def build_args(self, given: Iterable[str]) -> dict[str, str]:
        """Build arguments for a build that is not given these."""
        return without_set(proxies_for(self.address), given)


def custom_headers() -> dict[str, str]:
    """Headers for every request to the Engine: those of `DOCKER_CUSTOM_HEADERS`, or else `HttpHeaders`.

    Raises AddressError if they cannot be sent. No message has a value, which may be a secret.
    """
    if text := os.environ.get(_HEADERS_VARIABLE, ""):
        where, found = _HEADERS_VARIABLE, _headers_of_variable(text)
    else:
        file = config_file()
        where = f"{file.path}: HttpHeaders"
        found = _texts(where, _object(where, value_of(file.data, "HttpHeaders")))
    kept: dict[str, str] = {}
    for name, value in found.items():
        if re.fullmatch(_NAME, name) is None:
            raise AddressError(f"{where}: {shown(name)} is not the name of a header")
        if re.fullmatch(_VALUE, value) is None:
            raise AddressError(f"{where}: the value of {name} has characters that no header may have")
        if name.lower() in _OWN:
            raise AddressError(
                f"{where}: {name} differs from request to request and cannot be set for all; take it out"
            )
        if name.lower() not in _LEFT_OUT:
            kept = {other: old for other, old in kept.items() if other.lower() != name.lower()}
            kept[name] = value
    return kept


def _headers_of_variable(text: str) -> dict[str, str]:
    import csv  # most programs never need it

    found: dict[str, str] = {}
    for field in next(csv.reader([text.partition("\n")[0]])):
        name, equals, value = field.partition("=")
        if not equals or not name.strip():
            raise AddressError(f"{_HEADERS_VARIABLE}: each part is NAME=VALUE, and one of them has no NAME or no =")
        found[name.strip()] = value.strip()
    return found


def default_platform() -> str | None:
    """The platform of pulls, runs and builds that name none; None if there is no default."""
    return os.environ.get(_PLATFORM_VARIABLE) or None


def proxies_for(address: str) -> dict[str, str]:
    """The variables of the proxies that containers and builds on the Engine at this address use, in both cases."""
    file = config_file()
    where = f"{file.path}: proxies"
    by_address = _object(where, value_of(file.data, "proxies"))
    key = address if address in by_address else "default"
    where = f"{where}[{shown(key)}]"
    chosen = _texts(where, _object(where, by_address.get(key)))
    found: dict[str, str] = {}
    for setting, name in _PROXIES.items():
        if value := chosen.get(setting):
            found |= {name: value, name.lower(): value}
    return found


def without_set(found: dict[str, str], given: Iterable[str]) -> dict[str, str]:
    """Only those of which nothing was given, by name or as `NAME=value`."""
    names = {one.partition("=")[0] for one in given}
    return {name: value for name, value in found.items() if name not in names}


def _object(where: str, value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AddressError(f"{where} is not an object; mend it")
    return cast("dict[str, Any]", value)


def _texts(where: str, values: dict[str, Any]) -> dict[str, str]:
    for name, value in values.items():
        if not isinstance(value, str):
            raise AddressError(f"{where}: {shown(name)} is not text; mend it")
    return values
