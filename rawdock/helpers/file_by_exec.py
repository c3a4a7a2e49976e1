"""Reading and writing one file with the container's own shell, where archives do not reach."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING

from .._tar.members import MemberAttributes
from ..errors import ArchiveError, NotFound, NotSupported
from .execute import execute

if TYPE_CHECKING:
    from .._resources import Operations
    from .execute import ExecuteResult

__all__ = ["read_by_exec", "write_by_exec"]

_NOTHING, _FOLDER = 44, 45  # exit codes of the scripts below
_READ = f'[ -d "$1" ] && exit {_FOLDER}; [ -e "$1" ] || exit {_NOTHING}; exec cat -- "$1"'
_WRITE = (
    f'[ -d "$1" ] && exit {_FOLDER}; [ -z "$2" ] || mkdir -p -- "$2" || exit 1; '
    f'[ -d "${{1%/*}}/" ] || exit {_NOTHING}; '
    'rm -f -- "$1" && cat >"$1" && chmod -- "$3" "$1" && if [ "$4" != 0:0 ]; then chown -- "$4" "$1"; fi && '
    'if [ -n "$5" ]; then touch -d "@$5" -- "$1"; fi'
)


async def read_by_exec(docker: Operations, container: str, path: str, place: str, limit: int) -> bytes:
    """The content of a file. Raises NotFound, and ArchiveError for what is not a file or is larger than `limit`."""
    cmd = ["sh", "-c", _READ, "read_file", path]
    result = await execute(docker, container, cmd, user="0", output_limit=limit + 1)
    _check("read_file", result, path, place)
    if len(result.stdout) > limit or result.truncated:
        raise ArchiveError(f"{path} has more bytes than the limit, {limit}; copy_out cannot reach it", member=path)
    return result.stdout


async def write_by_exec(
    docker: Operations,
    container: str,
    path: str,
    place: str,
    content: bytes | AsyncIterable[bytes],
    attributes: MemberAttributes,
    *,
    parents: bool,
) -> None:
    """Write a file. Raises NotFound if its folder does not exist, and ArchiveError for a folder or a failure."""
    folder = posixpath.dirname(path) if parents else ""
    owner, mode = (
        f"{attributes.uid or 0}:{attributes.gid or 0}",
        f"{0o644 if attributes.mode is None else attributes.mode:o}",
    )
    mtime = "" if attributes.mtime is None else str(attributes.mtime)
    cmd = ["sh", "-c", _WRITE, "write_file", path, folder, mode, owner, mtime]
    result = await execute(docker, container, cmd, user="0", stdin=content)
    _check("write_file", result, path, place)


def _check(method: str, result: ExecuteResult, path: str, place: str) -> None:
    if result.error or result.exit_code in (126, 127):
        reason = result.error or result.stderr.decode(errors="replace").strip()
        raise NotSupported(
            f"{method}: {path} is in {place}, which is in memory, where only programs in the container reach it, and "
            f"it has no sh and cat that could: use a volume for such files ({reason})",
            status=501,
        )
    if result.exit_code == _NOTHING:
        raise NotFound(
            f"{method}: there is no {path if method == 'read_file' else posixpath.dirname(path)}", status=404
        )
    if result.exit_code == _FOLDER:
        raise ArchiveError(f"{path} is a folder, not a file", member=path)
    if result.exit_code:
        raise ArchiveError(f"{method}: {path}: {result.stderr.decode(errors='replace').strip()}", member=path)
