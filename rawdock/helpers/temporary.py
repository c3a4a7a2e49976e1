"""`docker.temporary(...)`: containers, networks and volumes that are removed at the end of a block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar, overload

import anyio

from .._background import wait_for_event
from .._checks import is_seconds
from .._declare.params import text_map
from .._log import log
from .._shown import shown
from .._streams.faces.contexts import Opens, named
from ..api.containers import Containers
from ..api.networks import Networks
from ..api.volumes import Volumes
from ..errors import ClosedError, DecodeError, InvalidArgument, RawdockError, ServerError, StillRunning, TruncatedError
from ..models import ContainerSpec, NetworkCreateRequest, VolumeCreateRequest
from .completion import MAX_WAIT, cleanup_limit_of, is_no_answer, run_to_completion
from .owner import LABEL, new_label
from .process import RunsProcess, is_thrown_away
from .removal import Kind, labelled, remove
from .run import LOOKS, Running, RunResult, run

if TYPE_CHECKING:
    from .._resources import Operations
    from .._streams.faces.contexts import Runs
    from ..models import ContainerCreated, NetworkCreated, Volume

__all__ = ["Temporary", "temporary"]

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE = 10
"""How many containers are removed at the same time."""
_ORDER: tuple[tuple[Kind, ...], ...] = (("container",), ("network", "volume"))
"""A network or a volume is in use as long as there are containers in it."""


class _Made:
    """One object that was created, or may have been."""

    def __init__(self, kind: Kind, name: str, lifetime: float | None) -> None:
        self.kind: Kind = kind
        self.label = new_label(name, lifetime)
        self.id = ""  # of a volume, its name
        self.may_exist = False
        self.why_left = ""
        self._name = name

    @property
    def place(self) -> str:
        if self.id:
            return f"{self.kind} {self.id}"
        return f"a {self.kind}{f' {self._name}' if self._name else ''} with the label {LABEL}={self.label}"

    async def remove(self, docker: Operations) -> None:
        """Remove it, or raise the Engine's error; TimeoutError if it was not found, and may yet be created."""
        if not self.id:
            await self._look_for_it(docker)
        await remove(docker, self.kind, self.id, self.label)

    async def _look_for_it(self, docker: Operations) -> None:
        for pause in LOOKS:
            await anyio.sleep(pause)
            for id, _, labels in await labelled(docker, self.kind, f"{LABEL}={self.label}"):
                if labels.get(LABEL) == self.label:
                    self.id = id
                    return
        raise TimeoutError


class _RunIn(Generic[P]):
    """`docker.run` as a method of a block."""

    def __init__(self, function: Callable[Concatenate[Operations, P], Runs[Running, RunResult]]) -> None:
        self._function = function

    @overload
    def __get__(self, block: None, owner: type | None = None) -> _RunIn[P]: ...
    @overload
    def __get__(self, block: Temporary, owner: type | None = None) -> Callable[P, Runs[Running, RunResult]]: ...
    def __get__(
        self, block: Temporary | None, owner: type | None = None
    ) -> Callable[P, Runs[Running, RunResult]] | _RunIn[P]:
        return self if block is None else partial(self._call, block)

    def _call(self, block: Temporary, *args: P.args, **options: P.kwargs) -> Runs[Running, RunResult]:
        runs = self._function(block.docker, *args, **options)
        assert isinstance(runs, RunsProcess)
        block.adopt(runs.process)
        return runs


