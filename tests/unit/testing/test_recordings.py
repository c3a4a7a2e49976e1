"""Scenarios replayed from recordings of real engines, however the answers are cut; and laws over all that was recorded.

`scripts/record` makes the recordings.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from pages import PROJECT
from scenarios import SCENARIOS
from scenarios.cannot import CANNOT
from scenarios.kit import PASSWORD
from spec.seen import answers, bodies, exchanges, of_exchange

from rawdock import Docker, decode, encode
from rawdock._models.model import Model, renamed
from rawdock.testing import Recording, Replay
from rawdock.testing.format import from_piece
from rawdock.testing.redaction import encodings_of
from rawdock.testing.replay import ChunkMode

FOLDER = PROJECT / "tests" / "recordings"
PATHS = sorted(FOLDER.glob("*/*.json"))
ENGINES = sorted({path.parent.name for path in PATHS})


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.fixture(autouse=True)
def no_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version is negotiated, as it was when recording."""
    monkeypatch.delenv("DOCKER_API_VERSION", raising=False)


@pytest.mark.anyio
@pytest.mark.parametrize("chunks", get_args(ChunkMode))
@pytest.mark.parametrize("path", PATHS, ids=name_of)
async def test_replay(path: Path, chunks: ChunkMode) -> None:
    """A scenario passes on what an Engine answered, and asks for all of it, wherever the bodies are cut."""
    replay = Replay(path, chunks)
    async with Docker(transport=replay) as docker:
        await SCENARIOS[path.stem](docker)
    assert replay.unused() == []


@pytest.mark.parametrize("engine", ENGINES)
def test_every_scenario_is_recorded(engine: str) -> None:
    """A scenario without a recording is one that this Engine cannot do; rootless ones are asked what differs there."""
    kind = engine.partition("-")[0]
    missing = {
        name
        for name, scenario in SCENARIOS.items()
        if (name.startswith("rootless-") or not engine.endswith("-rootless"))
        and not (FOLDER / engine / f"{name}.json").exists()
        and not getattr(scenario, "live_only", False)
        and not any((label, name) in CANNOT for label in (kind, engine))
    }
    assert missing == set()


def test_there_are_recordings() -> None:
    """A folder that got lost is no success; the oldest, the newest and Podman are there."""
    assert {"docker-20.10", "docker-28.5", "docker-29", "docker-29-ctrd", "podman-5.4", "podman-6.1"} <= set(ENGINES)


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_no_secrets(path: Path) -> None:
    """No password is in a recording, in plain or in base64 at any alignment, also not across two chunks."""
    text = path.read_text()
    recording = cast("Recording", json.loads(text))
    bodies = [
        b"".join(map(from_piece, response["chunks"])).decode("latin-1")
        for exchange in recording["exchanges"]
        if (response := exchange["response"])
    ]
    for secret in (PASSWORD, "wr0ng"):
        looks = encodings_of(secret) | {base64.b64encode(secret.encode()).decode()}
        assert not [look for look in looks if any(look in hay for hay in (text, *bodies))]


# The codec's law over all that was recorded.


def nothing(value: Any) -> bool:
    """A zero of the API: null, 0, false, empty, or a time before time; and what holds only such."""
    if isinstance(value, dict):
        return all(map(nothing, cast("dict[str, Any]", value).values()))
    return not value or value == "0001-01-01T00:00:00Z"


def lost(before: Any, after: Any, where: str = "$") -> Iterator[str]:
    """Keys with a value that did not come through."""
    if nothing(before) and nothing(after):
        return
    if isinstance(before, dict):
        for key, value in cast("dict[str, Any]", before).items():
            if nothing(value):
                continue
            if not isinstance(after, dict) or key not in after:
                yield f"{where}.{key}"
            else:
                yield from lost(value, after[key], f"{where}.{key}")
    elif isinstance(before, list):
        if not isinstance(after, list) or len(cast("list[Any]", after)) != len(cast("list[Any]", before)):
            yield where
        else:
            for index, (one, other) in enumerate(zip(cast("list[Any]", before), cast("list[Any]", after), strict=True)):
                yield from lost(one, other, f"{where}[{index}]")
    elif before != after:
        yield f"{where}: {before!r} became {after!r}"


def with_usual_names(kind: Any, value: Any) -> Any:
    """Models that are read with other names too are written with the usual ones, so the law compares those."""
    (item,) = get_args(kind) or (kind,)
    if not (isinstance(item, type) and issubclass(item, Model)) or item._other_names is None:
        return value
    if isinstance(value, list):
        return [renamed(item, one) or one for one in cast("list[dict[str, Any]]", value)]
    return renamed(item, value) or value


def test_codec_law() -> None:
    """Whatever an Engine said survives decode, encode and decode, and no key that says something is lost."""
    count = 0
    for where, kind, value in answers():
        count += 1
        model = decode(kind, json.dumps(value))
        encoded = encode(model)
        assert decode(kind, json.dumps(encoded)) == model, where
        assert list(lost(with_usual_names(kind, value), encoded)) == [], where
    assert count > 1000


def test_every_exchange_is_of_an_operation() -> None:
    """What was recorded was asked by a method; nothing in a recording is left out of the law for want of a type."""
    assert {
        exchange["request"]["target"] for _, exchange in exchanges() if not of_exchange(exchange).operation
    } == set()


def test_bodies_are_of_their_type() -> None:
    """What was sent reads as the model that it was made of, and encodes to the same again."""
    for where, kind, value in bodies():
        assert encode(decode(kind, value)) == value, where
