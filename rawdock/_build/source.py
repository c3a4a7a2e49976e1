"""The source of a build: a folder, the text of a Dockerfile, or an archive."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import tarfile
from collections.abc import AsyncIterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, cast


from .._threads import Batches, run_in_thread
from .._checks import is_whole_number, local_path
from .._shown import cannot_be_sent, shortened, shown
from ..errors import FileError, InvalidArgument
from .archives import PeekedParts, for_buildkit, with_root_entry
from .context import Added, archive_of
from .ignore import Rules, read_rules
from .session.sources import DiskFolder, FolderSource, MemoryFolder

if TYPE_CHECKING:
    from .._types import Content

__all__ = ["Context", "Receiver", "Source"]

Receiver = Literal["classic", "buildkit", "session"]
"""Who takes the context: a builder that applies the rules itself and takes away again what they leave out (the classic
one its Dockerfile and rules, Podman all), BuildKit an archive, or BuildKit by difference in a session."""

_DOCKERIGNORE = ".dockerignore"
_PLAIN_NAME = re.compile(r"[\w.-]+")


class Source(NamedTuple):
    """The arguments of `docker.build` that say what to build."""

    context: str | os.PathLike[str] | Content | None
    dockerfile: str | bytes | None
    file: str | os.PathLike[str] | None
    mtime: int | None = None
    compress: bool = False
    remote: str | None = None
    transfer: str | None = None
    shared_key: str | None = None

    @property
    def folder(self) -> bool:
        """Whether the context is a folder of this machine."""
        return isinstance(self.context, (str, os.PathLike))

    @property
    def by_difference(self) -> bool:
        """Whether BuildKit is to take of the folder only what it does not have."""
        return self.folder and self.transfer is None and not self.compress

    def check(self) -> None:
        """Raise InvalidArgument for arguments that do not go together."""
        if self.dockerfile is not None:
            _encode(self.dockerfile)
        if self.mtime is not None and not is_whole_number(self.mtime, 0):
            raise InvalidArgument(f"build: mtime: expected seconds since 1970, got {shown(self.mtime)}")
        for name, path in (("context", self.context if self.folder else None), ("file", self.file)):
            if path is not None:
                local_path(f"build: {name}", path)
        if self.dockerfile is not None and self.file is not None:
            raise InvalidArgument("build: give dockerfile, its text, or file, its path; not both")
        if self.transfer not in (None, "tar"):
            raise InvalidArgument(f"build: context_transfer is 'tar' or left out, not {shown(self.transfer)}")
        self._check_key()
        if self.remote is not None:
            self._check_remote()
            return
        if self.context is None and self.dockerfile is None:
            raise InvalidArgument("build: give a folder or an archive as context, or a Dockerfile's text as dockerfile")
        if self.context is None or self.folder:
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

    def _check_key(self) -> None:
        if self.shared_key is None:
            return
        if not self.by_difference or self.mtime is not None:
            raise InvalidArgument(
                "build: shared_key is for a folder that is sent by difference: without mtime, compress and "
                "context_transfer='tar'"
            )
        key = self.shared_key
        if not isinstance(key, str) or not key or not key.isascii() or not key.isprintable():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"build: shared_key: expected printable ASCII, got {shown(key)}")

    def _check_remote(self) -> None:
        if not self.remote:
            raise InvalidArgument("build: remote is empty; give a URL that the Engine can fetch")
        if self.context is not None or self.dockerfile is not None:
            raise InvalidArgument("build: remote is the context, with its Dockerfile in it; give file to say where")
        if self.compress or self.mtime is not None:
            raise InvalidArgument("build: what remote leads to is fetched by the Engine; compress and mtime are for folders")

    async def prepare(self, receiver: Receiver) -> Context:
        """The context to send. Raises InvalidArgument for a missing folder or Dockerfile and for invalid rules."""
        file = os.fspath(self.file) if self.file is not None else None
        if isinstance(self.context, (str, os.PathLike)):
            return await run_in_thread(partial(self._prepare_folder, os.path.abspath(self.context), receiver), "build")
        if self.remote is not None:
            return Context(None, file)
        if self.context is not None:
            return Context(self.context if receiver == "classic" else await for_buildkit(self.context), file)
        content = _encode(cast("str | bytes", self.dockerfile))
        member = tarfile.TarInfo("Dockerfile")
        member.size, member.mtime = len(content), self.mtime or 0
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(member, io.BytesIO(content))
        return Context(out.getvalue(), None)

    def _prepare_folder(self, folder: str, receiver: Receiver) -> Context:
        if not os.path.isdir(folder):
            problem = "is not a folder" if os.path.exists(folder) else "does not exist"
            raise InvalidArgument(f"build: the context {shortened(folder)} {problem}")
        root = os.path.realpath(folder)
        found = self._dockerfile(root)
        rules, own = _find_rules(root, found.own_rules_path)
        try:
            matcher = Rules(rules)
        except InvalidArgument as error:
            raise InvalidArgument(f"build: {error}") from error
        if receiver == "session":
            return self._served(root, found)
        added: dict[str, Added] = {}
        always: set[str] = set()
        if found.inside is not None:
            name = found.inside
            always.add(name)
        else:
            name = _add_external_dockerfile(found.content(), added)
        if receiver == "classic":
            always |= {_DOCKERIGNORE, *own}
            if added:
                # The Engine removes excluded files only after it has read the Dockerfile.
                added[_DOCKERIGNORE] = _with_rule(root, name)
        parts = archive_of(root, matcher, always=always, added=added, mtime=self.mtime)
        if receiver == "buildkit":
            parts = with_root_entry(parts)
        return Context(Batches(parts, compress=self.compress, what=f"the context of a build from {folder}"), name)

    def _dockerfile(self, root: str) -> _Dockerfile:
        if self.dockerfile is not None:
            return _Dockerfile("", None, _encode(self.dockerfile))
        path, inside = _find_dockerfile(root, self.file)
        return _Dockerfile(path, inside)

    def _served(self, root: str, found: _Dockerfile) -> Context:
        """The folder as it is, and beside it the Dockerfile with the rules that are only for it."""
        name = os.path.basename(found.path)
        if not _PLAIN_NAME.fullmatch(name):
            name = "Dockerfile"  # the Engine takes others for patterns
        files = {name: found.content()}
        if found.own_rules_path and os.path.isfile(found.own_rules_path):
            files[name + _DOCKERIGNORE] = _read(found.own_rules_path)
        folders: dict[str, FolderSource] = {"context": DiskFolder(root, mtime=self.mtime), "dockerfile": MemoryFolder(files)}
        return Context(None, name, folders)


class _Dockerfile(NamedTuple):
    """Which one is used."""

    path: str
    """Empty for one that was given as text."""
    inside: str | None
    """Its path in the folder; None for one that is not in it."""
    text: bytes | None = None

    @property
    def own_rules_path(self) -> str:
        """Where rules are that are only for it."""
        return self.path + _DOCKERIGNORE if self.path else ""

    def content(self) -> bytes:
        return _read(self.path) if self.text is None else self.text


class Context(NamedTuple):
    """The archive to send."""

    content: bytes | AsyncIterable[bytes] | None
    """None where the Engine takes it from a session, or from elsewhere."""
    dockerfile: str | None
    """The path of the Dockerfile in the context; None for `Dockerfile`."""
    folders: Mapping[str, FolderSource] = {}
    """What the Engine is offered in a session."""

    async def aclose(self) -> None:
        """Close the open files of an archive that was not sent."""
        if isinstance(self.content, (Batches, PeekedParts)):
            await self.content.aclose()


def _add_external_dockerfile(content: bytes, added: dict[str, Added]) -> str:
    """Add a Dockerfile from outside the context, under a name made from its hash. Returns the name."""
    name = f".dockerfile.{hashlib.sha256(content).hexdigest()[:20]}"
    added[name] = Added(content)
    return name


def _encode(dockerfile: str | bytes) -> bytes:
    if isinstance(dockerfile, (bytes, bytearray)):
        return bytes(dockerfile)
    if not isinstance(dockerfile, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"build: dockerfile: expected the text of a Dockerfile, got {type(dockerfile).__name__}")
    try:
        return dockerfile.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"build: dockerfile: {cannot_be_sent(error)}") from error


def _find_dockerfile(root: str, file: str | os.PathLike[str] | None) -> tuple[str, str | None]:
    """The path of the Dockerfile, and its path relative to the folder; None for a Dockerfile outside of it."""
    if file is None:
        usual = next((name for name in ("Dockerfile", "dockerfile") if _exists(root, name)), "Dockerfile")
        path = os.path.join(root, usual)
    else:
        path = os.path.join(root, os.fspath(file))
    real = os.path.realpath(path)
    if not os.path.isfile(real):
        raise InvalidArgument(f"build: there is no Dockerfile {shortened(path)}; give its path as file, or its text as dockerfile")
    inside = os.path.relpath(real, root)
    if inside.split("/")[0] != "..":
        return path, inside
    if file is None or not os.path.isabs(os.fspath(file)):
        raise InvalidArgument(f"build: the Dockerfile {shortened(path)} is outside of the folder; give an absolute path as file")
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


def _with_rule(root: str, name: str) -> Added:
    """The folder's `.dockerignore` for the Engine, with one more rule that excludes `name`.

    If it is a symbolic link, its target may be outside of the folder and is not sent: rawdock has applied the rules
    already.
    """
    path = os.path.join(root, _DOCKERIGNORE)
    if not _exists(root, _DOCKERIGNORE) or os.path.islink(path):
        return Added(f"{_DOCKERIGNORE}\n{name}\n".encode())
    content = _read(path, os.O_NOFOLLOW) + f"\n{name}\n".encode()
    try:
        return Added(content, os.lstat(path))
    except OSError as error:
        raise FileError(f"{shortened(path)} cannot be read: {error.strerror}", path=path) from error


def _exists(root: str, name: str) -> bool:
    return os.path.lexists(os.path.join(root, name))


def _read(path: str, flags: int = 0) -> bytes:
    try:
        # Do not block on a pipe, and do not read from a device, which may never end.
        with open(path, "rb", opener=lambda path, usual: os.open(path, usual | os.O_NONBLOCK | flags)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{shortened(path)} cannot be read: it is not a file", path=path)
            return file.read()
    except OSError as error:
        raise FileError(f"{shortened(path)} cannot be read: {error.strerror}", path=path) from error
