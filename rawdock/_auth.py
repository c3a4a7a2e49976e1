"""Registry credentials as the Engine takes them: URL-safe base64 of JSON, with padding.

In another alphabet, or without the padding, the Engine drops them silently and goes on as nobody.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, cast

from .errors import InvalidArgument

if TYPE_CHECKING:
    from ._reference import Reference
    from .models import AuthConfig

__all__ = ["encoded", "encoded_many", "for_registry", "nobody"]


def encoded(where: str, value: Any) -> str:
    """The value of X-Registry-Auth."""
    from ._models.codec import encode_json
    from .models.system import AuthConfig

    if not isinstance(value, AuthConfig):
        raise InvalidArgument(f"{where}: expected AuthConfig, got {type(value).__name__}")
    return base64.urlsafe_b64encode(encode_json(value)).decode()


def encoded_many(where: str, value: Any) -> str:
    """The value of X-Registry-Config: credentials by registry."""
    from ._models.codec import encode_json
    from .models.system import AuthConfig

    if not isinstance(value, dict):
        raise InvalidArgument(f"{where}: expected a dict of AuthConfig by registry, got {type(value).__name__}")
    for registry, one in cast("dict[Any, Any]", value).items():
        if not isinstance(registry, str) or not isinstance(one, AuthConfig):
            raise InvalidArgument(f"{where}[{registry!r}]: expected AuthConfig, got {type(one).__name__}")
    return base64.urlsafe_b64encode(encode_json(value)).decode()


def for_registry(value: AuthConfig | None, reference: Reference) -> AuthConfig | None:
    """Credentials without an address are for the registry of the image: containerd's image store uses no others."""
    from .models.system import AuthConfig

    if not isinstance(value, AuthConfig) or value.serveraddress:
        return value
    return value.replace(serveraddress=reference.registry)


def nobody() -> AuthConfig:
    """A push without the header is refused by older Engines."""
    from .models.system import AuthConfig

    return AuthConfig()
