"""`python -m rawdock.lifecycle [IMAGE] [--replay] [--keep | --clean]`, which `scripts/lifecycle` runs."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, TypeVarTuple, Unpack

import anyio

from .._address import Address, find_address
from .._docker import Docker
from .._reference import parse_reference
from ..errors import ConnectError, RawdockError
from . import engine
from .screen import Screen, size
from .story import Story

__all__ = ["RECORDING", "main"]

RECORDING = Path(__file__).with_name("recording.json")
_INTERRUPTED = 130
_REPLAY_HINT = ". Where nothing can be pulled, --replay tells the story from a recording."

Args = TypeVarTuple("Args")
R = TypeVar("R")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. The exit code is 0, 1 after an error message, or 130 after Ctrl-C or SIGTERM."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    screen = Screen(sys.stdout)
    try:
        if arguments.clean:
            return _clean(screen, arguments.image, arguments.replay)
        return _main(screen, arguments.image, arguments.replay, arguments.keep)
    except RawdockError as error:
        return _fail(f"{error}{_REPLAY_HINT if error.operation == 'images.pull' else ''}")
    except engine.Failed as error:
        return _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing is written at exit either
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lifecycle", description="The life of an image and a container, told by your Docker Engine."
    )
    parser.add_argument("image", metavar="IMAGE", nargs="?", default="", help="an image with a shell in it")
    parser.add_argument("--replay", action="store_true", help="tell it from a recording; no Engine is needed")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--keep", action="store_true", help="leave an Engine that was started for this running")
    after.add_argument("--clean", action="store_true", help="remove the Engine that earlier runs left; tell nothing")
    return parser


def _main(screen: Screen, image: str, replay: bool, keep: bool) -> int:
    if image:
        parse_reference(image)
    if replay:
        if image:
            return _fail("a recording tells of its own image: leave IMAGE out")
        if keep:
            screen.note("--keep: there is nothing to keep, as a recording needs no Engine.")
        return _replay(screen)
    address = find_address()
    if address.source != "default" or _run(_answers, address):
        if keep:
            screen.note("--keep: there is nothing to keep, as this Engine was there before. It goes on as it was.")
        return _run(_run_live, screen, image, None)
    screen.note(f"No Engine listens on {address.path}, and neither DOCKER_HOST nor a docker context names another.")
    reason = engine.why_unavailable()
    if not reason:
        try:
            return _on_own_engine(screen, image, keep)
        except engine.Failed as error:
            reason = str(error)
    screen.note(f"None is started here: {reason}.")
    if image:
        screen.note(f"So {image} cannot be used.")
    if keep:
        screen.note("--keep: there is nothing to keep.")
    code = _replay(screen)
    screen.note("")
    screen.note("That was a recording. To see it on an Engine, get one and run this again. Docker:")
    screen.command("https://docs.docker.com/engine/install")
    screen.note("Podman, once it is installed:")
    screen.command("systemctl --user start podman.socket")
    screen.command("export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/podman/podman.sock")
    screen.note("On Debian or Ubuntu root needs none, as this starts one for itself:")
    screen.command("sudo ./scripts/lifecycle")
    return code


def _on_own_engine(screen: Screen, image: str, keep: bool) -> int:
    """Run on an Engine that is started for it."""
    if engine.is_running():
        screen.note("Docker 28.5 is still running, as an earlier run was told to --keep it, and is used again.")
    else:
        until = "It goes on running at the end." if keep else "It is stopped at the end."
        screen.note(f"Docker 28.5 is started for this, apart from everything else on this machine. {until}")
    if not engine.is_unpacked():
        screen.note(f"Its packages are unpacked into {engine.BASE} first, this once: about a minute and 560 MB.")
    with engine.started(keep=keep) as socket:
        code = _run(_run_live, screen, image, socket)
    screen.note("")
    left = f"{size(engine.size_on_disk())} in {engine.BASE}, for the next time"
    if engine.is_running():
        screen.note("The Engine is running. To use it, also for the programs of README:")
        screen.command(f"export DOCKER_HOST=unix://{engine.SOCKET}")
        screen.note("To stop it:")
        screen.command(engine.stop_command())
        screen.note(f"Stopped, it leaves {left}. To stop it and remove that too:")
    else:
        screen.note(f"The Engine is stopped. It leaves {left}. To remove that:")
    screen.command(engine.clean_command())
    return code


def _clean(screen: Screen, image: str, replay: bool) -> int:
    if image:
        return _fail("--clean tells no story: leave IMAGE out")
    if replay:
        screen.note("--clean: there is nothing to remove, as a recording leaves nothing.")
        return 0
    left = engine.size_on_disk()
    if engine.remove():
        screen.note(f"Removed {engine.BASE} with the Engine in it: {size(left)}.")
    else:
        screen.note(
            f"--clean: there is nothing to remove: no Engine of this command is in {engine.BASE}, and an Engine of "
            "your own is never touched."
        )
    return 0


def _run(function: Callable[[Unpack[Args]], Awaitable[R]], *arguments: *Args) -> R:
    try:
        return anyio.run(function, *arguments)
    finally:
        signal.signal(signal.SIGTERM, _interrupt)  # an event loop resets it to the default


async def _answers(address: Address) -> bool:
    """Whether an Engine answers. Raises ConnectError if there is one that this user may not connect to."""
    try:
        async with Docker() as docker:
            await docker.system.ping()
    except ConnectError:
        if _forbidden(address.path):
            raise
        return False
    return True


def _forbidden(path: str) -> bool:
    return os.path.exists(path) and not os.access(path, os.R_OK | os.W_OK)


def _replay(screen: Screen) -> int:
    about: dict[str, str] = json.loads(RECORDING.read_text(encoding="utf-8"))["about"]
    screen.note(
        f"THIS IS A RECORDING of {about['engine']}, made on {about['date']}. Nothing happens on this machine; "
        "the answers are the Engine's own."
    )
    return _run(_run_recorded, screen, about)


async def _run_recorded(screen: Screen, about: dict[str, str]) -> int:
    from ..testing import Replay

    async with Docker(transport=Replay(RECORDING), version=about["api"]) as docker:
        return await _run_story(Story(docker, screen, recorded=True))


async def _run_live(screen: Screen, image: str, socket: str | None) -> int:
    async with Docker(socket) as docker:
        return await _run_story(Story(docker, screen, image=image, name=f"rawdock-{secrets.token_hex(3)}"))


async def _run_story(story: Story) -> int:
    async with _interruptible() as scope:
        await story.run()
    if scope.cancel_called:
        print("lifecycle: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 1 if story.problems else 0


@asynccontextmanager
async def _interruptible() -> AsyncGenerator[anyio.CancelScope, None]:
    """A scope that is cancelled by the first signal; the second signal exits the program at once."""
    failure: list[Exception] = []
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            tasks.start_soon(_cancel_on_signal, scope)
            try:
                yield scope
            except (RawdockError, BrokenPipeError) as error:
                failure.append(error)  # raised outside of the task group, which would wrap it in an exception group
        tasks.cancel_scope.cancel()
    if failure:
        raise failure[0]


async def _cancel_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if scope.cancel_called:
                os._exit(_INTERRUPTED)
            scope.cancel()


def _interrupt(number: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


def _fail(sentence: str) -> int:
    print(f"lifecycle: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
