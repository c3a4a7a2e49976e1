"""`docker.reap()`: remove what processes have left behind that were killed before they could clean up."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
import attrs

from .._log import log
from .._shown import shown
from ..errors import InvalidArgument, NotFound, RawdockError
from .completion import CleanupLimit, cleanup_limit_of
from .owner import LABEL, Owner, owner_of
from .removal import Kind, labelled, remove

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["Reaped", "ReapedObject", "reap"]

_AT_ONCE = 10
"""How many objects are looked at, and removed, at the same time."""


@attrs.frozen(kw_only=True)
class ReapedObject:
    """A container, network or volume whose owner is gone."""

    kind: Kind
    id: str
    """Its id; of a volume, its name."""
    name: str
    why: Literal["owner gone", "deadline over"]
    """Whether the process that made it has ended, or its deadline is over and nothing else is known of its owner."""
    problem: str = ""
    """Why it was not removed; empty if it was."""


@attrs.frozen(kw_only=True)
class Reaped:
    """What `reap` did."""

    removed: tuple[ReapedObject, ...]
    """What was removed; with `dry_run`, what would be. Not what somebody else has removed meanwhile."""
    left: tuple[ReapedObject, ...]
    """What should have been removed and could not be; its `problem` says why."""
    kept: int
    """How many labelled objects belong to others: to living processes, to processes of other machines with time left,
    or to nobody, as their label was inherited from an image."""


@attrs.frozen
class _Candidate:
    kind: Kind
    id: str
    name: str
    label: str
    owner: Owner


class _NotOurs(Exception):
    """The object is not what the list said."""


async def reap(docker: Operations, *, dry_run: bool = False) -> Reaped:
    """Remove the containers, networks and volumes of processes that have ended without removing them.

    Everything that `run` and `temporary` make carries a label with its process. A process can be judged only on its own
    machine: the same host, boot and pid namespace. What belongs to others is removed only after its deadline
    (`lifetime` of `temporary`). What has no such label, or a label of another object, as a container of an image that
    was committed, is never touched; neither is what was renamed. The Engine is asked again about each object before it
    is removed.

    `dry_run` removes nothing, and says what would be removed. An object that cannot be removed, or an Engine that does
    not answer in time, is no error: it is in `left`, and the next call tries again. Raises the Engine's error if the
    lists cannot be had. Routes: GET /containers/json, GET /networks, GET /volumes; for each object that may be removed
    its inspection, GET /images/{name}/json, POST /containers/{id}/kill, and its removal.
    """
    if not isinstance(dry_run, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"reap: dry_run: expected bool, got {shown(dry_run)}")
    reaper = _Reaper(docker, dry_run=dry_run)
    everything = [await reaper.candidates(kind) for kind in ("container", "network", "volume")]
    for candidates in everything:  # a network or a volume is in use as long as there are containers in it
        await reaper.remove(candidates)
    return Reaped(removed=tuple(reaper.removed), left=tuple(reaper.left), kept=reaper.kept)


class _Reaper:
    def __init__(self, docker: Operations, *, dry_run: bool) -> None:
        self._docker = docker
        self._dry_run = dry_run
        self._now = time.time()
        self.removed: list[ReapedObject] = []
        self.left: list[ReapedObject] = []
        self.kept = 0

    async def candidates(self, kind: Kind) -> list[_Candidate]:
        """What has a label."""
        found: list[_Candidate] = []
        for id, name, labels in await labelled(self._docker, kind, LABEL):
            owner = owner_of(labels)
            if owner is not None:
                found.append(_Candidate(kind, id, name, labels[LABEL], owner))
        return found

    async def remove(self, candidates: list[_Candidate]) -> None:
        limiter = anyio.Semaphore(_AT_ONCE)

        async def look(one: _Candidate) -> None:
            async with limiter:
                await self._look_at(one)

        async with anyio.create_task_group() as tasks:
            for one in candidates:
                tasks.start_soon(look, one)

    async def _look_at(self, one: _Candidate) -> None:
        why = self._why(one.owner)
        if why is None or not one.owner.names(one.name):
            self.kept += 1
            return
        result = ReapedObject(kind=one.kind, id=one.id, name=one.name, why=why)
        cleanup = cleanup_limit_of(self._docker)
        problem = "the Engine did not answer in time"
        with cleanup.apply():
            try:
                if not await self._try(cleanup, partial(self._is_still, one), one):
                    return  # somebody else has removed it
                if self._dry_run or await self._remove(cleanup, one):
                    self.removed.append(result)
                problem = ""
            except _NotOurs as error:
                problem = str(error)
                if not problem:
                    self.kept += 1
            except RawdockError as error:
                problem = str(error)
            cleanup.extend()
        if problem:
            log.warning("reap: %s %s was not removed: %s", one.kind, one.id, problem)
            self.left.append(attrs.evolve(result, problem=problem))

    async def _try(self, cleanup: CleanupLimit, work: Callable[[], Awaitable[bool]], one: _Candidate) -> bool:
        return await cleanup.try_until_answered(work, f"{one.kind} {one.id}")

    async def _remove(self, cleanup: CleanupLimit, one: _Candidate) -> bool:
        """Remove it; False if another `reap` did, or whoever else. If an answer was lost, it was perhaps this one."""
        tries = 0

        async def attempt() -> bool:
            nonlocal tries
            tries += 1
            return await remove(self._docker, one.kind, one.id, one.label)

        return await self._try(cleanup, attempt, one) or tries > 1

    def _why(self, owner: Owner) -> Literal["owner gone", "deadline over"] | None:
        state = owner.state()
        if state == "gone":
            return "owner gone"
        if state == "unknown" and 0 < owner.deadline < self._now:
            return "deadline over"
        return None

    async def _is_still(self, one: _Candidate) -> bool:
        """Whether the object exists. Raises _NotOurs if it is another, or its label is not its own."""
        docker = self._docker
        try:
            if one.kind == "container":
                container = await docker.containers.inspect(one.id)
                _compare(one, container.id, container.name.lstrip("/"), container.config.labels)
                await self._check_image(one, container.image)
            elif one.kind == "network":
                network = await docker.networks.inspect(one.id)
                _compare(one, network.id, network.name, network.labels)
            else:
                volume = await docker.volumes.inspect(one.id)
                _compare(one, volume.name, volume.name, volume.labels)
        except NotFound:
            return False
        return True

    async def _check_image(self, one: _Candidate, image: str) -> None:
        """A container has the labels of its image too, which may have been made of a container with a label."""
        try:
            labels = (await self._docker.images.inspect(image)).config.labels
        except NotFound:
            if one.owner.name != "-":
                return  # the label names the container itself
            raise _NotOurs("its image is gone, so that its label may be inherited from it") from None
        if labels.get(LABEL) == one.label:
            raise _NotOurs


def _compare(one: _Candidate, id: str, name: str, labels: Mapping[str, str]) -> None:
    if id != one.id or labels.get(LABEL) != one.label or not one.owner.names(name):
        raise _NotOurs("the Engine says of it now that it is another, or has another label or name")
