"""Tasks of a swarm: the containers of services, also those that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from .._declare.endpoint import endpoint
from .._declare.params import filters, query, tail
from .._resource import Resource
from .._streams.faces.logs import detect_log_format
from .._types import Filters, Moment

if TYPE_CHECKING:
    from .._streams.faces.logs import Logs
    from ..models import Task

__all__ = ["Tasks"]


async def _has_tty(tasks: Tasks, *, id: str, **_: object) -> bool:
    spec = (await tasks.inspect(id)).spec.container_spec
    return spec is not None and spec.tty


class Tasks(Resource):
    """Tasks of a swarm, by id. Raises ServerError (503) on an Engine that is not a swarm manager."""

    __slots__ = ()

    @endpoint("GET /tasks/{id}/logs", prepare=detect_log_format(_has_tty))
    def logs(
        self,
        id: str,
        *,
        follow: bool = False,
        stdout: Annotated[bool, query(always=True)] = True,
        stderr: Annotated[bool, query(always=True)] = True,
        since: Moment | None = None,
        timestamps: bool = False,
        tail: Annotated[int | Literal["all"] | None, query("tail", tail)] = None,
        details: bool = False,
    ) -> Logs:
        """The output of a task, from whichever node it is on.

        Enter it to read the output as it comes, or enter `.entries()` to read it line by line. `follow` goes on with
        what is still to come. `details` puts the task's labels before each line; entries hold them apart from the line.
        Raises NotFound. Route: GET /tasks/{id}/logs.
        """
        ...

    @endpoint("GET /tasks/{id}")
    async def inspect(self, id: str) -> Task:
        """Everything about a task.

        Raises NotFound. Route: GET /tasks/{id}.
        """
        ...

    @endpoint("GET /tasks")
    async def list(self, *, filters: Annotated[Filters | None, filters] = None) -> list[Task]:
        """Tasks (`docker service ps`), ended ones among them.

        Filters: `id`, `name`, `service`, `node`, `label`, `desired-state` (running, shutdown or accepted). Raises
        NotFound if there is no such service. Route: GET /tasks.
        """
        ...
