"""Progress as bars in a terminal, as lines elsewhere."""

from __future__ import annotations

import importlib
import io
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from rich.console import Console

from rawdock import Docker, InvalidArgument, StreamError
from rawdock.bars import counting, show
from rawdock.files import Counted

pytestmark = pytest.mark.anyio

PULL = [
    {"id": "1", "status": "Pulling from app"},
    {"id": "aaa", "status": "Pulling fs layer", "progressDetail": {}},
    {"id": "bbb", "status": "Already exists", "progressDetail": {}},
    {"id": "ccc", "status": "Pulling fs layer", "progressDetail": {}},
    *(
        {"id": "aaa", "status": "Downloading", "progressDetail": {"current": n * 1000, "total": 9000}}
        for n in range(1, 10)
    ),
    {"id": "ccc", "status": "Downloading", "progressDetail": {"current": 1, "total": 1000}},
    {"id": "aaa", "status": "Download complete", "progressDetail": {}},
    {"id": "aaa", "status": "Pull complete", "progressDetail": {}},
    {"id": "ccc", "status": "Pull complete", "progressDetail": {}},
    {"status": "Digest: sha256:1"},
    {"status": "Status: Downloaded newer image for app:1"},
]
LOAD = [
    {"id": "aaa", "status": "Loading layer", "progressDetail": {"current": 10, "total": 100}},
    {"id": "aaa", "status": "Loading layer", "progressDetail": {"current": 100, "total": 100}},
    {"stream": "Loaded image: app:1\n"},
]
PUSH = [
    {"status": "The push refers to repository [r.test/app]"},
    {"id": "aaa", "status": "Preparing", "progressDetail": {}},
    {"id": "aaa", "status": "Pushing", "progressDetail": {"current": 512, "total": 1024}},
    {"id": "aaa", "status": "Pushed", "progressDetail": {}},
    {"status": "1: digest: sha256:2 size: 527"},
]


def docker_with(lines: list[Any]) -> Docker:
    body = "\r\n".join(map(json.dumps, lines)).encode()
    return Docker(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)), version="1.51")


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=100)