class Temporary:
    """What is created through this is removed at the end of the block.

    It has the operations of the client's `containers`, `networks` and `volumes`, and its `run`.
    """

    run = _RunIn(run)
    """As `docker.run`; its container is ended and removed at the end of the block, also with `remove=False`."""

    def __init__(self, docker: Operations, lifetime: float | None, labels: Mapping[str, str]) -> None:
        self.docker = docker
        """The client."""
        self._lifetime = lifetime
        self._labels = labels
        self._made: list[_Made] = []
        self._running: list[Running] = []
        self._creating = 0
        self._created: anyio.Event | None = None
        self._ended = False
        self._removed: anyio.Event | None = None
        self._left: list[str] = []
        self.containers = TemporaryContainers(self.docker, self)
        """As `docker.containers`; what `create` makes is removed at the end of the block."""
        self.networks = TemporaryNetworks(self.docker, self)
        """As `docker.networks`; what `create` makes is removed at the end of the block."""
        self.volumes = TemporaryVolumes(self.docker, self)
        """As `docker.volumes`; what `create` makes is removed at the end of the block."""

    def __repr__(self) -> str:
        return f"<Temporary of {self.docker!r}{' ended' if self._ended else ''}>"

    # For the groups.

    def labelled(self, labels: Mapping[str, str], made: _Made) -> dict[str, str]:
        return {**self._labels, **labels, LABEL: made.label}

    def new(self, kind: Kind, name: str | None) -> _Made:
        return _Made(kind, name or "", self._lifetime)

    async def create(self, made: _Made, work: Callable[[], Awaitable[T]], id_of: Callable[[T], str]) -> T:
        """Create an object, to the end even if this is cancelled, so that its id is known."""
        self._check_open()
        self._made.append(made)
        self._creating += 1
        made.may_exist = True

        async def complete() -> T:
            try:
                created = await work()
            except (TruncatedError, DecodeError, ClosedError):
                raise  # the answer was lost: it may have been created
            except RawdockError as error:
                made.may_exist = isinstance(error, ServerError) and is_no_answer(error)
                raise
            made.id = id_of(created)
            return created

        try:
            return await run_to_completion(complete)
        finally:
            if not made.may_exist:
                self._made.remove(made)
            self._creating -= 1
            if not self._creating and self._created is not None:
                self._created.set()

    def adopt(self, running: Running) -> None:
        """End and remove a container of `run` at the end of the block."""
        running.label(self._labels, self._lifetime)
        running.before_hold = self._check_open
        self._running.append(running)

    def _check_open(self) -> None:
        if self._ended:
            raise ClosedError("this temporary() block has ended, and would not remove what is created now")

    # For the block.

    async def aclose(self) -> None:
        """Remove everything, also when this is cancelled. Leaving the block does the same."""
        try:
            await self._remove_everything()
        finally:
            self.docker.held.release(self)

    async def close_with_client(self) -> str:
        """Remove everything, as the client is closed; what is left, or an empty text."""
        await self._remove_everything()
        return "; ".join(self._left)

    def left(self) -> str:
        """What is left if nobody can remove it any more, as the event loop is gone; an empty text if nothing is."""
        running = [one.place for one in self._running if one.may_still_exist]
        return "; ".join([one.place for one in self._made] + running)

    def report_left(self, exc: BaseException | None) -> None:
        """Say what could not be removed: in a note on the current error, or by raising StillRunning."""
        if not self._left:
            return
        message = f"temporary: not removed: {'; '.join(self._left)}"
        if exc is None or isinstance(exc, anyio.get_cancelled_exc_class()):
            raise StillRunning(message) from exc
        exc.add_note(message)

    def drop(self) -> None:
        """Nobody can wait for anything any more, as the coroutine was thrown away."""
        self._ended = True
        self.docker.held.release(self)
        self._note_left()

    async def _remove_everything(self) -> None:
        self._ended = True
        if self._removed is not None:
            await wait_for_event(self._removed)
            return
        self._removed = anyio.Event()
        try:
            if self._made or self._running or self._creating:
                await run_to_completion(self._remove_in_order, max_wait=MAX_WAIT, repeatable=True)
        finally:
            self._note_left()
            self._removed.set()

    def _note_left(self) -> None:
        self._left = [f"{one.place}{f': {one.why_left}' if one.why_left else ''}" for one in self._made]
        self._left += [running.place for running in self._running if running.may_still_exist]
        for what in self._left:
            log.warning("temporary: %s was not removed", what)

    async def _remove_in_order(self) -> None:
        cleanup = cleanup_limit_of(self.docker)
        with cleanup.apply():
            while self._creating:
                self._created = anyio.Event()
                await self._created.wait()
        async with anyio.create_task_group() as tasks:
            for running in self._running:
                tasks.start_soon(self._end, running)
            tasks.start_soon(self._remove_kinds, _ORDER[0])
        await self._remove_kinds(_ORDER[1])

    async def _end(self, running: Running) -> None:
        await running.aclose()
        await running.forget()

    async def _remove_kinds(self, kinds: tuple[Kind, ...]) -> None:
        limiter = anyio.Semaphore(_AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for made in [one for one in self._made if one.kind in kinds]:
                tasks.start_soon(self._remove, made, limiter)

    async def _remove(self, made: _Made, limiter: anyio.Semaphore) -> None:
        cleanup = cleanup_limit_of(self.docker)
        made.why_left = "the Engine did not answer in time"
        async with limiter:
            with cleanup.apply():
                try:
                    await cleanup.try_until_answered(partial(made.remove, self.docker), made.place)
                except TimeoutError:
                    made.why_left = "its creation was not answered, and the Engine may create it yet"
                except RawdockError as error:
                    made.why_left = str(error)
                else:
                    self._made.remove(made)
                cleanup.extend()


class TemporaryContainers(Containers):
    """The containers of a client; those that are created here are removed at the end of the block."""

    __slots__ = ("_owner",)

    def __init__(self, docker: Operations, owner: Temporary) -> None:
        super().__init__(docker)
        self._owner = owner

    async def create(
        self, spec: ContainerSpec, *, name: str | None = None, platform: str | None = None
    ) -> ContainerCreated:
        """As `docker.containers.create`. At the end of the block the container is ended and removed."""
        if not isinstance(spec, ContainerSpec):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"containers.create: spec: expected ContainerSpec, got {type(spec).__name__}")
        made = self._owner.new("container", name)
        labels = self._owner.labelled(text_map("containers.create: spec.labels", spec.labels), made)
        labelled = spec.replace(labels=labels)
        create = partial(super().create, labelled, name=name, platform=platform)
        return await self._owner.create(made, create, lambda created: created.id)


