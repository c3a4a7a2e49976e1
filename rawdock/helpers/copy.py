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

from .._tar.members import MemberAttributes
from .._tar.pack import Packer
from .._tar.unpack import Destination, Skipped, Unpacker
from .._tar.walk import Walk
from .._threads import Batches, write_in_threads
from ..errors import InvalidArgument
from .container_paths import absolute, found, whole_content

if TYPE_CHECKING:
    from .._resources import Operations

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
    docker: Operations,
    container: str,
    source: str | os.PathLike[str],
    destination: str,
    *,
    follow_link: bool = False,
    parents: bool = False,
    uid: int | None = 0,
    gid: int | None = 0,
    mode: int | None = None,
    mtime: int | None = None,
) -> Copied:
    """Copy a file or a tree of this machine into a container, running or not (`docker cp`).

    The rules are the docker command's: into `destination` if that is a folder there, otherwise under that name;
    `folder/.` as a text means what is in the folder. A link is copied as a link, unless `follow_link` and it is
    the source itself. Sockets are left out, and the result says so. With `parents` missing folders are made, as
    Podman always does.

    `uid` and `gid` are the new owner, `mode` the permissions of files (folders may be entered by those who may
    read them), `mtime` is in seconds since 1970; None keeps what the files have.

    The tree is read while it is sent, by worker threads. Raises InvalidArgument if there is no such source,
    FileError if a file cannot be read, or gets shorter meanwhile; NotFound if the container or the folder is not
    there. What came before an error may stay in the container.
    """
    look = MemberAttributes(uid, gid, mode, mtime)
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


async def nearest(docker: Operations, container: str, folder: str) -> tuple[str, list[str]]:
    """The nearest folder that is there, and the names of those below it that are not."""
    missing: list[str] = []
    while folder != "/":
        path, there = await found(docker, container, folder)
        if there is not None:
            return path, missing
        folder, name = posixpath.split(folder)
        missing.insert(0, name)
    return folder, missing


def _place(text: str, whole: bool, called: str) -> Destination:
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
            return Destination(path, None)
        return Destination(above, os.path.basename(path), must_be="folder" if slash else "")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"copy_out: destination: {text!r} cannot be used: {reason}") from error
    if stat.S_ISDIR(mode):
        return Destination(path, None if whole else called)
    if whole or slash:
        raise InvalidArgument(f"copy_out: destination: {text!r} is no folder")
    return Destination(os.path.dirname(path), os.path.basename(path), must_be="file")


async def copy_out(
    docker: Operations,
    container: str,
    path: str,
    destination: str | os.PathLike[str],
    *,
    follow_link: bool = False,
    unsafe: Literal["raise", "skip"] = "raise",
    keep_owner: bool = False,
    max_size: int | None = 4 << 30,
    max_members: int | None = 100_000,
) -> Copied:
    """Copy a file or a tree out of a container, running or not (`docker cp`).

    The rules are the docker command's: into `destination` if that is a folder, otherwise under that name, and
    `folder/.` means what is in the folder. The archive is not trusted: names and links that lead out of the
    destination, devices and pipes raise an ArchiveError, or are left out with `unsafe="skip"`; nothing is written
    through a link; others may not write what was copied, and no file lends its owner's rights. Files that are
    there are replaced, folders stay as they are. `max_size` is in bytes, and like `max_members` None lifts it.

    Files belong to the caller, or with `keep_owner` to the container's numbers, which takes the rights to do so.
    Raises NotFound if the container or path is not there, and FileError for what cannot be written. After an error
    or when cancelled, what was complete stays, and the file that was not is removed.
    """
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
            await write_in_threads(archive, unpacker.feed)
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
