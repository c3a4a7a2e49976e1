"""A ping's answer is in its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from .._transport.messages import WireResponse
from .._transport.wire import Head
from ..models.ping import Ping

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ping_of"]

# Heads repeat while the Engine's clock shows the same second (wire.parse_head gives the same object): so do answers.
_last: tuple[Head | None, Ping] = (None, Ping())


def ping_of(response: httpx.Response) -> Ping:
    """The answer to GET or HEAD /_ping."""
    global _last
    if type(response) is not WireResponse:
        return _made(response.headers)
    head, ping = _last
    if response.head is not head:
        ping = _made(response.headers)
        _last = (response.head, ping)
    return ping


def _made(headers: Mapping[str, str]) -> Ping:
    get = headers.get
    return Ping(
        api_version=get("api-version") or "",
        os_type=get("ostype") or "",
        builder_version=get("builder-version") or "",
        docker_experimental=get("docker-experimental") == "true",
        swarm=get("swarm") or "",
        libpod_api_version=get("libpod-api-version") or "",
        server=get("server") or "",
    )
