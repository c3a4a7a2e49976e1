"""The classes of streams and of their results, for annotations: `def show(logs: LogStream) -> None: ...`.

Nobody makes them; operations give them. `Opens` is what to enter, `Runs` what to enter or to await. Like `models`, this
is only an index: what is asked for is loaded with the module it is in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._streams.building import Building as Building
    from ._streams.bytes_ import ArchiveStream as ArchiveStream
    from ._streams.bytes_ import Chunks as Chunks
    from ._streams.bytes_ import Duplex as Duplex
    from ._streams.entries import LogEntries as LogEntries
    from ._streams.feeds import EventStream as EventStream
    from ._streams.feeds import StatsStream as StatsStream
    from ._streams.feeds import UsageStream as UsageStream
    from ._streams.frames import Frame as Frame
    from ._streams.lines import Lines as Lines
    from ._streams.logs import LogEntry as LogEntry
    from ._streams.opens import Opens as Opens
    from ._streams.opens import Runs as Runs
    from ._streams.output import LogStream as LogStream
    from ._streams.output import ProcessStream as ProcessStream
    from ._streams.text import OutputText as OutputText
    from ._streams.text import TextStream as TextStream
    from ._streams.transfers import PluginPullStream as PluginPullStream
    from ._streams.transfers import PullResult as PullResult
    from ._streams.transfers import PullStream as PullStream
    from ._streams.transfers import PushResult as PushResult
    from ._streams.transfers import PushStream as PushStream
    from ._streams.waiting import Waiting as Waiting
    from ._streams.websocket import WebSocket as WebSocket
    from ._streams.works import BuildResult as BuildResult
    from ._streams.works import BuildStream as BuildStream
    from ._streams.works import ImportResult as ImportResult
    from ._streams.works import ImportStream as ImportStream
    from ._streams.works import LoadResult as LoadResult
    from ._streams.works import LoadStream as LoadStream
    from .helpers.watch import ContainerWatching as ContainerWatching
    from .helpers.watch import Watching as Watching

MODULES: dict[str, str] = {
    "ArchiveStream": "bytes_",
    "BuildResult": "works",
    "BuildStream": "works",
    "Building": "building",
    "Chunks": "bytes_",
    "ContainerWatching": "helpers.watch",
    "Duplex": "bytes_",
    "EventStream": "feeds",
    "Frame": "frames",
    "ImportResult": "works",
    "ImportStream": "works",
    "Lines": "lines",
    "LoadResult": "works",
    "LoadStream": "works",
    "LogEntries": "entries",
    "LogEntry": "logs",
    "LogStream": "output",
    "Opens": "opens",
    "OutputText": "text",
    "PluginPullStream": "transfers",
    "ProcessStream": "output",
    "PullResult": "transfers",
    "PullStream": "transfers",
    "PushResult": "transfers",
    "PushStream": "transfers",
    "Runs": "opens",
    "StatsStream": "feeds",
    "TextStream": "text",
    "UsageStream": "feeds",
    "Waiting": "waiting",
    "Watching": "helpers.watch",
    "WebSocket": "websocket",
}
"""In which module each class is: one of `_streams`, or with a dot one elsewhere."""

if not TYPE_CHECKING:  # checkers read the imports above, and take no list that is computed
    __all__ = list(MODULES)


def __getattr__(name: str) -> object:
    module = MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    where = f".{module}" if "." in module else f"._streams.{module}"
    found: object = getattr(import_module(where, __package__), name)
    globals()[name] = found  # so that this function runs once a name
    return found


def __dir__() -> list[str]:
    return [*MODULES, "MODULES"]
