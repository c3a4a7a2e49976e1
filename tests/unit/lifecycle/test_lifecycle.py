"""The story of `scripts/lifecycle`, told by the recording that ships with the package."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import anyio
import httpx
import pytest

from rawdock import Docker, RawdockError, ServerError
from rawdock.errors import Sent
from rawdock.lifecycle import Screen, Story, engine
from rawdock.lifecycle import __main__ as command
from rawdock.lifecycle.__main__ import RECORDING
from rawdock.testing import Replay

BACKENDS = ("asyncio", "trio")
RECORDED = json.loads(RECORDING.read_text())
ABOUT = RECORDED["about"]
REQUESTS = [f"{one['request']['method']} {one['request']['target']}" for one in RECORDED["exchanges"]]
# How many come before the removal; the question for the version is not asked again.
TOLD = next(i for i, one in enumerate(REQUESTS) if re.match("DELETE .*/containers/", one)) - 1


class Watched(httpx.AsyncBaseTransport):
    """Notes what is sent; at one request the answer is lost, or a cancellation comes before it."""

    def __init__(self, *, fail_at: int = 0, cancel_at: int = 0) -> None:
        self.replay = Replay(RECORDING)
        self.sent: list[tuple[str, str, dict[str, list[str]]]] = []
        self.scope: anyio.CancelScope | None = None
        self.problems: list[str] = []
        self._fail_at = fail_at
        self._cancel_at = cancel_at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        parts = urlsplit(request.url.raw_path.decode())
        path = re.sub(r"^/v[0-9.]+", "", unquote(parts.path))
        self.sent.append((request.method, path, parse_qs(parts.query)))
        if len(self.sent) == self._fail_at:
            if request.method != "GET":
                await self.replay.handle_async_request(request)  # it is done, though nobody hears of it
            raise httpx.ReadError("the Engine went away")
        if len(self.sent) == self._cancel_at and self.scope:
            self.scope.cancel()
        return await self.replay.handle_async_request(request)

    def left(self) -> set[str]:
        """What was made and not deleted."""
        things: set[str] = set()
        for method, path, query in self.sent:
            if method == "DELETE":
                things.discard(path.removeprefix("/images/").removeprefix("/containers/"))
            elif path == "/images/create":
                things.add(query["fromImage"][0])
            elif path == "/containers/create":
                things.add(query["name"][0])
            elif path == "/commit" or path.endswith("/tag"):
                things.add(f"{query['repo'][0]}:{query['tag'][0]}")
        return things


async def tell(transport: Watched) -> str:
    out = io.StringIO()
    async with Docker(transport=transport, version=ABOUT["api"]) as docker:
        story = Story(docker, Screen(out), recorded=True)
        with anyio.CancelScope() as transport.scope:
            await story.run()
        transport.problems = story.problems
    return out.getvalue()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_recording_tells_the_whole_story(backend: str) -> None:
    transport = Watched()
    text = anyio.run(tell, transport, backend=backend)
    for line in (
        "The Engine of the recording  ",
        "Storage driver overlay2, in the folder",
        "3a1f77bb3494  Already exists",
        "10 layers, 1 of them the same as in the first image (1.98 MB unpacked).",
        "ps:     not there",
        "ps -a:  there, created",
        "ps:     there, running",
        "over read-only folders: 3 layers of its image and 1 of the Engine's own.",
        "Against the image: /hello.txt added.",
        "sleep 600",
        "Stopped: exited, exit code 0.",
        "is 3 layers of the first and one on top:",
        "(1 earlier step not shown)",
        "Pushed as ",
        "deleted the image and 9 layers:",
        "127.0.0.1:5000/app:3 is complete: 3 layers.",
        "As before.",
    ):
        assert line in text
    assert transport.left() == set()
    assert transport.problems == []
    unused = [one["request"]["target"].rpartition("/")[2] for one in transport.replay.unused()]
    assert set(unused) <= {"_ping", "version"}  # what pinning the version saves, and what the recording asked besides


def test_lines_fit_a_terminal_and_name_the_call() -> None:
    text = anyio.run(tell, Watched())
    assert max(map(len, text.splitlines())) <= 80
    for call in ("POST /containers/create", "POST /containers/{id}/start", "GET /system/df", "POST /commit"):
        assert f" {call}\n" in text


def test_a_pull_is_redrawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> str:
        out = io.StringIO()
        async with Docker(transport=Replay(RECORDING), version=ABOUT["api"]) as docker:
            await Story(docker, Screen(out, terminal=True)).run()
        return out.getvalue()

    monkeypatch.setenv("LINES", "30")
    text = anyio.run(main)
    assert re.search(r"\033\[\dA\033\[2K   3a1f77bb3494  Pull complete", text)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("at", range(1, TOLD + 1))
def test_created_objects_are_removed_after_an_error(at: int, backend: str) -> None:
    transport = Watched(fail_at=at)

    async def main() -> None:
        with pytest.raises(RawdockError, match="the Engine went away"):
            await tell(transport)

    anyio.run(main, backend=backend)
    assert transport.left() == set()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("at", range(1, TOLD + 1))
def test_created_objects_are_removed_after_a_cancellation(at: int, backend: str) -> None:
    transport = Watched(cancel_at=at)
    text = anyio.run(tell, transport, backend=backend)
    assert transport.left() == set()
    assert "Disk, after" not in text


def test_failed_removals_are_reported_and_the_rest_is_removed() -> None:
    transport = Watched(fail_at=TOLD + 1)
    text = anyio.run(tell, transport)
    assert len(transport.problems) == 1
    assert "the container rawdock-lifecycle could not be removed" in text
    assert transport.left() == set()


def lifecycle(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "RAWDOCK_"))}
    return subprocess.run(
        [sys.executable, "-m", "rawdock.lifecycle", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_replay_says_that_it_is_one() -> None:
    done = lifecycle("--replay")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("THIS IS A RECORDING of Docker Engine 28.5")


def test_replay_ignores_the_environment() -> None:
    assert lifecycle("--replay", DOCKER_API_VERSION="1.41", DOCKER_HOST="ssh://ada@example.com").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["Foo"], {}, "'Foo': the repository 'Foo' must be lower case"),
        (["a b"], {}, "'a b' is not a repository name"),
        (["busybox", "--replay"], {}, "--replay shows the image of its recording"),
        (["busybox", "--clean"], {}, "--clean uses no image"),
        ([], {"DOCKER_HOST": "https://example.com"}, "write tcp://host:port"),
        ([], {"DOCKER_HOST": "unix:///nowhere/docker.sock"}, "there is no socket at /nowhere/docker.sock"),
        ([], {"DOCKER_CONTEXT": "nowhere"}, "the docker context 'nowhere' does not exist"),
    ],
)
def test_errors_are_one_sentence(arguments: list[str], environment: dict[str, str], sentence: str) -> None:
    done = lifecycle(*arguments, **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("lifecycle: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


# An Engine that is started for this, by a script in the place of scripts/engines that does as if.

ENGINES = """\
import sys
from pathlib import Path
_, base, verb, name = sys.argv[1:]
folder = Path(base)
running = folder / "running"
with Path(__file__).with_name("asked").open("a") as asked:
    print(verb, file=asked)
