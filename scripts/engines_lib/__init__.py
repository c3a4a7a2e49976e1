"""Real engines for the live tests: built from Debian's packages, started in namespaces, stopped without a trace.

Laws: nothing but the few tools of `machine.TOOLS` is installed on the machine; no packet leaves an engine's network;
only processes that were started here are ended here.
"""

from .netns import connect

__all__ = ["connect"]
