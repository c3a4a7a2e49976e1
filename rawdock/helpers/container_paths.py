"""Paths inside a container, with the rules of `docker cp`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from .._shown import shown
from ..errors import InvalidArgument, NotFound, ServerError

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ArchiveStat

__all__ = ["absolute", "follow_link", "means_content", "nearest_folder"]


def absolute(argument: str, path: object) -> str:
    """The absolute path without `.`, `..` and trailing slash; a relative path is taken from the root.

    Raises InvalidArgument, in the name of `argument`, for what is no path.
    """
    if not isinstance(path, str):
        raise InvalidArgument(f"{argument}: expected a path inside the container as text, got {type(path).__name__}")
    if not path or "\0" in path:
        raise InvalidArgument(f"{argument}: {shown(path)} is no path inside a container")
    return posixpath.normpath("/" + path.lstrip("/"))


def means_content(path: str) -> bool:
    """Whether the path means the content of a folder and not the folder itself, as `folder/.` does."""
    return path == "." or path.endswith("/.")


async def follow_link(docker: Operations, container: str, path: str) -> tuple[str, ArchiveStat | None]:
    """The path that `path` leads to through links, and the stat of it; None if there is nothing, or on an error.

    For a link to nothing Docker still returns the target, and Podman a 404. Errors of this request have no message, so
    it is left to the following request to fail with one.
    """
    try:
        stat = await docker.containers.archive_info(container, path=path)
        if not stat.is_link:
            return path, stat
        path = stat.link_target or path
        return path, await docker.containers.archive_info(container, path=path)
    except (NotFound, ServerError):
        return path, None


async def nearest_folder(docker: Operations, container: str, folder: str) -> tuple[str, list[str]]:
    """The lowest existing folder on the way to `folder`, and the names of the missing folders below it."""
    missing: list[str] = []
    while folder != "/":
        path, existing = await follow_link(docker, container, folder)
        if existing is not None:
            return path, missing
        folder, name = posixpath.split(folder)
        missing.insert(0, name)
    return folder, missing
