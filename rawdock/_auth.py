"""Registry credentials: how the Engine reads them, and which ones a call finds by itself.

The Engine reads URL-safe base64 of JSON, with padding. With another alphabet, or without the padding, it ignores them
silently and continues without credentials.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ._declare.looked_up import looked_up
from ._reference import parse_reference
from ._shown import shown
from .errors import InvalidArgument, RawdockError, Unauthorized

if TYPE_CHECKING:
    from ._client import Client
    from ._credentials.search import Found, Keychain
    from ._reference import Reference
    from .models import AuthConfig

__all__ = [
    "all_found",
    "encode_auth",
    "encode_auths",
    "for_registry",
    "found_for",
    "found_for_push",
    "found_for_service",
]


def encode_auth(where: str, value: Any) -> str:
    """The value of X-Registry-Auth."""
    from ._models.codec import encode_json
    from .models.system import AuthConfig

    if not isinstance(value, AuthConfig):
        raise InvalidArgument(f"{where}: expected AuthConfig, got {type(value).__name__}")
    return base64.urlsafe_b64encode(encode_json(value)).decode()


def encode_auths(where: str, value: Any) -> str:
    """The value of X-Registry-Config: credentials by registry."""
    from ._models.codec import encode_json
    from .models.system import AuthConfig

    if not isinstance(value, dict):
        raise InvalidArgument(f"{where}: expected a dict of AuthConfig by registry, got {type(value).__name__}")
    for registry, one in cast("dict[Any, Any]", value).items():
        if not isinstance(registry, str) or not isinstance(one, AuthConfig):
            raise InvalidArgument(f"{where}[{shown(registry)}]: expected AuthConfig, got {type(one).__name__}")
    return base64.urlsafe_b64encode(encode_json(value)).decode()


def for_registry(value: AuthConfig | None, reference: Reference) -> AuthConfig | None:
    """Add the registry of the image to credentials without one: containerd's image store ignores them otherwise."""
    from .models.system import AuthConfig

    if not isinstance(value, AuthConfig) or value.serveraddress:
        return value
    return value.replace(serveraddress=reference.registry)


def _anonymous() -> AuthConfig:
    """Empty credentials, for pushes without any: older Engines refuse a push without the header."""
    from .models.system import AuthConfig

    return AuthConfig()


class _LookedUp:
    """Credentials that were found for a call, or why there are none."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    async def again(self) -> bool:
        return False

    def explain(self, error: RawdockError) -> None:
        pass


class _OfRegistry(_LookedUp):
    def __init__(self, keychain: Keychain, found: Found, otherwise: AuthConfig | None) -> None:
        super().__init__(found.auth or otherwise)
        self._keychain = keychain
        self._found = found

    async def again(self) -> bool:
        if self._found.auth is None:
            return False
        self._keychain.forget(self._found)
        found = await self._keychain.find(self._found.registry)
        if found.auth is None or found.auth == self._found.auth:
            return False
        self.value, self._found = found.auth, found
        return True

    def explain(self, error: RawdockError) -> None:
        if isinstance(error, Unauthorized):
            error.credentials = self._found.describe()
            self._keychain.forget(self._found)


def _found(image_of: Callable[[Mapping[str, Any]], object], *, always: bool = False) -> looked_up:
    async def find(client: Client, arguments: Mapping[str, Any]) -> _LookedUp:
        otherwise = _anonymous() if always else None
        keychain = client.keychain
        image = image_of(arguments) if keychain is not None else None
        if keychain is None or not isinstance(image, str):
            return _LookedUp(otherwise)
        try:
            registry = parse_reference(image).registry
        except InvalidArgument:  # it is an id, or the Engine says what is wrong with it
            return _LookedUp(otherwise)
        return _OfRegistry(keychain, await keychain.find(registry), otherwise)

    return looked_up(find)


def found_for(argument: str) -> looked_up:
    """Credentials for the registry of the image that an argument names."""
    return _found(lambda arguments: arguments[argument])


def found_for_push(argument: str) -> looked_up:
    """The same; empty ones if there are none."""
    return _found(lambda arguments: arguments[argument], always=True)


def _image_of_service(arguments: Mapping[str, Any]) -> object:
    """The image of the service; None where an update has them from elsewhere."""
    from .models.services import ServiceSpec

    spec = arguments["spec"]
    if arguments.get("registry_auth_from") or arguments.get("rollback") or not isinstance(spec, ServiceSpec):
        return None
    container = spec.task_template.container_spec
    return container.image if container is not None else None


found_for_service = _found(_image_of_service)
"""Credentials for the registry of a service's image."""


async def _find_all(client: Client, arguments: Mapping[str, Any]) -> _LookedUp:
    keychain = client.keychain
    if keychain is None or arguments["version"] == "2":  # BuildKit does not look at the header
        return _LookedUp()
    return _LookedUp(await keychain.find_all() or None)


all_found = looked_up(_find_all)
"""All credentials by registry, for a builder that does not say which it is going to ask."""
