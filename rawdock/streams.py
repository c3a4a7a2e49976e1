"""The classes of streams and of their results, for annotations: `def show(logs: LogStream) -> None: ...`.

Operations return them; they are not for creating. An `Opens` is entered with `async with`; a `Runs` is entered or
awaited. Like `models`, this module is only an index: a class is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._index import STREAMS
from ._lazy import lazy_attributes

if TYPE_CHECKING:
    from ._streams.faces.build_steps import Building as Building
    from ._streams.faces.builds import BuildResult as BuildResult
    from ._streams.faces.builds import BuildStream as BuildStream
    from ._streams.faces.container_wait import Waiting as Waiting
    from ._streams.faces.contexts import Opens as Opens
    from ._streams.faces.contexts import Prunes as Prunes
    from ._streams.faces.contexts import Runs as Runs
    from ._streams.faces.decoded_text import OutputText as OutputText
    from ._streams.faces.decoded_text import TextStream as TextStream
    from ._streams.faces.downloads import ArchiveStream as ArchiveStream
    from ._streams.faces.downloads import Chunks as Chunks
    from ._streams.faces.duplex import Duplex as Duplex
    from ._streams.faces.events import EventStream as EventStream
    from ._streams.faces.json_lines import Lines as Lines
    from ._streams.faces.loads import ImportResult as ImportResult
    from ._streams.faces.loads import ImportStream as ImportStream
    from ._streams.faces.loads import LoadResult as LoadResult
    from ._streams.faces.loads import LoadStream as LoadStream
    from ._streams.faces.log_entries import LogEntries as LogEntries
    from ._streams.faces.logs import Logs as Logs
    from ._streams.faces.process_output import LogStream as LogStream
    from ._streams.faces.process_output import ProcessStream as ProcessStream
    from ._streams.faces.prunes import BuildPruneStream as BuildPruneStream
    from ._streams.faces.prunes import ContainersPruneStream as ContainersPruneStream
    from ._streams.faces.prunes import ImagesPruneStream as ImagesPruneStream
    from ._streams.faces.prunes import NetworksPruneStream as NetworksPruneStream
    from ._streams.faces.prunes import PruneStream as PruneStream
    from ._streams.faces.prunes import VolumesPruneStream as VolumesPruneStream
    from ._streams.faces.pulls_and_pushes import PluginPullStream as PluginPullStream
    from ._streams.faces.pulls_and_pushes import PullResult as PullResult
    from ._streams.faces.pulls_and_pushes import PullStream as PullStream
    from ._streams.faces.pulls_and_pushes import PushResult as PushResult
    from ._streams.faces.pulls_and_pushes import PushStream as PushStream
    from ._streams.faces.stats import StatsStream as StatsStream
    from ._streams.faces.stats import UsageStream as UsageStream
    from ._streams.faces.websocket import WebSocket as WebSocket
    from ._streams.split.frames import Frame as Frame
    from ._streams.split.log_lines import LogEntry as LogEntry
    from .helpers.execute import Execution as Execution
    from .helpers.run import Running as Running
    from .helpers.watch import ContainerWatching as ContainerWatching
    from .helpers.watch import Watching as Watching
else:
    __all__ = list(STREAMS)
    __getattr__, __dir__ = lazy_attributes(__name__, globals(), STREAMS)