if verb == "setup":
    (folder / "roots" / name).mkdir(parents=True)
elif verb == "start":
    if (folder.parent / "fails").exists():
        sys.exit(1)
    running.touch()
elif verb in ("stop", "wipe"):
    running.unlink(missing_ok=True)
elif verb == "status":
    print(f"{name}: {'running' if running.exists() else 'not running'}")
"""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder beside which the script notes what it was asked; no Engine of the user's is found."""
    script = tmp_path / "engines"
    script.write_text(ENGINES)
    monkeypatch.setenv("RAWDOCK_ENGINES_SCRIPT", str(script))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(engine, "BASE", tmp_path / "base")
    monkeypatch.setattr(engine, "SOCKET", tmp_path / "base/docker.sock")
    monkeypatch.setattr(engine, "why_unavailable", lambda: "")

    async def nobody(address: object) -> bool:
        return False

    async def told(*_: object) -> int:
        return 0

    monkeypatch.setattr(command, "_answers", nobody)
    monkeypatch.setattr(command, "_run_live", told)
    return tmp_path


def asked(made: Path) -> list[str]:
    """What the script was asked to do, but for the questions whether an Engine runs."""
    return [verb for verb in (made / "asked").read_text().split() if verb != "status"]


def test_an_engine_is_stopped_at_the_end(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert asked(made) == ["setup", "start", "stop"]
    printed = capsys.readouterr().out
    assert "It is stopped at the end." in " ".join(printed.split())
    assert "this once: about a minute" in " ".join(printed.split())
    assert f"{made}/lifecycle --clean\n" in printed
    assert "export DOCKER_HOST" not in printed


def test_an_engine_is_kept(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how to use and to stop it; it is not stopped by the next run either, and is removed by --clean."""
    assert command.main(["--keep"]) == 0
    assert asked(made) == ["setup", "start"]
    printed = capsys.readouterr().out
    assert f"export DOCKER_HOST=unix://{made}/base/docker.sock\n" in printed
    assert f"{made}/engines --base {made}/base stop docker-28.5\n" in printed
    (made / "base/roots/docker-28.5").rmdir()
    assert command.main([]) == 0
    assert "stop" not in asked(made)
    assert "still running" in capsys.readouterr().out
    assert command.main(["--clean"]) == 0
    assert asked(made)[-1] == "wipe"
    assert not (made / "base").exists()
    assert "Removed" in capsys.readouterr().out


def test_an_engine_that_does_not_start_is_not_kept(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recording tells the story instead, and it is said how to get an Engine."""
    (made / "fails").touch()
    assert command.main(["--keep"]) == 0
    assert asked(made) == ["setup", "start", "stop"]
    printed = capsys.readouterr().out
    assert "scripts/engines start failed with exit code 1" in printed
    assert "systemctl --user start podman.socket\n" in printed.partition("THIS IS A RECORDING")[2]


@pytest.mark.parametrize("arguments", [["--clean"], ["--replay", "--clean"], ["--replay", "--keep"]])
def test_nothing_to_keep_or_to_remove(made: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 0
    assert re.match(r"--(keep|clean): there is nothing to (keep|remove)", capsys.readouterr().out)
    assert not (made / "asked").exists()


def test_an_engine_of_the_users_own_is_not_kept(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert command.main(["--keep"]) == 0
    assert "there is nothing to keep, as this Engine was there before" in capsys.readouterr().out
    assert not (made / "asked").exists()


def test_a_failed_pull_suggests_the_recording(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def failing(*_: object) -> int:
        error = ServerError("network is unreachable", status=500)
        error.sent = Sent("POST", "/images/create", address="unix:///s", operation="images.pull")
        raise error

    monkeypatch.setattr(command, "_run_live", failing)
    assert command.main([]) == 1
    assert "network is unreachable (status 500). Where nothing can be pulled, --replay" in capsys.readouterr().err
    assert asked(made)[-1] == "stop"


def test_somebody_elses_folder_is_not_used(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link in its place is as bad: what lies there is run by root, and removed by --clean."""
    (made / "other").mkdir()
    (made / "base").symlink_to(made / "other")
    assert command.main(["--clean"]) == 1
    assert "belongs to somebody else" in capsys.readouterr().err
    assert command.main([]) == 0
    assert "THIS IS A RECORDING" in capsys.readouterr().out
    assert set(asked(made)) == set()


def test_the_recording_is_small_and_names_no_other_registry() -> None:
    text = Path(RECORDING).read_text()
    assert len(text) < 300_000
    assert "X-Registry-Auth: ***" in text
    assert not re.search(r"/home/|/root/", text)
