"""Connections to BuildKit: gRPC over HTTP/2 without TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .._declare.endpoint import endpoint
from .._declare.params import header, header_text, header_texts
from .._resource import Resource
from .._streams.faces.contexts import Opens

if TYPE_CHECKING:
    from .._streams.faces.duplex import Duplex

__all__ = ["Session"]


class Session(Resource):
    """Raw connections to BuildKit. The bytes on them are HTTP/2, which rawdock does not interpret."""

    __slots__ = ()

    @endpoint("POST /session", upgrade="h2c")
    def open(
        self,
        *,
        uuid: Annotated[str, header("X-Docker-Expose-Session-Uuid", header_text)],
        name: Annotated[str | None, header("X-Docker-Expose-Session-Name", header_text)] = None,
        shared_key: Annotated[str | None, header("X-Docker-Expose-Session-Sharedkey", header_text)] = None,
        methods: Annotated[list[str] | None, header("X-Docker-Expose-Session-Grpc-Method", header_texts)] = None,
    ) -> Opens[Duplex]:
        """Offer services to builds of the session `uuid`: the Engine is the HTTP/2 client, and calls `methods`.

        Enter it. A build that names the session in `images.build(session=...)` can then ask for files, secrets, ...
        Deprecated by the Engine since API 1.53. Route: POST /session.
        """
        ...

    @endpoint("POST /grpc", upgrade="h2c")
    def grpc(self) -> Opens[Duplex]:
        """Connect to the gRPC services of BuildKit: the caller is the HTTP/2 client.

        Enter it. Undocumented, and deprecated by the Engine since API 1.53. Route: POST /grpc.
        """
        ...
