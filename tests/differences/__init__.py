"""Where Engines differ: the rows of docs/engines.md, each computed from what Engines answered in tests/recordings."""

from __future__ import annotations

from . import commands, containers, events, everywhere, failures, images, networks, output, rootless, system
from .rows import Table

TABLES: tuple[Table, ...] = (
    Table("Commands and their input", commands.ROWS),
    Table("Output and logs", output.ROWS),
    Table("Containers", containers.ROWS),
    Table("Images", images.ROWS),
    Table("Networks and volumes", networks.ROWS),
    Table("Events", events.ROWS),
    Table("The Engine itself", system.ROWS),
    Table("Rootless Engines", rootless.ROWS),
    Table("The same failure, as a status", failures.ROWS),
    Table("The same everywhere, and surprising", everywhere.ROWS),
)
