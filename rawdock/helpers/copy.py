"""`docker.copy_in` and `docker.copy_out`: copy files and folders, with the rules of `docker cp`."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs

from .._checks import local_path
from .._shown import shown
from .._tar.members import MemberAttributes
from .._tar.pack import Packer
from .._tar.unpack import Destination, Skipped, Unpacker
from .._tar.walk import Walk
from .._threads import Batches, FileWork, run_in_thread, write_in_threads
from ..errors import InvalidArgument
from .container_paths import absolute, means_content, nearest_folder
from .container_paths import follow_link as follow_container_link
from .container_user import check_owner, owned_by_container
from .memory_mounts import OUT_OF_REACH, MemoryMounts, mounts_of, out_of_reach, resolve

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["Copied", "copy_in", "copy_out"]


@attrs.frozen
class Copied:
    """The result of a copy."""

    path: str
    """The path of the copied file or folder at the destination."""
    members: int
    """The number of files, folders and links that were copied."""
    size: int
    """The total size of the files in bytes."""
    skipped: tuple[Skipped, ...]
    """What was not copied, and why."""


@attrs.frozen
class _Source:
    """A file or folder of this machine that is copied into a container."""

    path: str
    name: str
    """Its name in the container, if the destination is a folder."""
    is_folder: bool
    content_only: bool
    """Whether the content of the folder is copied and not the folder itself."""


def _find_source(path: str | os.PathLike[str], follow_link: bool) -> _Source:
    text = local_path("copy_in: source", path)
    try:
        content_only = means_content(text)
        if content_only or follow_link or text.endswith("/"):
            mode = os.stat(text).st_mode
            absolute_path = os.path.realpath(text)
        else:
            mode = os.lstat(text).st_mode
            absolute_path = os.path.abspath(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"copy_in: source: {shown(text)} cannot be read: {reason}") from error
    name = os.path.basename(os.path.abspath(text)) or "root"
    return _Source(absolute_path, name, stat.S_ISDIR(mode), content_only)


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
    owner: Literal["container"] | None = None,
    mode: int | None = None,
    mtime: int | None = None,
) -> Copied:
    """Copy a file or folder of this machine into a container, running or not (`docker cp`).

    As with the docker command, the source is copied into `destination` if that is a folder, and otherwise under that
    name; `"folder/."` copies the content of a folder. A symbolic link is copied as a link, unless it is the source
    itself and `follow_link` is set. Sockets are skipped and reported in the result. `parents` creates missing folders,
    as Podman always does.

    `uid` and `gid` are the new owner, `mode` the permissions of files (a folder can also be entered by those who can
    read it), `mtime` is in seconds since 1970; None keeps the value of each file. `owner="container"` means the user
    that the container runs as: names are looked up in its `/etc/passwd` and `/etc/group`, as the Engine does when it
    starts it, and NotFound is raised if they are not there.

    Files are read by worker threads while they are sent. Raises InvalidArgument if there is no such source, FileError
    if a file cannot be read or shrinks meanwhile, and NotFound if the container or the folder does not exist. After an
    error, files that were sent before may remain in the container. Routes: HEAD and PUT /containers/{id}/archive, and
    with `owner` GET of that and of /containers/{id}/json.
    Engines differ: docs/engines.md.
    """
    attributes = MemberAttributes(uid, gid, mode, mtime)
    attributes.check("copy_in")
    check_owner("copy_in", owner, attributes)
    path = absolute("copy_in: destination", destination)
    local = await run_in_thread(partial(_find_source, source, follow_link), f"copy_in from {shown(source)}")
    if owner is not None:
        attributes = await owned_by_container("copy_in", docker, container, attributes)
    mounts = await mounts_of(docker, container, path)
    if mounts is None:
        path, existing = await follow_container_link(docker, container, path)
    else:
        path, place, existing = await resolve(docker, container, mounts, path)
        if place:
            raise out_of_reach("copy_in", path, place)
    into = path == "/" or (existing.is_folder if existing else destination.endswith("/") and not local.is_folder)
    if into:
        folder, name = path, "" if local.content_only else local.name
    else:
        folder, name = posixpath.split(path)
    missing: list[str] = []
    if parents and existing is None:
        folder, missing = await nearest_folder(docker, container, folder)
    if mounts is not None:
        await _refuse_hidden(mounts, local, posixpath.join(folder, *missing, name))
    walk = Walk(local.path)
    packer = Packer(walk, attributes)
    prefix = "/".join(missing)

    def archive() -> Generator[bytes, None, None]:
        yield attributes.folder_headers(missing)
        yield from packer.chunks(posixpath.join(prefix, name))

    batches = Batches(archive(), what=f"copy_in from {local.path}")
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


async def _refuse_hidden(mounts: MemoryMounts, local: _Source, destination: str) -> None:
    """Refuse a copy of which a part would go where archives do not reach."""
    for place in mounts.below(destination) if local.is_folder else ():
        relative = posixpath.relpath(place, destination)
        if await run_in_thread(partial(os.path.lexists, os.path.join(local.path, relative))):
            raise out_of_reach("copy_in", place, place)


def _find_destination(text: str, content_only: bool, source_name: str) -> Destination:
    """The destination of `copy_out` by the rules of `docker cp`. Creates nothing yet."""
    slash = text.endswith(("/", "/."))
    path = os.path.realpath(text)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            raise InvalidArgument(
                f"copy_out: destination: there is no folder {shown(parent)}; create it first"
            ) from None
        if content_only:
            return Destination(path, None)
        return Destination(parent, os.path.basename(path), must_be="folder" if slash else "")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidArgument(f"copy_out: destination: {shown(text)} cannot be used: {reason}") from error
    if stat.S_ISDIR(mode):
        return Destination(path, None if content_only else source_name)
    if content_only or slash:
        raise InvalidArgument(f"copy_out: destination: {shown(text)} is no folder")
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
    """Copy a file or folder out of a container, running or not (`docker cp`).

    As with the docker command, it is copied into `destination` if that is a folder, and otherwise under that name;
    `folder/.` copies the content of a folder. Existing files are replaced; existing folders keep their attributes.

    The archive is not trusted. Names and links that lead out of the destination, devices and pipes raise an
    ArchiveError, or are skipped with `unsafe="skip"`. Nothing is written through a symbolic link, and write permissions
    of others and setuid bits are removed. `max_size` (bytes) and `max_members` limit the copy; None is no limit.

    Files belong to the caller, or with `keep_owner` to the same uid and gid as in the container, which usually takes
    root. Raises NotFound if the container or path does not exist, and FileError if a file cannot be written. After an
    error or a cancellation complete files remain, and the incomplete one is removed. Route:
    GET /containers/{id}/archive.
    Engines differ: docs/engines.md.
    """
    source = absolute("copy_out: path", path)
    if unsafe not in ("raise", "skip"):
        raise InvalidArgument(f"copy_out: unsafe: {shown(unsafe)} is not one of 'raise', 'skip'")
    for name, limit in (("max_size", max_size), ("max_members", max_members)):
        if limit is not None and (type(limit) is not int or limit < 0):
            raise InvalidArgument(f"copy_out: {name}: expected a number from 0, or None, got {shown(limit)}")
    text = local_path("copy_out: destination", destination)
    content_only = means_content(path) or source == "/"
    name = posixpath.basename(source)
    target = await run_in_thread(partial(_find_destination, text, content_only, name), f"copy_out to {shown(text)}")
    mounts = await mounts_of(docker, container, source)
    if follow_link and not content_only:
        source, _ = await follow_container_link(docker, container, source)
    hidden: list[str] = []
    if mounts is not None:
        # A link at the end is copied as a link, unless the content of what it leads to is meant.
        last = "" if content_only or path.endswith("/") else posixpath.basename(source)
        real, place, _ = await resolve(docker, container, mounts, posixpath.dirname(source) if last else source)
        real = posixpath.join(real, last) if last else real
        if place := place or mounts.mount_of(real):
            raise out_of_reach("copy_out", real, place)
        hidden = mounts.below(real)
    unpacker = Unpacker(
        target, skip_unsafe=unsafe == "skip", keep_owner=keep_owner, max_size=max_size, max_members=max_members
    )
    source += "/." if content_only and source != "/" else "/" if path.endswith("/") and source != "/" else ""
    async with docker.containers.archive(container, path=source) as archive:
        work = FileWork(f"copy_out to {shown(text)}")
        try:
            await write_in_threads(archive, unpacker.feed, work)
            await work.run(unpacker.finish)
        finally:
            await work.close(unpacker.abort)
    return Copied(
        path=os.path.join(target.folder, target.name or "").rstrip("/") or "/",
        members=unpacker.copied,
        size=unpacker.size,
        skipped=(*unpacker.skipped, *(Skipped(place, OUT_OF_REACH) for place in hidden)),
    )
