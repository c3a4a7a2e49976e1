"""Registry credentials as the Engine reads them: URL-safe base64 of JSON, with padding.

With another alphabet, or without the padding, the Engine ignores them silently and continues without credentials.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

from ._shown import shown
from .errors import InvalidArgument

if TYPE_CHECKING:
    from ._reference import Reference
    from .models import AuthConfig

__all__ = ["anonymous", "encode_auth", "encode_auths", "for_registry"]


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


def anonymous() -> AuthConfig:
    """Empty credentials, for pushes without any: older Engines refuse a push without the header."""
    from .models.system import AuthConfig

    return AuthConfig()
