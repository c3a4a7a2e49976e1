"""Output for a terminal: lines of 80 columns with the API call on the right, and pulls that are redrawn in place."""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from typing import TextIO

from ..progress import LayerProgress, Progress

__all__ = ["WIDTH", "Screen", "plural", "short", "size"]

WIDTH = 80
_INDENT = "   "
_BOLD, _DIM, _PLAIN = "\033[1m", "\033[2m", "\033[0m"
_REDRAW = 0.08  # seconds between two drawings of a pull
_BAR = 24


def size(count: int) -> str:
    """A number of bytes for people, in powers of ten as the docker command shows them."""
    if abs(count) < 1000:
        return f"{count} B"
    value, units = count / 1000, ["TB", "GB", "MB", "kB"]
    while abs(value) >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop()
    return f"{value:.3g} {units[-1]}"


def short(identity: str) -> str:
    """The first twelve digits of an id or a digest."""
    return identity.removeprefix("sha256:")[:12]


def plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


class Screen:
    """Writes the story."""

    def __init__(self, out: TextIO, *, terminal: bool | None = None) -> None:
        self._out = out
        self._terminal = out.isatty() if terminal is None else terminal
        self._color = self._terminal and not os.environ.get("NO_COLOR")
        self._pipe_closed = False
        self.closing = False  # if set, a closed pipe is ignored, so that cleaning up goes on
        self._steps = 0
        self._drawn_lines = 0
        self._last_redraw = 0.0
        self._printed_layers: set[str] = set()

    def step(self, title: str) -> None:
        self._steps += 1
        self._write(f"\n{self._style(_BOLD, f'{self._steps}. {title}')}\n")

    def say(self, text: str, call: str = "") -> None:
        """Print a line, wrapped if it is long, with an API call at the right, as `GET /info`."""
        indent = " " * (len(text) - len(text.lstrip()))
        lines = _wrapped(text, WIDTH - len(_INDENT), indent)
        for line in lines[:-1]:
            self._write(f"{_INDENT}{line}\n")
        last = _INDENT + lines[-1]
        if call and len(last) + 2 + len(call) > WIDTH:
            self._write(f"{last}\n")
            last = ""
        self._write(last + (self._style(_DIM, call.rjust(WIDTH - len(last))) if call else "") + "\n")

    def note(self, text: str) -> None:
        """Print a line about the run itself, such as which Engine is used and how it went."""
        for line in _wrapped(text, WIDTH):
            self._write(f"{line}\n")

    def command(self, text: str) -> None:
        """Print a command to copy, in one line however long it is."""
        self._write(f"{_INDENT}{text}\n")

    # A pull: `begin`, then `draw` after each line, then `finish`.

    def begin(self) -> None:
        self._drawn_lines, self._last_redraw, self._printed_layers = 0, 0.0, set()

    def draw(self, progress: Progress) -> None:
        layers = list(progress.layers.values())
        if not layers:
            return
        room = shutil.get_terminal_size()
        if self._terminal and room.columns >= WIDTH and len(layers) < room.lines - 2:
            if time.monotonic() - self._last_redraw >= _REDRAW:
                self._redraw(layers)
                self._last_redraw = time.monotonic()
            return
        for layer in layers:
            if layer.done:
                self._print_layer(layer)

    def finish(self, progress: Progress) -> None:
        layers = list(progress.layers.values())
        if self._drawn_lines:
            self._redraw(layers)
            return
        for layer in layers:
            self._print_layer(layer)

    def _redraw(self, layers: list[LayerProgress]) -> None:
        up = f"\033[{self._drawn_lines}A" if self._drawn_lines else ""
        lines = [f"\033[2K{_INDENT}{_layer_line(layer, bar=True)}\n" for layer in layers]
        self._write(up + "".join(lines))
        self._drawn_lines = len(layers)

    def _print_layer(self, layer: LayerProgress) -> None:
        if layer.id not in self._printed_layers:
            self._printed_layers.add(layer.id)
            self._write(f"{_INDENT}{_layer_line(layer)}\n")

    def _style(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._color else text

    def _write(self, text: str) -> None:
        if self._pipe_closed:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self._pipe_closed = True  # cleaning up goes on without output
            if not self.closing:
                raise


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The lines of the text; paths and names are not split."""
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False) or [""]


def _layer_line(layer: LayerProgress, *, bar: bool = False) -> str:
    moved = size(layer.total) if layer.total else ""
    if not bar or layer.done:
        return f"{layer.id}  {layer.phase:18}{moved:>9}".rstrip()
    full = round(layer.fraction * _BAR)
    return f"{layer.id}  {layer.phase:18}{moved:>9}  [{'=' * full}{' ' * (_BAR - full)}]"
