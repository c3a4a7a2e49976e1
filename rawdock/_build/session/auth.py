"""The auth service: credentials for registries. The Engine fetches tokens with them by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import attrs

from ..._credentials.entries import HUB
from ...errors import InvalidArgument
from .call import Methods, unary
from .messages import credentials_response, first_text

if TYPE_CHECKING:
    from ...models import AuthConfig

__all__ = ["HUB", "Login", "auth_methods", "find_login", "logins"]

Find = Callable[[str], Awaitable["AuthConfig | None"]]
"""Finds the credentials for a registry that the caller gave none for."""

_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


@attrs.frozen
class Login:
    """What a registry, or the server that hands out its tokens, is shown."""

    username: str = attrs.field(repr=False)
    """Empty where the secret is an identity token."""
    secret: str = attrs.field(repr=False)


def logins(registry_config: Mapping[str, AuthConfig]) -> dict[str, Login]:
    """Credentials by registry, as a session can send them; raises InvalidArgument for those that it cannot."""
    found: dict[str, Login] = {}
    for registry, auth in registry_config.items():
        if auth.registrytoken.reveal():
            raise InvalidArgument(
                f"registry_config[{registry!r}]: a build with BuildKit cannot use a registrytoken: give username and "
                "password, or an identitytoken"
            )
        if login := _login(auth):
            found[registry] = login
    return found


def _login(auth: AuthConfig) -> Login | None:
    if token := auth.identitytoken.reveal():
        return Login("", token)
    if auth.username or auth.password.reveal():
        return Login(auth.username, auth.password.reveal())
    return None


def find_login(logins: Mapping[str, Login], host: str) -> Login | None:
    """The credentials for the host (`registry:5000`) by which the Engine asks.

    A key is the host, or an address on it with scheme and path; Docker Hub's is `HUB`.
    """
    hub = host in _HUB_HOSTS
    if exact := logins.get(HUB if hub else host):
        return exact
    for registry, login in logins.items():
        of = _host(registry)
        if of == host or (hub and of in _HUB_HOSTS):
            return login
    return None


def _host(registry: str) -> str:
    return registry.removeprefix("http://").removeprefix("https://").partition("/")[0]


def auth_methods(logins: Mapping[str, Login], find: Find | None = None) -> Methods:
    """The caller's credentials, or else those that `find` finds, once for each host that the Engine asks about.

    An empty answer where there are none: the Engine goes on as nobody.
    """

    async def credentials(request: bytes) -> bytes:
        host = first_text(request)
        login = find_login(logins, host)
        if login is None and find is not None:
            found = await find("docker.io" if host in _HUB_HOSTS else host)
            login = _login(found) if found is not None else None
        return credentials_response(login.username, login.secret) if login else b""

    return {"/moby.filesync.v1.Auth/Credentials": unary(credentials)}
