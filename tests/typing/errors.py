"""Mistakes that type checkers must find. Read by mypy and pyright, never run.

Each wrong line carries the ignore that proves it: a line that stops being an error makes its ignore an error.
"""

from __future__ import annotations

import rawdock
from rawdock import Dockr  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnusedImport]  # noqa: F401
from rawdock.models import ContainerSpek  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnusedImport]  # noqa: F401
from rawdock.streams import LogStreem  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnusedImport]  # noqa: F401


async def wrong_arguments(docker: rawdock.Docker) -> None:
    await docker.run("busybox", ["true"], timout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await docker.run("busybox", "true")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await docker.run(["true"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await docker.run("busybox", ["true"], pull="sometimes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await docker.execute("web")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    docker.watch(filter={"type": "container"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def streams_that_were_not_entered(docker: rawdock.Docker) -> None:
    async for _ in docker.system.events():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
    async for _ in docker.run("busybox", ["true"]):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
    async for _ in docker.watch():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


def misspelt_attributes(docker: rawdock.Docker) -> None:
    print(rawdock.Dockr)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    docker.excute("web", ["true"])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
