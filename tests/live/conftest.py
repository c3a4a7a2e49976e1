"""Keeps which operations succeeded on which Engine, for `scripts/coverage`, if RAWDOCK_LIVE_REPORT names a file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from spec.seen import asked

from rawdock import Docker

_seen: dict[str, dict[str, set[str]]] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Engines that differ in their image store alone are tested on one loop: the other's answers are the same bytes."""
    live = [item for item in items if item.get_closest_marker("live")]
    left_out = {item for item in live if "trio-" in item.name and "-ctrd" in item.name}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def noted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call that succeeds is noted under the name of its Engine."""
    if "socket" not in request.fixturenames:
        return
    engine = _seen.setdefault(request.node.callspec.params["socket"].partition("=")[0], {})

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        async def call(self: Docker, endpoint: Any, bound: Any, *rest: Any) -> Any:
            result = await original(self, endpoint, bound, *rest)
            headers = [f"{name}: " for name, _ in bound.headers]
            headers += ["Content-Type: "] if bound.content_type else []
            one = asked(endpoint.method, bound.target, headers)
            if one.operation:
                engine.setdefault(one.operation, set()).update(one.parameters)
            return result

        return call

    monkeypatch.setattr(Docker, "call", noting(Docker.call))
    monkeypatch.setattr(Docker, "open", noting(Docker.open))


@pytest.fixture(autouse=True, scope="session")
def report() -> Iterator[None]:
    yield
    path = os.environ.get("RAWDOCK_LIVE_REPORT")
    if not path or not _seen:
        return
    file = Path(path)
    with Path(f"{path}.lock").open("w") as lock:  # engines are tested side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        _add_to(file)


def _add_to(file: Path) -> None:
    table: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    table |= {engine: {key: sorted(seen[key]) for key in sorted(seen)} for engine, seen in _seen.items()}
    rows = []
    for engine in sorted(table):
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(names)}" for key, names in table[engine].items())
        rows.append(f" {json.dumps(engine)}: {{\n{lines}\n }}")
    file.write_text("{\n" + ",\n".join(rows) + "\n}\n")
