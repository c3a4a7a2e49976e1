"""Progress bars in a terminal: `async with docker.images.pull(ref) as pull: await show(pull)`.

There is a bar for each layer or step if the output is a terminal; otherwise a line for each change of phase. Needs the
extra `rich`: `pip install rawdock[rich]`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

import attrs

from .errors import InvalidArgument
from .files import Counted
from .progress import Progress

try:
    from rich import progress as bars
    from rich.console import Console
    from rich.filesize import decimal
    from rich.table import Column
    from rich.text import Text
except ImportError as error:
    raise ImportError("rawdock.bars needs rich; install it with rawdock: pip install 'rawdock[rich]'") from error

__all__ = ["BuildStep", "Layered", "Stepped", "counting", "show"]

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")

_REDRAW_SECONDS = 0.1  # often enough for the eye
_RESERVED_LINES = 3  # lines of the terminal that are not for layers


class Layered(Protocol[R_co]):
    """A pull, push or load that was entered."""

    @property
    def progress(self) -> Progress: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...
    async def result(self) -> R_co: ...


class BuildStep(Protocol):
    """A step of a build."""

    @property
    def name(self) -> str: ...
    @property
    def started(self) -> object: ...
    @property
    def completed(self) -> object: ...
    @property
    def cached(self) -> bool: ...


class Stepped(Protocol[R_co]):
    """A build that was entered."""

    @property
    def steps(self) -> Sequence[BuildStep]: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...
    async def result(self) -> R_co: ...


async def show(stream: Layered[R] | Stepped[R], *, console: Console | None = None) -> R:
    """Follow a pull, push, load or build to its end, show its progress, and return its result.

    `console` is where it is shown, by default stdout. Raises what the stream raises; the bars remain visible.
    """
    if not hasattr(stream, "steps") and not hasattr(stream, "progress"):
        raise InvalidArgument(f"show: {type(stream).__name__} has no progress; enter a pull, push, load or build")
    console = console or Console()
    with _display(console) as display:
        async for item in stream:
            if text := _summary_text(item):
                display.print_line(text)
            display.update(stream)
        result = await stream.result()
        display.update(stream, last=True)
    return result


@contextmanager
def counting(content: Counted, name: str = "", *, console: Console | None = None) -> Generator[None, None, None]:
    """Show how many bytes of an upload or download have passed, while the block runs."""
    console = console or Console()
    name = _printable(name)
    if not _can_draw(console):
        yield
        _print(console, f"{name}: {decimal(content.count)}" if name else decimal(content.count))
        return
    bar = bars.Progress(
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        console=console,
        auto_refresh=False,
    )
    throttle = _Throttle()
    with bar:
        task = bar.add_task(name, total=content.total)

        def draw() -> None:
            if throttle.due():
                bar.update(task, completed=content.count, refresh=True)

        before, content.on_count = content.on_count, draw
        try:
            yield
        finally:
            content.on_count = before
            bar.update(task, completed=content.count, refresh=True)


@attrs.frozen
class _Row:
    """What is displayed of a layer or step."""

    name: str
    phase: str
    fraction: float
    size: str
    done: bool


def _rows(stream: Any) -> dict[str, _Row]:
    if hasattr(stream, "steps"):
        steps = cast("Stepped[object]", stream).steps
        return {
            str(number): _Row(
                _printable(step.name), _phase(step), float(bool(step.completed)), "", bool(step.completed)
            )
            for number, step in enumerate(steps)
        }
    layers = cast("Layered[object]", stream).progress.layers
    return {
        id: _Row(
            _printable(id),
            _printable(layer.phase),
            layer.fraction,
            f"{decimal(layer.current)}/{decimal(layer.total)}" if layer.total else "",
            layer.done,
        )
        for id, layer in layers.items()
    }


def _phase(step: BuildStep) -> str:
    if getattr(step, "error", ""):
        return "failed"
    if step.cached:
        return "cached"
    if step.completed:
        return "done"
    return "running" if step.started else "waiting"


def _summary_text(item: Any) -> str:
    """The text of a line about the whole transfer: `Digest: sha256:...`, `Loaded image: busybox:1`."""
    if getattr(item, "id", ""):
        return ""
    text = getattr(item, "status", "") or getattr(item, "stream", "")
    return _printable(text.strip()) if isinstance(text, str) and not hasattr(item, "step") else ""


def _printable(text: str) -> str:
    """The text without control characters: names come from whoever made the image and are not trusted."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _print(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)


def _can_draw(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal


class _Throttle:
    """Limits how often the bars are redrawn."""

    def __init__(self) -> None:
        self._last = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < _REDRAW_SECONDS:
            return False
        self._last = now
        return True


class _TextDisplay:
    """Prints a line whenever a layer or step enters another phase."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phases: dict[str, str] = {}

    def print_line(self, text: str) -> None:
        _print(self._console, text)

    def update(self, stream: object, *, last: bool = False) -> None:
        for key, row in _rows(stream).items():
            if self._phases.get(key) != row.phase:
                self._phases[key] = row.phase
                _print(self._console, f"{row.name}: {row.phase}")


class _BarDisplay:
    """Draws a bar for each layer or step, and one for the total."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._throttle = _Throttle()
        self._tasks: dict[str, bars.TaskID] = {}
        self.bar = bars.Progress(
            bars.TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=50)),
            bars.TextColumn("{task.fields[phase]}", markup=False, table_column=Column(no_wrap=True)),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[size]}", markup=False, table_column=Column(no_wrap=True, justify="right")),
            console=console,
            auto_refresh=False,  # redrawn with each line, which needs no thread
        )
        self._all = self.bar.add_task("all", total=1.0, phase="", size="", visible=False)

    def print_line(self, text: str) -> None:
        _print(self._console, text)

    def update(self, stream: object, *, last: bool = False) -> None:
        if not (self._throttle.due() or last):
            return
        rows = _rows(stream)
        crowded = len(rows) > self._console.height - _RESERVED_LINES
        for key, row in rows.items():
            visible = not (crowded and row.done)
            if key not in self._tasks:
                self._tasks[key] = self.bar.add_task(row.name, total=1.0, visible=False, phase="", size="")
            self.bar.update(self._tasks[key], completed=row.fraction, visible=visible, phase=row.phase, size=row.size)
        if len(rows) > 1:
            self._update_total(stream, list(rows.values()))
        self.bar.refresh()

    def _update_total(self, stream: Any, rows: list[_Row]) -> None:
        done = sum(row.done for row in rows)
        if hasattr(stream, "steps"):
            fraction, size = done / len(rows), ""
        else:
            progress = cast("Layered[object]", stream).progress
            fraction = progress.fraction
            size = f"{decimal(progress.current)}/{decimal(progress.total)}" if progress.total else ""
        self.bar.update(self._all, completed=fraction, phase=f"{done} of {len(rows)}", size=size, visible=True)


@contextmanager
def _display(console: Console) -> Generator[_TextDisplay | _BarDisplay, None, None]:
    if not _can_draw(console):
        yield _TextDisplay(console)
        return
    display = _BarDisplay(console)
    with display.bar:
        yield display
