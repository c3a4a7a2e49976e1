"""`python -m rawdock reap`: remove what killed processes have left on the Engine, as from a cron job."""

from __future__ import annotations

import argparse

from ._docker import Docker
from .errors import StillRunning

__all__ = ["run"]


async def run(arguments: argparse.Namespace) -> None:
    """Print a line for each object. Raises StillRunning if something is left."""
    async with Docker() as docker:
        reaped = await docker.reap(dry_run=arguments.dry_run)
    did = "would be removed" if arguments.dry_run else "removed"
    for one in reaped.removed:
        print(f"{did}: {one.kind} {one.name or one.id} ({one.why})")
    for one in reaped.left:
        print(f"left: {one.kind} {one.name or one.id} ({one.why}): {one.problem}")
    if not reaped.removed and not reaped.left:
        print("nothing to remove")
    if reaped.left:
        raise StillRunning(f"reap: {len(reaped.left)} could not be removed; run it again later")
