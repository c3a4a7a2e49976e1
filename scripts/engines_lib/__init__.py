"""Real engines for the live tests, built from Debian's packages and started in their own namespaces.

Only the tools in `machine.TOOLS` are installed on the machine. No packet leaves an engine's network. Only processes
that were started here are ended here. A stopped engine leaves no processes, mounts, networks or cgroups behind.
"""

from .netns import connect

__all__ = ["connect"]
