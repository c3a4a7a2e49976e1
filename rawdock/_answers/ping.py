"""The answer to a ping, which is in its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from .._transport.messages import WireResponse
from ..models.ping import Ping

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ping_of"]


def ping_of(response: httpx.Response) -> Ping:
    """The answer to GET or HEAD /_ping."""
    if type(response) is not WireResponse:
        return _read_headers(response.headers)
    results = response.head.results  # kept while the Engine answers with the same head, within a second
    ping: Ping | None = results.get("ping")
    if ping is None:
        ping = results["ping"] = _read_headers(response.headers)
    return ping


def _read_headers(headers: Mapping[str, str]) -> Ping:
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