def terminal(height: int = 40) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, height=height, color_system=None, _environ={})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def screens(console: Console) -> list[list[str]]:
    """The lines of each drawing: they begin where the cursor goes up to the first line again."""
    text = written(console)
    frames = re.split(r"(?:\x1b\[1A\x1b\[2K)+|\r\x1b\[2K", text)
    return [
        [line.rstrip() for line in re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", frame).splitlines() if line.strip()]
        for frame in frames
    ]


@pytest.fixture(autouse=True)
def draw_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is drawn, however fast it comes."""
    monkeypatch.setattr("rawdock.bars._REDRAW_SECONDS", 0.0)


async def test_lines_without_a_terminal() -> None:
    """A line for each change of phase, not for each update; and lines about the whole transfer."""
    console = plain()
    async with docker_with(PULL) as docker, docker.images.pull("app:1") as pull:
        result = await show(pull, console=console)
    assert result.digest == "sha256:1"
    assert written(console).splitlines() == [
        "aaa: Pulling fs layer",
        "bbb: Already exists",
        "ccc: Pulling fs layer",
        "aaa: Downloading",
        "ccc: Downloading",
        "aaa: Download complete",
        "aaa: Pull complete",
        "ccc: Pull complete",
        "Digest: sha256:1",
        "Status: Downloaded newer image for app:1",
    ]


async def test_lines_of_a_load_and_a_push() -> None:
    console = plain()
    async with docker_with(LOAD) as docker, docker.images.load(b"") as load:
        assert (await show(load, console=console)).images == ("app:1",)
    async with docker_with(PUSH) as docker, docker.images.push("r.test/app:1") as push:
        assert (await show(push, console=console)).digest == "sha256:2"
    assert written(console).splitlines() == [
        "aaa: Loading layer",
        "Loaded image: app:1",
        "The push refers to repository [r.test/app]",
        "aaa: Preparing",
        "aaa: Pushing",
        "aaa: Pushed",
        "1: digest: sha256:2 size: 527",
    ]


async def test_bars_in_a_terminal() -> None:
    """A bar for each layer and one for all; no bar goes back, and at the end all are done."""
    console = terminal()
    async with docker_with(PULL) as docker, docker.images.pull("app:1") as pull:
        await show(pull, console=console)
    frames = screens(console)
    last = frames[-1]
    assert [line.split()[0] for line in last] == ["all", "aaa", "bbb", "ccc"]
    assert last[0].split()[1:4] == ["3", "of", "3"]
    assert "Pull complete" in last[1]
    assert "9.0 kB/9.0 kB" in last[1]
    assert "Already exists" in last[2]
    filled = [line.count("━") for frame in frames for line in frame if line.startswith("aaa")]
    assert len(filled) > 9
    assert filled == sorted(filled)
    assert filled[0] < filled[-1]
    said = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", written(console))
    assert "Digest: sha256:1" in said


async def test_a_terminal_that_cannot_draw() -> None:
    """A terminal without cursor movement gets lines."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100, _environ={"TERM": "dumb"})
    async with docker_with(LOAD) as docker, docker.images.load(b"") as load:
        await show(load, console=console)
    assert written(console).splitlines() == ["aaa: Loading layer", "Loaded image: app:1"]


async def test_many_layers_in_a_small_terminal() -> None:
    """Completed layers are hidden if there is not enough room."""
    lines = [{"id": f"layer{n}", "status": "Already exists"} for n in range(20)]
    lines.append({"id": "late", "status": "Waiting"})
    console = terminal(height=10)
    async with docker_with(lines) as docker, docker.images.pull("app:1") as pull:
        async for _ in pull:
            pass
        from rawdock.bars import _BarDisplay

        screen = _BarDisplay(console)
        with screen.bar:
            screen.update(SimpleNamespace(progress=_waiting(pull.progress)), last=True)
    assert [line.split()[0] for line in screens(console)[-1]] == ["all", "late"]


def _waiting(progress: Any) -> Any:
    """The same with the last layer still waiting: the stream has ended, which finishes all of them."""
    late = progress.layers["late"]
    late._rank, late.fraction = 1, 0.0
    return progress


async def test_a_failure_is_raised() -> None:
    """The bars remain, and the terminal is restored."""
    lines = [*PULL[:5], {"errorDetail": {"message": "no space left"}, "error": "no space left"}]
    for console in (plain(), terminal()):
        async with docker_with(lines) as docker, docker.images.pull("app:1") as pull:
            with pytest.raises(StreamError, match="no space left"):
                await show(pull, console=console)
        assert "aaa" in written(console)
    assert written(console).endswith("\x1b[?25h")  # the cursor is there again


class Build:
    """A build as `docker.build` gives it: changes, and the steps folded from them."""

    def __init__(self) -> None:
        self.steps: list[Any] = []

    async def __aiter__(self) -> AsyncIterator[Any]:
        first = SimpleNamespace(name="[1/2] FROM busybox", started=1, completed=None, cached=False, error="")
        second = SimpleNamespace(name="[2/2] RUN \x1b[2Jls", started=1, completed=None, cached=False, error="")
        self.steps.append(first)
        yield SimpleNamespace(step=first, status="not said")
        first.cached, first.completed = True, 2
        yield SimpleNamespace(step=first)
        self.steps.append(second)
        yield SimpleNamespace(step=second)
        second.completed = 3
        yield SimpleNamespace(step=second)

    async def result(self) -> str:
        return "sha256:3"


async def test_steps_of_a_build() -> None:
    """Names are shown without control characters."""
    console = plain()
    assert await show(Build(), console=console) == "sha256:3"
    assert written(console).splitlines() == [
        "[1/2] FROM busybox: running",
        "[1/2] FROM busybox: cached",
        "[2/2] RUN \N{REPLACEMENT CHARACTER}[2Jls: running",
        "[2/2] RUN \N{REPLACEMENT CHARACTER}[2Jls: done",
    ]
    console = terminal()
    await show(Build(), console=console)
    assert "\x1b[2J" not in written(console)
    last = screens(console)[-1]
    assert last[0].split()[:4] == ["all", "2", "of", "2"]
    assert last[1].startswith("[1/2] FROM busybox")


async def test_streams_without_progress() -> None:
    async with docker_with([]) as docker, docker.system.events() as events:
        with pytest.raises(InvalidArgument, match="EventStream has no progress"):
            await show(events)  # type: ignore[type-var]


async def parts() -> AsyncIterator[bytes]:
    for _ in range(4):
        yield bytes(1000)


async def test_bytes_of_an_upload() -> None:
    """A bar while the block runs; elsewhere a line at its end."""
    for console in (plain(), terminal()):
        content = Counted(parts(), total=4000)
        async with docker_with(LOAD) as docker:
            with counting(content, "app.tar", console=console):
                await docker.images.load(content)
        assert content.on_count is None
        assert "app.tar" in written(console)
    assert "4.0/4.0 kB" in screens(console)[-1][-1]
    console = plain()
    with counting(content, "app.tar", console=console):
        pass
    assert written(console) == "app.tar: 4.0 kB\n"


def test_nothing_is_printed_by_default() -> None:
    """Only `rawdock.bars` imports rich."""
    code = (
        "import sys, rawdock, rawdock.streams, rawdock.models, rawdock.progress, rawdock.files\n"
        "rawdock.Docker, rawdock.streams.PullStream, rawdock.streams.LoadStream\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'rich']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "rawdock.bars")
    with pytest.raises(ImportError, match=r"pip install 'rawdock\[rich\]'"):
        importlib.import_module("rawdock.bars")
