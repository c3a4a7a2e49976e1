"""Places of a running container that Docker's archives do not reach: file systems in memory.

An archive is taken from the container's layers and volumes. What is mounted inside the container only, as a tmpfs,
`/dev`, `/proc` and `/sys`, is not in it: a file that is put there is accepted and is nowhere, and one that is there is
not found (Docker 20.10 to 29.8). Podman's archives do reach a tmpfs, but not the others (5.4, 6.1).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from ..errors import Conflict, NotFound, NotSupported, ServerError

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import ArchiveStat, ContainerInspect

__all__ = ["OUT_OF_REACH", "MemoryMounts", "memory_mounts", "mounts_of", "out_of_reach", "require_running", "resolve"]

OUT_OF_REACH = "it is in memory, which Docker's archives do not reach"
_ALWAYS = ("/dev", "/proc", "/sys")
_MAX_LINKS = 16


@attrs.frozen
class MemoryMounts:
    """Which places of a container are in memory."""

    memory: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    """Mounts that archives do reach: volumes and binds."""
    running: bool = True

    def mount_of(self, path: str) -> str:
        """The place in memory that a path is in, links not counted; empty if it is in none."""
        while True:
            if path in self.others:
                return ""
            if path in self.memory:
                return path
            if path == "/":
                return ""
            path = posixpath.dirname(path)

    def below(self, path: str) -> list[str]:
        """The places in memory that were asked for with the container and are below a folder."""
        start = path.rstrip("/") + "/"
        return sorted(place for place in self.memory.difference(_ALWAYS) if place.startswith(start))


def memory_mounts(found: ContainerInspect) -> MemoryMounts:
    """From the inspection of a container. Nothing is mounted in one that does not run."""
    tmpfs = [*found.host_config.tmpfs, *(mount.target for mount in found.host_config.mounts if mount.type == "tmpfs")]
    tmpfs += [mount.destination for mount in found.mounts if mount.type == "tmpfs"]
    memory = _normal([*_ALWAYS, *tmpfs])
    others = _normal(mount.destination for mount in found.mounts if mount.type != "tmpfs")
    return MemoryMounts(memory, others - memory, found.state.running)


def _normal(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(posixpath.normpath("/" + path.lstrip("/")) for path in paths)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


async def mounts_of(docker: Operations, container: str, path: str) -> MemoryMounts | None:
    """The mounts of a container, where archives may not reach `path`; Podman's reach all but `/dev` and the like."""
    podman = (await docker.known_engine()).flavour == "podman"
    if podman and "/" + path.split("/")[1] not in _ALWAYS:
        return None
    found = memory_mounts(await docker.containers.inspect(container))
    return attrs.evolve(found, memory=found.memory.intersection(_ALWAYS)) if podman else found


def require_running(method: str, mounts: MemoryMounts, path: str, place: str) -> None:
    """Raises Conflict where a place in memory is not mounted yet."""
    if not mounts.running:
        raise Conflict(
            f"{method}: {path} is in {place}, which is in memory and only mounted while the container runs: "
            "start it first",
            status=409,
        )


def out_of_reach(method: str, path: str, place: str) -> NotSupported:
    """The error for a copy to or from memory."""
    return NotSupported(
        f"{method}: {path} is in {place}, which is in memory, and Docker's archives do not reach it: use "
        "write_file and read_file, which go through the container's shell, or a volume",
        status=501,
    )


async def resolve(
    docker: Operations, container: str, mounts: MemoryMounts, path: str
) -> tuple[str, str, ArchiveStat | None]:
    """A path with its links followed, the place in memory that it is in (empty if in none), and what is there.

    Each part is looked at, since a link may lead into memory, where no archive sees what the rest of the path is.
    """
    at, links = "/", 0
    rest = _parts(path)
    stat: ArchiveStat | None = None
    while rest:
        at = posixpath.join(at, rest.pop(0))
        if place := mounts.mount_of(at):
            return posixpath.join(at, *rest), place, None
        try:
            stat = await docker.containers.archive_info(container, path=at)
        except (NotFound, ServerError):
            return posixpath.join(at, *rest), "", None
        if stat.is_link and stat.link_target and links < _MAX_LINKS:
            links += 1
            at, rest = "/", _parts(stat.link_target) + rest
    return at, "", stat
