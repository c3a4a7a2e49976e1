"""The entries of `auths`, as `docker login` writes them, and which of them is for a registry."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from .._config_file import value_of
from .._shown import shown
from ..errors import AddressError

if TYPE_CHECKING:
    from ..models import AuthConfig

__all__ = ["HUB", "decode_pair", "entry_of", "host_of", "key_for", "key_of"]

HUB = "https://index.docker.io/v1/"
"""The key of Docker Hub, for helper programs too."""
_HUB_NAMES = frozenset({"docker.io", "index.docker.io"})


def key_of(registry: str) -> str:
    """What a registry is asked for by: its host, but for Docker Hub."""
    return HUB if registry in _HUB_NAMES else registry


def host_of(key: str) -> str:
    """The host of a key that is an address, with or without a scheme and a path."""
    return (key.partition("://")[2] or key).partition("/")[0]


def key_for(key: str, keys: Iterable[str]) -> str | None:
    """Which of `keys` is for the registry `key`: the same one, or else the first of the same host."""
    keys = list(keys)
    return key if key in keys else next((one for one in keys if host_of(one) == key), None)


def entry_of(where: str, key: str, data: object) -> AuthConfig:
    """The credentials of one entry; AddressError if it cannot be read. No message has anything of the entry."""
    from .._models.model import SecretStr
    from ..models.system import AuthConfig

    where = f"{where}: auths[{shown(key)}]"
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise AddressError(f"{where} is not an object; log in again with `docker login {host_of(key)}`")
    entry = cast("dict[str, Any]", data)

    def text(name: str) -> str:
        value = value_of(entry, name)
        if value is not None and not isinstance(value, str):
            raise AddressError(f"{where}: {name} is not text; log in again with `docker login {host_of(key)}`")
        return value or ""

    username, password = text("username"), text("password")
    if auth := text("auth"):
        problem = ""
        try:
            username, password = decode_pair(auth)
        except ValueError as error:
            problem = str(error)
        if problem:  # raised out here: the error of the decoder holds the secret
            raise AddressError(f"{where}: {problem}; log in again with `docker login {host_of(key)}`")
    return AuthConfig(
        username=username,
        password=SecretStr(password),
        serveraddress=key,
        identitytoken=SecretStr(text("identitytoken")),
        registrytoken=SecretStr(text("registrytoken")),
    )


def decode_pair(auth: str) -> tuple[str, str]:
    """The user and the password in an `auth`; ValueError, without the text, if it has none."""
    try:
        decoded = base64.b64decode(auth.replace("\n", "").replace("\r", "").encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("auth is not base64") from None
    username, colon, password = decoded.decode(errors="replace").partition(":")
    if not colon or not username:
        raise ValueError("auth is not the base64 of user:password")
    return username, password.strip("\0")
