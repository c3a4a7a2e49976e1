"""What takes more than one call of the API, each in a module of its own: here is only what a client shows of them.

A helper takes a `Docker` and uses its public operations, nothing below them. Its module is loaded when it is first
asked for, so that importing the client stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable

    from .._client import Docker
    from .copying import Copied

__all__ = ["Helpers"]


class Helpers:
    """The part of `Docker` that is more than one call."""

    async def copy_in(
        self,
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
        from .._tar.pack import Look
        from .copying import copy_in

        return await copy_in(
            cast("Docker", self),
            container,
            source,
            destination,
            follow_link=follow_link,
            parents=parents,
            look=Look(uid, gid, mode, mtime),
        )

    async def copy_out(
        self,
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
        from .copying import copy_out

        return await copy_out(
            cast("Docker", self),
            container,
            path,
            destination,
            follow_link=follow_link,
            unsafe=unsafe,
            keep_owner=keep_owner,
            max_size=max_size,
            max_members=max_members,
        )

    async def read_file(self, container: str, path: str, *, limit: int = 64 << 20) -> bytes:
        """The content of a file in a container, running or not; links are followed.

        Raises NotFound if the container or the file is not there, ArchiveError if it is no file or has more than
        `limit` bytes.
        """
        from .one_file import read_file

        return await read_file(cast("Docker", self), container, path, limit=limit)

    async def write_file(
        self,
        container: str,
        path: str,
        data: bytes | AsyncIterable[bytes],
        *,
        size: int | None = None,
        parents: bool = False,
        uid: int = 0,
        gid: int = 0,
        mode: int = 0o644,
        mtime: int | None = None,
    ) -> None:
        """Write a file in a container, running or not: a new one, or a new content.

        Where a link is there, what it leads to is written. `data` in parts needs its `size` in bytes beforehand.
        `mtime` is in seconds since 1970, now if left out. With `parents` missing folders are made, as Podman always
        does.

        Raises NotFound if the container or the folder is not there, BadRequest or ServerError if the path is a folder
        or read-only, ArchiveError if `data` is not of that size.
        """
        from .._tar.pack import Look
        from .one_file import write_file

        await write_file(
            cast("Docker", self), container, path, data, size=size, parents=parents, look=Look(uid, gid, mode, mtime)
        )
