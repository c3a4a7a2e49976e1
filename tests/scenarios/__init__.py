"""Scenarios: uses of an Engine that check their own answers. Recording, replaying and live tests share them.

A scenario takes a `Docker` and nothing else. It behaves the same on every run: names are fixed, and whatever differs
between runs or Engines comes from answers. It cleans up before and behind itself. What an Engine cannot do stands in
`cannot.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import cast

from rawdock import Docker

from . import (
    archives,
    attach,
    builds,
    checkpoints,
    events,
    exec,
    execute,
    files,
    images,
    lifecycle,
    networks,
    output,
    plugins,
    prune,
    pull,
    registries,
    run,
    services,
    sessions,
    stores,
    swarm,
    system,
    tarballs,
    usage,
    volumes,
    waiting,
)

Scenario = Callable[[Docker], Awaitable[None]]


def _of(module: ModuleType) -> dict[str, Scenario]:
    """The public async functions of a module; `pull.lines` is named `pull-lines`."""
    theme = module.__name__.rpartition(".")[2]
    return {
        f"{theme}-{name}".replace("_", "-"): cast("Scenario", value)
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__ and callable(value)
    }


SCENARIOS: dict[str, Scenario] = {
    name: scenario
    for module in (
        system,
        pull,
        images,
        lifecycle,
        prune,
        networks,
        volumes,
        exec,
        output,
        attach,
        usage,
        archives,
        files,
        tarballs,
        registries,
        builds,
        events,
        swarm,
        services,
        stores,
        checkpoints,
        sessions,
        plugins,
        run,
        execute,
        waiting,
    )
    for name, scenario in _of(module).items()
}
