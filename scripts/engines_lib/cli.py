"""The command line of scripts/engines: a command for some or all engines, with one line of output for each engine."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from .catalog import SPECS, pick
from .engine import Engine
from .failure import Failure
from .machine import require_root, require_tools

_VERBS = {
    "setup": "create what is missing: tools on the machine, root folders, images",
    "start": "start engines and wait until they answer",
    "stop": "stop engines; their images and containers stay",
    "kill": "kill engines, like a crash; their images and containers stay",
    "wipe": "kill engines and delete their images, containers and volumes",
    "status": "show which engines are running, with their sockets",
    "enter": "run a command in an engine's network, to reach its registries and published ports",
}


def main() -> int:
    """Run the command line. Returns the exit code."""
    arguments = _parser().parse_args()
    try:
        return _run(arguments)
    except Failure as failure:
        print(f"engines: {failure}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    names: list[str] = arguments.names
    # `--base` may come before or after the verb. A default in one place would overwrite the value from the other.
    base = Path(getattr(arguments, "base", os.environ.get("RAWDOCK_ENGINES", "/tmp/rawdock-engines"))).resolve()
    engines = [Engine(spec, base) for spec in pick(names)]
    if arguments.verb == "status":
        _status(engines, arguments.json)
        return 0
    require_root()
    if arguments.verb == "enter":
        return _enter(engines[0], arguments.command)
    if arguments.verb == "setup":
        require_tools()
    if arguments.verb in ("setup", "start") and not names:
        for engine in engines:
            if engine.obstacle:
                print(f"{engine.name}: left out, because {engine.obstacle}", flush=True)
        engines = [engine for engine in engines if not engine.obstacle]
    for engine in engines:
        print(f"{engine.name}: {getattr(engine, arguments.verb)()}", flush=True)
    return 0


def _status(engines: list[Engine], as_json: bool) -> None:
    rows = [{"name": e.name, "running": e.running, "socket": str(e.places.socket), "pid": e.pid} for e in engines]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['name']}: {'running, {socket}, pid {pid}'.format(**row) if row['running'] else 'not running'}")


def _enter(engine: Engine, command: list[str]) -> int:
    if engine.pid is None:
        raise Failure(f"{engine.name} is not running")
    os.execvp("nsenter", ["nsenter", f"--net={engine.network}", *command])


def _parser() -> argparse.ArgumentParser:
    base = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    base.add_argument(
        "--base", metavar="DIR", help="the folder for all files; it contains sockets, so its path must be short"
    )
    parser = argparse.ArgumentParser(
        prog="engines",
        parents=[base],
        description="Real container engines side by side on one Linux machine, each in its own namespaces.",
        epilog=f"Without a NAME, a command is run for all engines: {', '.join(SPECS)}.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in _VERBS.items():
        sub = verbs.add_parser(verb, parents=[base], help=text, description=text)
        if verb == "enter":
            sub.add_argument("names", metavar="NAME", nargs=1)
            sub.add_argument("command", metavar="COMMAND", nargs=argparse.REMAINDER)
        else:
            sub.add_argument("names", metavar="NAME", nargs="*")
        if verb == "status":
            sub.add_argument("--json", action="store_true", help="print a list of {name, running, socket, pid} as JSON")
    return parser
