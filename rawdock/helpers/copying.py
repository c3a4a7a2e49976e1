"""Files and folders into a container and out of one, with the rules of `docker cp`, as streams."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, cast

import anyio
import anyio.to_thread
import attrs

from .._batches import Batches, hand_over
from .._tar.members import Look
from .._tar.pack import Packer
from .._tar.unpack import Place, Skipped, Unpacker
from .._tar.walk import Walk
from ..errors import InvalidArgument
from .paths import absolute, found, whole_content

if TYPE_CHECKING:
    from .._client import Docker

__all__ = ["Copied", "copy_in", "copy_out", "nearest"]


@attrs.frozen
class Copied:
    """What a copy came to."""

    path: str
    """Of the file or folder at the destination."""
    members: int
    """Files, folders and links that were copied."""
    size: int
    """Of the files together, in bytes."""
    skipped: tuple[Skipped, ...]
    """What was left out, and why."""


@attrs.frozen
class _Source:
    """What is to go in: a path, what it is called there, and whether it is a folder."""

    path: str
    name: str
    folder: bool
    whole: bool


def _local(where: str, path: object) -> str:
    """A path of this machine."""
    text: object = os.fspath(cast("os.PathLike[str]", path)) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or not text:
        raise InvalidArgument(f"{where}: expected a path as text, got {text!r}")
    return text


def _source(path: str | os.PathLike[str], follow_link: bool) -> _Source:
    text = _local("copy_in: source", path)
    try:
        whole = whole_content(text)
        if whole or follow_link or text.endswith("/"):
            mode = os.stat(text).st_mode
            at = os.path.realpath(text)
        else:
            mode = os.lstat(text).st_mode
            at = os.path.abspath(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"copy_in: source: {text!r} cannot be read: {reason}") from error
    return _Source(at, os.path.basename(os.path.abspath(text)) or "root", stat.S_ISDIR(mode), whole)


async def copy_in(
    docker: Docker,
    container: str,
    source: str | os.PathLike[str],
    destination: str,
    *,
    follow_link: bool,
    parents: bool,
    look: Look,
) -> Copied:
    look.checked("copy_in")
    path = absolute("copy_in: destination", destination)
    taken = await anyio.to_thread.run_sync(_source, source, follow_link)
    path, there = await found(docker, container, path)
    into = path == "/" or (there.is_folder if there else destination.endswith("/") and not taken.folder)
    if into:
        folder, name = path, "" if taken.whole else taken.name
    else:
        folder, name = posixpath.split(path)
    made: list[str] = []
    if parents and there is None:
        folder, made = await nearest(docker, container, folder)
    walk = Walk(taken.path)
    packer = Packer(walk, look)
    prefix = "/".join(made)

    def archive() -> Generator[bytes, None, None]:
        yield look.of_folders(made)
        yield from packer.pieces(posixpath.join(prefix, name))

    batches = Batches(archive())
    try:
        await docker.containers.put_archive(container, batches, path=folder, no_overwrite_dir_non_dir=True)
    finally:
        await batches.aclose()
    return Copied(
        path=posixpath.join(folder, prefix, name).rstrip("/") or "/",
        members=packer.members,
        size=packer.size,
        skipped=tuple(Skipped(socket, "it is a socket") for socket in walk.sockets),
    )


async def nearest(docker: Docker, container: str, folder: str) -> tuple[str, list[str]]:
    """The nearest folder that is there, and the names of those below it that are not."""
    missing: list[str] = []
    while folder != "/":
        path, there = await found(docker, container, folder)
        if there is not None:
            return path, missing
        folder, name = posixpath.split(folder)
        missing.insert(0, name)
    return folder, missing


def _place(text: str, whole: bool, called: str) -> Place:
    """Where it is to go; nothing is made yet."""
    slash = text.endswith(("/", "/."))
    path = os.path.realpath(text)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        above = os.path.dirname(path)
        if not os.path.isdir(above):
            raise InvalidArgument(f"copy_out: destination: there is no folder {above!r}; make it first") from None
        if whole:
            return Place(path, None)
        return Place(above, os.path.basename(path), must_be="folder" if slash else "")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"copy_out: destination: {text!r} cannot be used: {reason}") from error
    if stat.S_ISDIR(mode):
        return Place(path, None if whole else called)
    if whole or slash:
        raise InvalidArgument(f"copy_out: destination: {text!r} is no folder")
    return Place(os.path.dirname(path), os.path.basename(path), must_be="file")


async def copy_out(
    docker: Docker,
    container: str,
    path: str,
    destination: str | os.PathLike[str],
    *,
    follow_link: bool,
    unsafe: Literal["raise", "skip"],
    keep_owner: bool,
    max_size: int | None,
    max_members: int | None,
) -> Copied:
    asked = absolute("copy_out: path", path)
    if unsafe not in ("raise", "skip"):
        raise InvalidArgument(f"copy_out: unsafe: {unsafe!r} is not one of 'raise', 'skip'")
    for name, limit in (("max_size", max_size), ("max_members", max_members)):
        if limit is not None and (type(limit) is not int or limit < 0):
            raise InvalidArgument(f"copy_out: {name}: expected a number from 0, or None, got {limit!r}")
    text = _local("copy_out: destination", destination)
    whole = whole_content(path) or asked == "/"
    called = posixpath.basename(asked)
    place = await anyio.to_thread.run_sync(_place, text, whole, called)
    if follow_link and not whole:
        asked, _ = await found(docker, container, asked)
    unpacker = Unpacker(
        place, skip_unsafe=unsafe == "skip", keep_owner=keep_owner, max_size=max_size, max_members=max_members
    )
    asked += "/." if whole and asked != "/" else "/" if path.endswith("/") and asked != "/" else ""
    async with docker.containers.archive(container, path=asked) as archive:
        try:
            await hand_over(archive, unpacker.feed)
            await anyio.to_thread.run_sync(unpacker.finish)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(unpacker.abort)
    return Copied(
        path=os.path.join(place.folder, place.name or "").rstrip("/") or "/",
        members=unpacker.copied,
        size=unpacker.size,
        skipped=tuple(unpacker.skipped),
    )