class TemporaryNetworks(Networks):
    """The networks of a client; those that are created here are removed at the end of the block."""

    __slots__ = ("_owner",)

    def __init__(self, docker: Operations, owner: Temporary) -> None:
        super().__init__(docker)
        self._owner = owner

    async def create(self, config: NetworkCreateRequest) -> NetworkCreated:
        """As `docker.networks.create`. At the end of the block the network is removed."""
        if not isinstance(config, NetworkCreateRequest):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(
                f"networks.create: config: expected NetworkCreateRequest, got {type(config).__name__}"
            )
        made = self._owner.new("network", config.name)
        labels = self._owner.labelled(text_map("networks.create: config.labels", config.labels), made)
        create = partial(super().create, config.replace(labels=labels))
        return await self._owner.create(made, create, lambda created: created.id)


class TemporaryVolumes(Volumes):
    """The volumes of a client; those that are created here are removed at the end of the block."""

    __slots__ = ("_owner",)

    def __init__(self, docker: Operations, owner: Temporary) -> None:
        super().__init__(docker)
        self._owner = owner

    async def create(self, config: VolumeCreateRequest | None = None) -> Volume:
        """As `docker.volumes.create`. At the end of the block the volume is removed, unless it existed before."""
        config = VolumeCreateRequest() if config is None else config
        if not isinstance(config, VolumeCreateRequest):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgument(f"volumes.create: config: expected VolumeCreateRequest, got {type(config).__name__}")
        made = self._owner.new("volume", config.name)
        labels = self._owner.labelled(text_map("volumes.create: config.labels", config.labels), made)
        create = partial(super().create, config.replace(labels=labels))
        return await self._owner.create(made, create, lambda created: created.name)


class OpensTemporary(Opens[Temporary]):
    """A block that removes at its end what was made in it."""

    def __init__(self, docker: Operations, lifetime: float | None, labels: Mapping[str, str]) -> None:
        super().__init__()
        self._docker = docker
        self._lifetime = lifetime
        self._labels = labels

    async def _open(self) -> Temporary:
        block = Temporary(self._docker, self._lifetime, self._labels)
        self._docker.held.hold(block)
        return block

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = self._stream
        assert block is not None
        if is_thrown_away(exc):
            block.drop()
            return
        await block.aclose()
        block.report_left(exc)


def temporary(
    docker: Operations, *, lifetime: float | None = None, labels: Mapping[str, str] | None = None
) -> OpensTemporary:
    """Create containers, networks and volumes that are removed at the end of a block.

    Enter it: the object has `containers`, `networks`, `volumes` and `run` as the client has. What is made through them
    is removed when the block is left, in the right order: containers (ended, with their anonymous volumes), then
    networks and volumes. So it is when the block is cancelled, fails, or the client is closed, and a creation whose
    answer was lost is found by its label. Nothing else is removed: no image, no volume that was there before, and
    nothing that was removed already and made anew by somebody else.

    Everything carries a label that names this process, for `docker.reap` after a crash. `lifetime` is in seconds, from
    the creation of each object on: after it, `reap` removes the object on any machine. `labels` are given to everything
    too.

    If something cannot be removed in time, StillRunning is raised, or noted on the error that ends the block. Routes:
    those of the creations; GET and DELETE of what was made, and POST /containers/{id}/kill.
    """
    if lifetime is not None and not is_seconds(lifetime):
        raise InvalidArgument(f"temporary: lifetime: {shown(lifetime)} is not a number of seconds")
    return named(OpensTemporary(docker, lifetime, text_map("temporary: labels", labels or {})), "temporary")
