"""The source of a build: a folder, the text of a Dockerfile, or an archive."""

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

_DOCKERIGNORE = ".dockerignore"


class Source(NamedTuple):
    """The arguments of `docker.build` that say what to build."""

    context: str | os.PathLike[str] | Content | None
    dockerfile: str | bytes | None
    file: str | os.PathLike[str] | None
    mtime: int | None
    compress: bool

    def check(self) -> None:
        """Raise InvalidArgument for arguments that do not go together."""
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
            raise InvalidArgument("build: an archive contains its Dockerfile; give its path in the archive as file")
        if self.compress or self.mtime is not None:
            raise InvalidArgument("build: an archive is sent unchanged; compress and mtime are for folders")

    async def prepare(self, *, engine_applies_dockerignore: bool) -> Context:
        """The context to send. Raises InvalidArgument for a missing folder or Dockerfile and for invalid rules.

        `engine_applies_dockerignore` is set for an Engine that itself reads the `.dockerignore` in the context and
        removes what it excludes: the classic builder the Dockerfile and the rules, Podman any file.
        """
        if isinstance(self.context, (str, os.PathLike)):
            return await to_thread.run_sync(self._prepare_folder, os.path.abspath(self.context), engine_applies_dockerignore)
        if self.context is not None:
            return Context(self.context, os.fspath(self.file) if self.file is not None else None)
        content = _encode(cast("str | bytes", self.dockerfile))
        member = tarfile.TarInfo("Dockerfile")
        member.size, member.mtime = len(content), self.mtime or 0
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(member, io.BytesIO(content))
        return Context(out.getvalue(), None)

    def _prepare_folder(self, folder: str, engine_applies_dockerignore: bool) -> Context:
        if not os.path.isdir(folder):
            problem = "is not a folder" if os.path.exists(folder) else "does not exist"
            raise InvalidArgument(f"build: the context {folder} {problem}")
        root = os.path.realpath(folder)
        added: dict[str, bytes] = {}
        always: set[str] = set()
        if self.dockerfile is not None:
            name, own_rules_path = _add_external_dockerfile(_encode(self.dockerfile), added), ""
        else:
            path, inside = _find_dockerfile(root, self.file)
            own_rules_path = path + _DOCKERIGNORE
            if inside is not None:
                name = inside
                always.add(name)
            else:
                name = _add_external_dockerfile(_read(path), added)
        rules, own = _find_rules(root, own_rules_path)
        if engine_applies_dockerignore:
            always |= {_DOCKERIGNORE, *own}
            if added:
                # The Engine removes excluded files only after it has read the Dockerfile.
                added[_DOCKERIGNORE] = _rules_for_engine(root) + f"\n{name}\n".encode()
        try:
            matcher = Rules(rules)
        except InvalidArgument as error:
            raise InvalidArgument(f"build: {error}") from error
        parts = archive_of(root, matcher, always=always, added=added, mtime=self.mtime)
        return Context(Batches(parts, compress=self.compress), name)


class Context(NamedTuple):
    """The archive to send."""

    content: bytes | AsyncIterable[bytes]
    dockerfile: str | None
    """The path of the Dockerfile in the archive; None for `Dockerfile`."""

    async def aclose(self) -> None:
        """Close the open files of an archive that was not sent."""
        if isinstance(self.content, Batches):
            await self.content.aclose()


def _add_external_dockerfile(content: bytes, added: dict[str, bytes]) -> str:
    """Add a Dockerfile from outside the context, under a name made from its hash. Returns the name."""
    name = f".dockerfile.{hashlib.sha256(content).hexdigest()[:20]}"
    added[name] = content
    return name


def _encode(dockerfile: str | bytes) -> bytes:
    return dockerfile.encode() if isinstance(dockerfile, str) else bytes(dockerfile)


def _find_dockerfile(root: str, file: str | os.PathLike[str] | None) -> tuple[str, str | None]:
    """The path of the Dockerfile, and its path relative to the folder; None for a Dockerfile outside of it."""
    if file is None:
        usual = next((name for name in ("Dockerfile", "dockerfile") if _exists(root, name)), "Dockerfile")
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
        raise InvalidArgument(f"build: the Dockerfile {path} is outside of the folder; give an absolute path as file")
    return path, None


def _find_rules(root: str, own_rules_path: str) -> tuple[list[str], list[str]]:
    """The rules from the file that belongs to the Dockerfile, or else from the folder's `.dockerignore`; and the path
    of the former if it is in the folder."""
    if own_rules_path and os.path.isfile(own_rules_path):
        inside = os.path.relpath(own_rules_path, root)
        return read_rules(_read(own_rules_path)), [inside] if inside.split("/")[0] != ".." else []
    if _exists(root, _DOCKERIGNORE):
        return read_rules(_read(os.path.join(root, _DOCKERIGNORE))), []
    return [], []


def _rules_for_engine(root: str) -> bytes:
    """The folder's `.dockerignore`, for the Engine. If it is a symbolic link, its target may be outside of the folder
    and is not sent: rawdock has applied the rules already."""
    path = os.path.join(root, _DOCKERIGNORE)
    if not _exists(root, _DOCKERIGNORE) or os.path.islink(path):
        return _DOCKERIGNORE.encode()
    return _read(path, os.O_NOFOLLOW)


def _exists(root: str, name: str) -> bool:
    return os.path.lexists(os.path.join(root, name))


def _read(path: str, flags: int = 0) -> bytes:
    try:
        # Do not block on a pipe, and do not read from a device, which may never end.
        with open(path, "rb", opener=lambda path, usual: os.open(path, usual | os.O_NONBLOCK | flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{path} cannot be read: it is not a file", path=path)
            return file.read()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}", path=path) from error
