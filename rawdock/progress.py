"""The progress of a pull, push or load, computed from its lines.

A layer never goes back: a line advances it or changes nothing, so its phase is the furthest one seen. Totals grow as
sizes become known; the overall fraction never falls.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from .errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models import LoadLine, PullLine, PushLine

__all__ = ["LayerProgress", "Progress", "ProgressTracker"]

# The phases of a layer: their order, and the share of the layer's work that is done at the start and end of each.
_PHASES: dict[str, tuple[int, float, float]] = {
    "Pulling fs layer": (0, 0.0, 0.0),
    "Preparing": (0, 0.0, 0.0),
    "Waiting": (1, 0.0, 0.0),
    "Retrying": (1, 0.0, 0.0),
    "Downloading": (2, 0.0, 0.5),
    "Pushing": (2, 0.0, 1.0),
    "Loading layer": (2, 0.0, 1.0),
    "Verifying Checksum": (3, 0.5, 0.5),
    "Download complete": (4, 0.5, 0.5),
    "Extracting": (5, 0.5, 1.0),
    "Pull complete": (6, 1.0, 1.0),
    "Pushed": (6, 1.0, 1.0),
    "Already exists": (6, 1.0, 1.0),
    "Layer already exists": (6, 1.0, 1.0),
    "Mounted from": (6, 1.0, 1.0),
}
_DONE = 6
# An id that a pull has named with "Pulling fs layer" or "Already exists" is a layer. Docker 29 also tells of the
# attestations that come with an image, which are downloaded and nothing more.
_NEVER_FIRST = {"Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"}
_TRANSFERS = ("Downloading", "Pushing", "Loading layer")


@attrs.define(eq=False)
class LayerProgress:
    """The progress of one layer. The stream updates it; only read it."""

    id: str
    phase: str = ""
    """The furthest phase so far, in the Engine's words."""
    current: int = 0
    """Bytes transferred."""
    total: int = 0
    """Bytes to transfer; 0 while not known."""
    fraction: float = 0.0
    """0.0 to 1.0, transfer and extraction together."""
    _rank: int = -1

    @property
    def done(self) -> bool:
        return self._rank == _DONE

    @property
    def existed(self) -> bool:
        """Whether the layer existed already, so that nothing was transferred."""
        return self.phase in ("Already exists", "Layer already exists")

    def finish(self) -> None:
        self._rank, self.fraction, self.current = _DONE, 1.0, self.total

    def update(self, status: str, current: int, total: int) -> None:
        phase = "Mounted from" if status.startswith("Mounted from") else status
        phase = "Retrying" if phase.startswith("Retrying") else phase
        known = _PHASES.get(phase)
        if known is None or known[0] < self._rank:
            return
        self._rank, start, end = known
        self.phase = phase
        if phase in _TRANSFERS:
            self.current = max(self.current, current)
            self.total = max(self.total, total, self.current)
        elif start >= 0.5 and not self.existed:
            self.current = self.total
        share = min(current / total, 1.0) if total > 0 and end > start else 0.0
        self.fraction = max(self.fraction, start + (end - start) * share)


@attrs.frozen
class Progress:
    """The progress of the whole transfer at one moment."""

    layers: dict[str, LayerProgress]
    current: int
    """Bytes transferred so far: at least so many, since containerd's image store tells no sizes of layers that come
    quickly."""
    total: int
    """Bytes to transfer, of the layers whose size is known: at least so many."""
    fraction: float
    """0.0 to 1.0; never falls."""
    elapsed: float
    """Seconds since the first line."""

    @property
    def rate(self) -> float:
        """Bytes per second, on average since the first line."""
        return self.current / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds left at this rate; None while that is not known."""
        return (self.total - self.current) / self.rate if self.rate and self.total else None


class ProgressTracker:
    """Computes the progress from lines. `progress` is computed on access only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.layers: dict[str, LayerProgress] = {}
        self._clock = clock
        self._began: float | None = None
        self._fraction = 0.0

    def update(self, line: PullLine | PushLine | LoadLine) -> None:
        with suppress(DecodeError):  # a line with wrong values changes nothing
            self._update(line)

    def _update(self, line: PullLine | PushLine | LoadLine) -> None:
        detail = line.progress_detail
        seconds = getattr(detail, "units", "") == "s"
        current, total = (0, 0) if seconds else (detail.current, detail.total)
        name, status = line.id, line.status
        if not name or not status:
            return
        layer = self.layers.get(name)
        if layer is None:
            if status in _NEVER_FIRST:
                return
            if status not in _PHASES and not status.startswith(("Retrying", "Mounted from")):
                return  # the first line of a pull has the tag as its id
            layer = self.layers[name] = LayerProgress(name)
            if self._began is None:
                self._began = self._clock()
        layer.update(status, current, total)

    def finish(self) -> None:
        """The transfer has succeeded: mark all layers as done, also those of which the Engine did not say so. Podman's
        last line of a layer is that it was downloaded, and containerd's image store does not report existing layers."""
        for layer in self.layers.values():
            layer.finish()
        self._fraction = 1.0

    @property
    def progress(self) -> Progress:
        layers = self.layers.values()
        # An existing layer is no work: it would make the fraction 1 before the other layers are known.
        working = [layer for layer in layers if not layer.existed]
        if working:
            known = all(layer.total or layer.done for layer in working)
            weights = [layer.total or 1 for layer in working] if known else [1] * len(working)
            done = sum(layer.fraction * weight for layer, weight in zip(working, weights, strict=True))
            self._fraction = max(self._fraction, done / sum(weights))
        return Progress(
            layers=dict(self.layers),
            current=sum(layer.current for layer in layers),
            total=sum(layer.total for layer in layers),
            fraction=self._fraction,
            elapsed=self._clock() - self._began if self._began is not None else 0.0,
        )
