"""Progress computed from lines: it has every layer, and never goes back."""

from __future__ import annotations

import pytest

from rawdock._models.codec import decode
from rawdock.models import LoadLine, PullLine
from rawdock.progress import ProgressTracker


def line(layer: str, status: str, current: int = 0, total: int = 0, **more: object) -> PullLine:
    detail = {"current": current, "total": total, **more} if total or more else {}
    return decode(PullLine, {"id": layer, "status": status, "progressDetail": detail})


def tracker_of(*layers: str) -> ProgressTracker:
    """One that knows of these layers."""
    tracker = ProgressTracker()
    for layer in layers:
        tracker.update(line(layer, "Pulling fs layer"))
    return tracker


def test_a_complete_pull() -> None:
    """From the first line to the last, the fraction rises to one and the bytes add up."""
    tracker = ProgressTracker()
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
        tracker.update(one)
        fractions.append(tracker.progress.fraction)
    progress = tracker.progress
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert sorted(progress.layers) == ["a", "b"]
    assert (progress.current, progress.total) == (100, 100)
    assert progress.layers["b"].existed
    assert progress.layers["a"].done


def test_a_layer_never_goes_back() -> None:
    """A late line of an earlier phase changes nothing."""
    tracker = tracker_of("a")
    for one in (line("a", "Downloading", 10, 10), line("a", "Extracting", 5, 10), line("a", "Downloading", 1, 10)):
        tracker.update(one)
    layer = tracker.progress.layers["a"]
    assert (layer.phase, layer.current, layer.fraction) == ("Extracting", 10, 0.75)


def test_fraction_does_not_fall_when_sizes_become_known() -> None:
    """A large layer that appears late stops the fraction from rising, but does not lower it."""
    tracker = tracker_of("a")
    tracker.update(line("a", "Downloading", 10, 10))
    before = tracker.progress.fraction
    tracker.update(line("b", "Pulling fs layer"))
    tracker.update(line("b", "Downloading", 1, 1000))
    assert tracker.progress.fraction == before
    assert tracker.progress.total == 1010


def test_seconds_are_not_counted_as_bytes() -> None:
    """containerd's store counts the seconds of an extraction; they are not taken for bytes."""
    tracker = tracker_of("a")
    tracker.update(line("a", "Downloading", 10, 10))
    tracker.update(line("a", "Extracting", 3, 0, units="s"))
    assert tracker.progress.current == 10


def test_rate_and_time_left() -> None:
    """The rate is bytes per second since the first layer; before that it is not known."""
    now = [0.0]
    tracker = ProgressTracker(clock=lambda: now[0])
    assert tracker.progress.remaining is None
    tracker.update(line("a", "Pulling fs layer"))
    tracker.update(line("a", "Downloading", 0, 100))
    now[0] = 2.0
    tracker.update(line("a", "Downloading", 50, 100))
    assert tracker.progress.rate == pytest.approx(25.0)
    assert tracker.progress.remaining == pytest.approx(2.0)


def test_retries_do_not_count_as_progress() -> None:
    """The countdown before a retry does not change the progress of a layer."""
    tracker = ProgressTracker()
    tracker.update(line("a", "Pulling fs layer"))
    tracker.update(line("a", "Retrying in 5 seconds"))
    assert tracker.progress.layers["a"].phase == "Retrying"
    tracker.update(line("a", "Downloading", 5, 10))
    tracker.update(line("a", "Retrying in 1 second"))
    assert tracker.progress.layers["a"].fraction == 0.25


def test_existing_layers_are_no_work() -> None:
    """An existing first layer does not make the fraction 1."""
    tracker = ProgressTracker()
    tracker.update(line("a", "Already exists"))
    assert tracker.progress.fraction == 0.0
    tracker.update(line("b", "Pulling fs layer"))
    tracker.update(line("b", "Downloading", 50, 100))
    assert tracker.progress.fraction == 0.25
    tracker.update(line("b", "Pull complete"))
    assert tracker.progress.fraction == 1.0


def test_a_successful_end_completes_all_layers() -> None:
    """At the end all layers are done, although Podman's last line of a layer is that it was downloaded."""
    tracker = tracker_of("a", "b")
    tracker.update(line("a", "Downloading", 10, 100))
    tracker.update(line("b", "Download complete"))
    assert tracker.progress.fraction < 1.0
    tracker.finish()
    progress = tracker.progress
    assert progress.fraction == 1.0
    assert (progress.current, progress.total) == (100, 100)
    assert all(layer.done for layer in progress.layers.values())


def test_a_load() -> None:
    """Layers that are loaded have one phase, and its bytes are all there is to do."""
    tracker = ProgressTracker()
    for current in (10, 50, 100):
        tracker.update(
            decode(
                LoadLine, {"id": "a", "status": "Loading layer", "progressDetail": {"current": current, "total": 100}}
            )
        )
        progress = tracker.progress
        assert (progress.current, progress.total, progress.fraction) == (current, 100, current / 100)
    tracker.update(decode(LoadLine, {"stream": "Loaded image: app:1\n"}))
    assert list(tracker.progress.layers) == ["a"]


def test_what_comes_with_an_image_is_no_layer() -> None:
    """Docker 29 downloads attestations too, and neither announces nor finishes them."""
    tracker = tracker_of("a")
    for one in (line("x", "Downloading", 5, 10), line("a", "Downloading", 10, 10), line("x", "Download complete")):
        tracker.update(one)
    assert list(tracker.progress.layers) == ["a"]
    assert (tracker.progress.current, tracker.progress.total, tracker.progress.fraction) == (10, 10, 0.5)
