"""`python -m rawdock`: show the version of rawdock, the address of the Engine, and the Engine's version."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from . import Docker, RawdockError, __version__
from ._about import describe_source, engine_name

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. The exit code is 0, or 1 after a message on stderr that says what to do."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], Coroutine[Any, Any, None]] = arguments.run
    try:
        asyncio.run(run(arguments))
    except RawdockError as error:
        print(f"rawdock: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    """The argument parser. A subcommand would be a parser of its own that sets `run`."""
    parser = argparse.ArgumentParser(
        prog="python -m rawdock",
        description="Show the version of rawdock, the address of your Engine (the one that the docker command would "
        "use), and the version of the Engine. The exit code is 1 if no Engine answers.",
    )
    parser.add_argument("--version", action="version", version=f"rawdock {__version__}")
    parser.set_defaults(run=_about)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    reap = commands.add_parser(
        "reap",
        help="remove what killed programs have left on the Engine",
        description="Remove the containers, networks and volumes that programs with rawdock have made and not removed, "
        "because they were killed. What belongs to a running program is not touched. The exit code is 1 if something "
        "could not be removed.",
    )
    reap.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    reap.set_defaults(run=_reap)
    return parser


async def _reap(arguments: argparse.Namespace) -> None:
    from ._reap_command import run

    await run(arguments)


async def _about(_: argparse.Namespace) -> None:
    print(f"rawdock {__version__} on Python {platform.python_version()}", flush=True)
    async with Docker() as docker:
        print(f"{docker.address} ({describe_source(docker.address_source)})", flush=True)
        version = await docker.system.version()
        lowest = version.min_api_version or version.api_version
        print(f"{engine_name(version)} on {version.os}/{version.arch}, API {lowest} to {version.api_version}", end="")
        print(f"; rawdock speaks {docker.version} with it")


if __name__ == "__main__":
    sys.exit(main())
