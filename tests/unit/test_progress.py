"""Progress folded from lines: it knows every layer, and never goes back."""

from __future__ import annotations

import pytest

from rawdock._models.codec import decode
from rawdock.models import LoadLine, PullLine
from rawdock.progress import ProgressTracker


def line(layer: str, status: str, current: int = 0, total: int = 0, **more: object) -> PullLine:
    detail = {"current": current, "total": total, **more} if total or more else {}
    return decode(PullLine, {"id": layer, "status": status, "progressDetail": detail})


def test_a_whole_pull() -> None:
    """From the first line to the last, the fraction rises to one and the bytes add up."""
    folder = ProgressTracker()
    fractions: list[float] = []
    for one in (
        line("1", "Pulling from app"),
        line("a", "Pulling fs layer"),
        line("b", "Already exists"),
        line("a", "Waiting"),
        line("a", "Downloading", 50, 100),
        line("a", "Downloading", 100, 100),
        line("a", "Verifying Checksum"),
        line("a", "Download complete"),
        line("a", "Extracting", 50, 100),
        line("a", "Extracting", 100, 100),
        line("a", "Pull complete"),
    ):
        folder.see(one)
        fractions.append(folder.progress.fraction)
    progress = folder.progress
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert sorted(progress.layers) == ["a", "b"]
    assert (progress.current, progress.total) == (100, 100)
    assert progress.layers["b"].existed
    assert progress.layers["a"].done


def test_a_layer_never_goes_back() -> None:
    """A late line of an earlier phase changes nothing."""
    folder = ProgressTracker()
    for one in (line("a", "Downloading", 10, 10), line("a", "Extracting", 5, 10), line("a", "Downloading", 1, 10)):
        folder.see(one)
    layer = folder.progress.layers["a"]
    assert (layer.phase, layer.current, layer.fraction) == ("Extracting", 10, 0.75)


def test_fraction_does_not_fall_when_sizes_become_known() -> None:
    """A large layer that appears late holds the fraction up instead of pulling it down."""
    folder = ProgressTracker()
    folder.see(line("a", "Downloading", 10, 10))
    before = folder.progress.fraction
    folder.see(line("b", "Downloading", 1, 1000))
    assert folder.progress.fraction == before
    assert folder.progress.total == 1010


def test_seconds_are_no_bytes() -> None:
    """containerd's store counts the seconds of an extraction; they are not taken for bytes."""
    folder = ProgressTracker()
    folder.see(line("a", "Downloading", 10, 10))
    folder.see(line("a", "Extracting", 3, 0, units="s"))
    assert folder.progress.current == 10


def test_rate_and_time_left() -> None:
    """Rate is bytes over seconds since the first layer; before any there is nothing to say."""
    now = [0.0]
    folder = ProgressTracker(clock=lambda: now[0])
    assert folder.progress.remaining is None
    folder.see(line("a", "Downloading", 0, 100))
    now[0] = 2.0
    folder.see(line("a", "Downloading", 50, 100))
    assert folder.progress.rate == pytest.approx(25.0)
    assert folder.progress.remaining == pytest.approx(2.0)


def test_retries_do_not_count_as_progress() -> None:
    """The Engine's countdown before another try leaves the layer where it was."""
    folder = ProgressTracker()
    folder.see(line("a", "Pulling fs layer"))
    folder.see(line("a", "Retrying in 5 seconds"))
    assert folder.progress.layers["a"].phase == "Retrying"
    folder.see(line("a", "Downloading", 5, 10))
    folder.see(line("a", "Retrying in 1 second"))
    assert folder.progress.layers["a"].fraction == 0.25


def test_layers_that_are_there_are_no_work() -> None:
    """An image whose first layer is there does not begin at one."""
    folder = ProgressTracker()
    folder.see(line("a", "Already exists"))
    assert folder.progress.fraction == 0.0
    folder.see(line("b", "Downloading", 50, 100))
    assert folder.progress.fraction == 0.25
    folder.see(line("b", "Pull complete"))
    assert folder.progress.fraction == 1.0


def test_a_good_end_finishes_what_was_left_unsaid() -> None:
    """Podman's last word on a layer is that it was downloaded; at the end it is done all the same."""
    folder = ProgressTracker()
    folder.see(line("a", "Downloading", 10, 100))
    folder.see(line("b", "Download complete"))
    assert folder.progress.fraction < 1.0
    folder.finish()
    progress = folder.progress
    assert progress.fraction == 1.0
    assert (progress.current, progress.total) == (100, 100)
    assert all(layer.done for layer in progress.layers.values())


def test_a_load() -> None:
    """Layers that are loaded have one phase, and its bytes are all there is to do."""
    folder = ProgressTracker()
    for current in (10, 50, 100):
        folder.see(
            decode(
                LoadLine, {"id": "a", "status": "Loading layer", "progressDetail": {"current": current, "total": 100}}
            )
        )
        progress = folder.progress
        assert (progress.current, progress.total, progress.fraction) == (current, 100, current / 100)
    folder.see(decode(LoadLine, {"stream": "Loaded image: app:1\n"}))
    assert list(folder.progress.layers) == ["a"]
