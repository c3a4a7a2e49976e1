"""What takes more than one call of the API, each in a module of its own: here is only what a client shows of them.

A helper takes a `Docker` and uses its public operations, nothing below them. Its module is loaded when it is first
asked for, so that importing the client stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Mapping

    from .._client import Docker
    from .._streams.opens import Opens
    from .._types import Filters, Moment
    from ..models import AuthConfig, ContainerSpec, Health
    from .copying import Copied
    from .execute import ExecuteResult, Execution
    from .process import Holds
    from .run import Running, RunResult
    from .watch import ContainerWatching, Watching

__all__ = ["Helpers"]


class Helpers:
    """The part of `Docker` that is more than one call."""

    def run(
        self,
        image: str,
        cmd: list[str] | None = None,
        *,
        spec: ContainerSpec | None = None,
        name: str | None = None,
        platform: str | None = None,
        pull: Literal["always", "missing", "never"] = "missing",
        auth_config: AuthConfig | None = None,
        remove: bool = True,
        stdin: bytes | AsyncIterable[bytes] | None = None,
        open_stdin: bool = False,
        timeout: float | None = None,
        output_limit: int | None = None,
    ) -> Holds[Running, RunResult]:
        """Run a command in a container of its own (`docker run`): await it for its exit code and output.

        Or enter it to get the output while it runs, and to `send` to it with `open_stdin`. `spec` has all else of the
        container, as limits, mounts and networks. It is created, attached to and waited for before it starts, so that
        nothing is missed; what it says of a terminal is its `spec.tty`. In the end it is removed, with its anonymous
        volumes, unless `remove=False`. If it is cancelled, fails, or is left before its end, it is ended and removed,
        whatever `remove` says. `timeout` is in seconds from its start on, and raises TimedOut with the output so far.
        `output_limit` is in bytes for each of stdout and stderr: what is beyond is read and dropped, and `truncated`
        says so; without it more than 64 MiB are a DecodeError. Raises NotFound for an image that cannot be had, and
        what the Engine says of a command that it cannot start (Docker: BadRequest, Podman: ServerError or Conflict).
        """
        from .run import run

        return run(
            cast("Docker", self), image, cmd, spec=spec, name=name, platform=platform, pull=pull,
            auth_config=auth_config, remove=remove, stdin=stdin, open_stdin=open_stdin, timeout=timeout,
            output_limit=output_limit,
        )  # fmt: skip

    def execute(
        self,
        container: str,
        cmd: list[str],
        *,
        env: Mapping[str, str] | None = None,
        user: str = "",
        working_dir: str = "",
        tty: bool = False,
        privileged: bool = False,
        stdin: bytes | AsyncIterable[bytes] | None = None,
        open_stdin: bool = False,
        timeout: float | None = None,
        output_limit: int | None = None,
    ) -> Holds[Execution, ExecuteResult]:
        """Execute a command in a running container (`docker exec`): await it for its exit code and output.

        Or enter it to get the output while it runs, and to `send` to it with `open_stdin`. If it is cancelled, or left
        before its end, the command is ended with all that it has started, which no call of the Engine does: its
        processes have the variable `RAWDOCK_EXECUTION`, and are ended from inside by the container's own shell, or from
        outside where this program may (no shell, the Engine on the same machine). Where neither can be, StillRunning
        is raised. `timeout` is in seconds, and raises TimedOut with the output so far; its `may_still_run` says the
        same. `output_limit` is as with `run`. A command that there is none of has the exit code 126 or 127, and its
        output says why. Raises NotFound, and Conflict if the container is paused or does not run.
        """
        from .execute import execute

        return execute(
            cast("Docker", self), container, cmd, env=env, user=user, working_dir=working_dir, tty=tty,
            privileged=privileged, stdin=stdin, open_stdin=open_stdin, timeout=timeout, output_limit=output_limit,
        )  # fmt: skip

    async def wait_healthy(self, container: str) -> Health:
        """Wait until a container's health check says `healthy`; also before it is started.

        Raises Unhealthy if it says `unhealthy`, if the container stops, or if it has no health check. Podman runs the
        checks by systemd's timers: without those a container stays `starting`, and this waits as long as it may.
        """
        from .waiting import wait_healthy

        return await wait_healthy(cast("Docker", self), container)

    async def wait_port(self, container: str, port: int) -> None:
        """Wait until something in a running container listens on a TCP port, on whatever address.

        The container's own shell looks at its kernel's table. It does not tell whether the port can be reached from
        outside, nor whether who listens answers. Raises ProcessError if there is no shell, and Conflict if the
        container does not run.
        """
        from .waiting import wait_port

        await wait_port(cast("Docker", self), container, port)

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
        from .._tar.members import Look
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
        from .._tar.members import Look
        from .one_file import write_file

        await write_file(
            cast("Docker", self), container, path, data, size=size, parents=parents, look=Look(uid, gid, mode, mtime)
        )

    def watch(
        self,
        *,
        filters: Filters | None = None,
        since: Moment | None = None,
        buffer: int = 4096,
        heartbeat: float | None = None,
        backoff: tuple[float, float] = (0.1, 10.0),
        attempts: int | None = None,
    ) -> Opens[Watching]:
        """What happens on the Engine, as `system.events`, but it never goes deaf.

        Enter it, and iterate to get an `EventMessage` for each event, and a `Gap` where events may have been missed.
        What happens once it is entered is told, however late it is read: a task reads into a buffer of `buffer` events,
        and what is too much for that is counted in one `Gap`. A lost connection is made again, after `backoff` seconds
        (the first wait and the longest), and goes on behind the last event without repeating any. `attempts` limits how
        often in a row that may fail; then the last error is raised, behind what came before it. Entering tries once.

        With `since` it begins there, with a `Gap` if a Docker Engine's memory does not reach back so far.

        `heartbeat` is in seconds: when nothing came for so long, the Engine is asked on another connection whether it
        is there and, on Docker, whether it knows of events that did not come. If it does not answer in as long (but at
        least 10 seconds), or does know some, the connection is made again.

        Raises what `system.events` raises for what is wrong with the request.
        """
        from .watch import watch

        return watch(
            cast("Docker", self),
            filters=filters,
            since=since,
            buffer=buffer,
            heartbeat=heartbeat,
            backoff=backoff,
            attempts=attempts,
        )

    def watch_containers(
        self,
        *,
        all: bool = True,
        label: str | list[str] | None = None,
        buffer: int = 4096,
        heartbeat: float | None = None,
        backoff: tuple[float, float] = (0.1, 10.0),
        attempts: int | None = None,
    ) -> Opens[ContainerWatching]:
        """The containers there are, and from then on what happens to containers, with nothing lost between the two.

        Enter it: `containers` is the list; iterate to get what happens, as `watch` gives it. An event may tell of what
        the list shows already. Behind a `Gap`, `list()` lists again. `all` takes those that do not run too; `label` is
        for both, list and events. The rest is as in `watch`.
        """
        from .watch import watch_containers

        return watch_containers(
            cast("Docker", self),
            all=all,
            label=label,
            buffer=buffer,
            heartbeat=heartbeat,
            backoff=backoff,
            attempts=attempts,
        )
