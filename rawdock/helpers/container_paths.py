"""Paths inside a container, as the docker command takes them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from ..errors import InvalidArgument, NotFound, ServerError

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ArchiveStat

__all__ = ["absolute", "found", "whole_content"]


def absolute(where: str, path: object) -> str:
    """The path without `.`, `..` and a slash at its end; relative ones begin at the root."""
    if not isinstance(path, str):
        raise InvalidArgument(f"{where}: expected a path inside the container as text, got {type(path).__name__}")
    if not path or "\0" in path:
        raise InvalidArgument(f"{where}: {path!r} is no path inside a container")
    return posixpath.normpath("/" + path.lstrip("/"))


def whole_content(path: str) -> bool:
    """Whether what is in a folder is meant, not the folder: `folder/.`."""
    return path == "." or path.endswith("/.")


async def found(docker: Operations, container: str, path: str) -> tuple[str, ArchiveStat | None]:
    """What a path leads to, through links, and what is there; None if nothing is, or if it cannot be said.

    Of a link to nothing Docker still says where it leads; Podman says that it is not there. An error comes without
    words here, so it is left to the request that follows to fail with some.
    """
    try:
        stat = await docker.containers.archive_info(container, path=path)
        if not stat.is_link:
            return path, stat
        path = stat.link_target or path
        return path, await docker.containers.archive_info(container, path=path)
    except (NotFound, ServerError):
        return path, None
