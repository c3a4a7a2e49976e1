"""`python -m rawdock` shows which Engine is used; `doctor` says what is wrong, and `reap` removes leftovers."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from . import Docker, RawdockError, __version__
from ._about import describe_source

__all__ = ["main"]

_INTERRUPTED = 130
_PATIENCE = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. The exit code is 0, or 1 after a message that says what to do."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], Coroutine[Any, Any, int]] = arguments.run
    try:
        return asyncio.run(run(arguments))
    except RawdockError as error:
        print(f"rawdock: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    """The argument parser. Each subcommand is a parser of its own that sets `run`."""
    parser = argparse.ArgumentParser(
        prog="python -m rawdock",
        description="Show the version of rawdock, the address of your Engine (the one that the docker command would "
        "use), and what the Engine is. The exit code is 1 if no Engine answers.",
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
    doctor = commands.add_parser(
        "doctor",
        help="look at everything that decides which Engine is used and how, and say what is wrong",
        description="Say which address is used and why, whether this user may connect to it, what the Engine is and "
        "what it lacks of the API, and where credentials for registries are (never the credentials). The exit code "
        "is 1 if something is wrong.",
    )
    doctor.add_argument("registries", nargs="*", metavar="REGISTRY", help="as docker.io or registry:5000")
    doctor.add_argument("--json", action="store_true", help="print it as JSON")
    doctor.add_argument(
        "--timeout",
        type=_seconds,
        default=_PATIENCE,
        metavar="SECONDS",
        help="for the Engine, and for each registry's helper program (default: %(default)g)",
    )
    doctor.set_defaults(run=_doctor)
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10**6:
        raise argparse.ArgumentTypeError("give a number of seconds above 0")
    return value


async def _about(_: argparse.Namespace) -> int:
    print(f"rawdock {__version__} on Python {platform.python_version()}", flush=True)
    async with Docker() as docker:
        print(f"{docker.address} ({describe_source(docker.address_source)})", flush=True)
        print(await docker.engine())
    return 0


async def _reap(arguments: argparse.Namespace) -> int:
    from ._reap_command import run

    await run(arguments)
    return 0


async def _doctor(arguments: argparse.Namespace) -> int:
    from ._doctor.checks import examine

    report = await examine(arguments.registries, arguments.timeout)
    print(report.json() if arguments.json else report.text())
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
