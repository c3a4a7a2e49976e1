"""Scenarios: functions that use an Engine and check its answers. They are recorded, replayed and run live.

A scenario takes a `Docker` and nothing else. It sends the same requests on every run: names are fixed, and whatever
differs between runs or Engines comes from answers. It removes what it needs gone before it begins, and what it created
when it ends. `cannot.py` lists what an Engine cannot do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import cast

from rawdock import Docker

from . import (
    archives,
    attach,
    building,
    builds,
    checkpoints,
    engines,
    events,
    exec,
    execute,
    files,
    images,
    lifecycle,
    logs,
    networks,
    options,
    output,
    plugins,
    prune,
    pull,
    refusals,
    registries,
    rootless,
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
    watch,
)

Scenario = Callable[[Docker], Awaitable[None]]


def _of(module: ModuleType) -> dict[str, Scenario]:
    """The scenarios of a module: its public async functions. `pull.lines` gets the name `pull-lines`."""
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
        options,
        volumes,
        exec,
        output,
        logs,
        attach,
        usage,
        archives,
        files,
        tarballs,
        registries,
        refusals,
        builds,
        building,
        events,
        watch,
        swarm,
        services,
        stores,
        checkpoints,
        sessions,
        plugins,
        run,
        execute,
        waiting,
        engines,
        rootless,
    )
    for name, scenario in _of(module).items()
}
