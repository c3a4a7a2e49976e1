"""What takes more than one call of the API, each in a module of its own: here is only what a client shows of them.

A helper takes a `Docker` and uses its public operations, nothing below them. Its module is loaded when it is first
asked for, so that importing the client stays light.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from .._client import Docker
    from ..models import AuthConfig, ContainerSpec, Health
    from .execute import ExecuteResult, Execution
    from .process import Holds
    from .run import Running, RunResult

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
        what the Engine says of a command that it cannot start (Docker: BadRequest, Podman: ServerError).
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
        from ..models import ExecConfig
        from .execute import execute

        config = ExecConfig(cmd=cmd, user=user, working_dir=working_dir, tty=tty, privileged=privileged)
        return execute(
            cast("Docker", self), container, config, env=env, stdin=stdin, open_stdin=open_stdin, timeout=timeout,
            output_limit=output_limit,
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
