"""What is to be built: a folder, a Dockerfile as text, or an archive that is ready."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, NamedTuple, cast

from anyio import to_thread

from .._threads import Batches
from ..errors import FileError, InvalidArgument
from .context import archive_of
from .ignore import Rules, read_rules

if TYPE_CHECKING:
    from .._types import Content

__all__ = ["Context", "Source"]

_IGNORE = ".dockerignore"


class Source(NamedTuple):
    """What the caller gave."""

    context: str | os.PathLike[str] | Content | None
    dockerfile: str | bytes | None
    file: str | os.PathLike[str] | None
    mtime: int | None
    compress: bool

    def check(self) -> None:
        """Raise InvalidArgument for what does not go together."""
        folder = isinstance(self.context, (str, os.PathLike))
        if self.dockerfile is not None and self.file is not None:
            raise InvalidArgument("build: give dockerfile, its text, or file, its path; not both")
        if self.context is None and self.dockerfile is None:
            raise InvalidArgument("build: give a folder or an archive as context, or a Dockerfile's text as dockerfile")
        if self.context is None or folder:
            return
        if not isinstance(self.context, (bytes, bytearray)) and not hasattr(self.context, "__aiter__"):
            raise InvalidArgument(
                f"build: context is a folder's path, an archive as bytes or an async iterable of bytes, "
                f"not {type(self.context).__name__}"
            )
        if self.dockerfile is not None:
            raise InvalidArgument("build: an archive has its Dockerfile in it; give file to say where")
        if self.compress or self.mtime is not None:
            raise InvalidArgument("build: an archive is sent as it is; compress and mtime are for folders")

    async def prepared(self, *, engine_applies_dockerignore: bool) -> Context:
        """What to send. Raises InvalidArgument for a folder or a Dockerfile that is not there, and for bad rules.

        `engine_applies_dockerignore` is an Engine that looks for the rules itself, and takes what they leave out away again: the
        classic builder its Dockerfile and rules, Podman all.
        """
        if isinstance(self.context, (str, os.PathLike)):
            return await to_thread.run_sync(self._folder, os.path.abspath(self.context), engine_applies_dockerignore)
        if self.context is not None:
            return Context(self.context, os.fspath(self.file) if self.file is not None else None)
        content = _encoded(cast("str | bytes", self.dockerfile))
        member = tarfile.TarInfo("Dockerfile")
        member.size, member.mtime = len(content), self.mtime or 0
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(member, io.BytesIO(content))
        return Context(out.getvalue(), None)

    def _folder(self, folder: str, engine_applies_dockerignore: bool) -> Context:
        if not os.path.isdir(folder):
            what = "is no folder" if os.path.exists(folder) else "is not there"
            raise InvalidArgument(f"build: the context {folder} {what}")
        root = os.path.realpath(folder)
        added: dict[str, bytes] = {}
        always: set[str] = set()
        if self.dockerfile is not None:
            name, beside = _add_external_dockerfile(_encoded(self.dockerfile), added), ""
        else:
            path, inside = _dockerfile(root, self.file)
            beside = path + _IGNORE
            if inside is not None:
                name = inside
                always.add(name)
            else:
                name = _add_external_dockerfile(_read(path), added)
        rules, own = _rules(root, beside)
        if engine_applies_dockerignore:
            always |= {_IGNORE, *own}
            if added:
                # The Engine takes away what it is told to leave out, when it has read it.
                added[_IGNORE] = _sent_rules(root) + f"\n{name}\n".encode()
        try:
            matcher = Rules(rules)
        except InvalidArgument as error:
            raise InvalidArgument(f"build: {error}") from error
        parts = archive_of(root, matcher, always=always, added=added, mtime=self.mtime)
        return Context(Batches(parts, compress=self.compress), name)


class Context(NamedTuple):
    """What to send."""

    content: bytes | AsyncIterable[bytes]
    dockerfile: str | None
    """Its path in there; None for the usual one."""

    async def aclose(self) -> None:
        """Close the files that are open, where nothing was sent."""
        if isinstance(self.content, Batches):
            await self.content.aclose()


def _add_external_dockerfile(content: bytes, added: dict[str, bytes]) -> str:
    """Put a Dockerfile from outside into the context, by a name that only the same one has."""
    name = f".dockerfile.{hashlib.sha256(content).hexdigest()[:20]}"
    added[name] = content
    return name


def _encoded(dockerfile: str | bytes) -> bytes:
    return dockerfile.encode() if isinstance(dockerfile, str) else bytes(dockerfile)


def _dockerfile(root: str, file: str | os.PathLike[str] | None) -> tuple[str, str | None]:
    """Where the Dockerfile is, and its path in the folder; None for one that is elsewhere."""
    if file is None:
        usual = next((name for name in ("Dockerfile", "dockerfile") if _there(root, name)), "Dockerfile")
        path = os.path.join(root, usual)
    else:
        path = os.path.join(root, os.fspath(file))
    real = os.path.realpath(path)
    if not os.path.isfile(real):
        raise InvalidArgument(f"build: there is no Dockerfile {path}; give its path as file, or its text as dockerfile")
    inside = os.path.relpath(real, root)
    if inside.split("/")[0] != "..":
        return path, inside
    if file is None or not os.path.isabs(os.fspath(file)):
        raise InvalidArgument(f"build: the Dockerfile {path} leads out of the folder; give its whole path as file")
    return path, None


def _rules(root: str, beside: str) -> tuple[list[str], list[str]]:
    """The rules for this Dockerfile: in a file named after it, or those of the folder. And the former's path."""
    if beside and os.path.isfile(beside):
        inside = os.path.relpath(beside, root)
        return read_rules(_read(beside)), [inside] if inside.split("/")[0] != ".." else []
    if _there(root, _IGNORE):
        return read_rules(_read(os.path.join(root, _IGNORE))), []
    return [], []


def _sent_rules(root: str) -> bytes:
    """The folder's own rules, for the Engine. What they lead to if they are a link may be no part of the folder, and is
    not sent: they have been followed here already."""
    path = os.path.join(root, _IGNORE)
    if not _there(root, _IGNORE) or os.path.islink(path):
        return _IGNORE.encode()
    return _read(path, os.O_NOFOLLOW)


def _there(root: str, name: str) -> bool:
    return os.path.lexists(os.path.join(root, name))


def _read(path: str, flags: int = 0) -> bytes:
    try:
        # A pipe is not waited for, and a device may have no end.
        with open(path, "rb", opener=lambda path, usual: os.open(path, usual | os.O_NONBLOCK | flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{path} cannot be read: it is no file", path=path)
            return file.read()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", path=path) from error
