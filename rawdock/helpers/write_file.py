"""`docker.write_file`: a single file in a container."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Literal

from .._checks import is_whole_number
from .._declare.params import upload_body
from .._iterators import close_iterator
from .._shown import shown
from .._tar.members import END, MemberAttributes, padding
from .._threads import READ_BATCH
from ..errors import ArchiveError, InvalidArgument
from .container_paths import absolute, follow_link, nearest_folder
from .container_user import check_owner, owned_by_container
from .file_by_exec import write_by_exec
from .memory_mounts import mounts_of, require_running, resolve

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["write_file"]


async def write_file(
    docker: Operations,
    container: str,
    path: str,
    data: bytes | AsyncIterable[bytes],
    *,
    size: int | None = None,
    parents: bool = False,
    uid: int = 0,
    gid: int = 0,
    owner: Literal["container"] | None = None,
    mode: int = 0o644,
    mtime: int | None = None,
) -> None:
    """Write a file in a container, running or not; an existing file is replaced.

    If the path is a symbolic link, its target is written. An async iterable as `data` needs the total `size` in bytes.
    It belongs to `uid` and `gid`, or with `owner="container"` to the user that the container runs as, looked up as in
    `copy_in`. `mtime` is in seconds since 1970, by default now. `parents` creates missing folders, as Podman always
    does.

    Raises NotFound if the container or the folder does not exist, BadRequest or ServerError if the path is a folder or
    read-only, and ArchiveError if `data` does not have `size` bytes. Routes: HEAD and PUT /containers/{id}/archive.

    Docker's archives do not reach what is in memory, as a tmpfs and `/dev/shm`: there the file is written by the shell
    of the container, also where its root is read-only. It raises NotSupported if there is none, and Conflict if the
    container does not run.
    Engines differ: docs/engines.md.
    """
    attributes = MemberAttributes(uid, gid, mode, mtime)
    attributes.check("write_file")
    check_owner("write_file", owner, attributes)
    resolved = absolute("write_file: path", path)
    if path.endswith(("/", "/.")):
        raise InvalidArgument(f"write_file: path: {shown(path)} is a folder; name the file in it")
    content = upload_body("write_file: data", data)
    if isinstance(content, bytes):
        if size is not None and size != len(content):
            raise InvalidArgument(f"write_file: size: {shown(size)} was given, and data has {len(content)} bytes")
        size = len(content)
    if not is_whole_number(size, 0):
        raise InvalidArgument("write_file: size: an archive begins with a file's size; give it with an async iterable")
    if owner is not None:
        attributes = await owned_by_container("write_file", docker, container, attributes)
    mounts = await mounts_of(docker, container, resolved)
    if mounts is None:
        resolved, existing = await follow_link(docker, container, resolved)
    else:
        resolved, place, existing = await resolve(docker, container, mounts, resolved)
        if place:
            require_running("write_file", mounts, resolved, place)
            whole = content if isinstance(content, bytes) else _counted(content, size)
            await write_by_exec(docker, container, resolved, place, whole, attributes, parents=parents)
            return
    folder, name = posixpath.split(resolved)
    missing: list[str] = []
    if parents and existing is None:
        folder, missing = await nearest_folder(docker, container, folder)
    start = attributes.folder_headers(missing) + attributes.file_header("/".join([*missing, name]), size)
    end = padding(size) + END
    archive = (
        start + content + end
        if isinstance(content, bytes) and size <= READ_BATCH
        else _archive(start, content, size, end)
    )
    await docker.containers.put_archive(container, archive, path=folder, no_overwrite_dir_non_dir=True)


async def _archive(start: bytes, content: bytes | AsyncIterable[bytes], size: int, end: bytes) -> AsyncIterator[bytes]:
    """The archive in parts, without a copy of the whole. Raises ArchiveError if the content has another size."""
    yield start
    if isinstance(content, bytes):
        view = memoryview(content)
        for position in range(0, size, READ_BATCH):
            yield bytes(view[position : position + READ_BATCH])
    else:
        async for part in _counted(content, size):
            yield part
    yield end


async def _counted(content: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    """The content; raises ArchiveError if it has another size."""
    received = 0
    try:
        async for part in content:
            received += len(part)
            if received > size:
                raise ArchiveError(f"write_file: data has more than the {size} bytes given as size")
            if part:
                yield part
    finally:
        await close_iterator(content)
    if received < size:
        raise ArchiveError(f"write_file: data has {received} bytes, not the {size} given as size")
