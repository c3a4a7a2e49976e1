"""Prunes: a line for each object that is removed, and the whole report at the end."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, cast

from ..._models.codec import decode
from ...errors import ClosedError, DecodeError, TruncatedError
from ...models.build import BuildPruned
from ...models.common import PruneLine
from ...models.containers import ContainersPruned
from ...models.images import ImagesPruned
from ...models.networks import NetworksPruned
from ...models.volumes import VolumesPruned
from ..answer import Answer, Splitter, WholeBody
from .json_lines import JSON_LINES_TYPES, ProgressLines

__all__ = [
    "BuildPruneStream",
    "ContainersPruneStream",
    "ImagesPruneStream",
    "NetworksPruneStream",
    "PruneStream",
    "VolumesPruneStream",
]

R = TypeVar("R")


class PruneStream(ProgressLines[PruneLine], Generic[R]):
    """A running prune.

    An Engine under API 1.56, or one with authorization plugins, sends no lines: it answers with the report alone.
    """

    line_type: ClassVar[type[Any]] = PruneLine
    report_type: ClassVar[type[Any]]
    _aux: object = None
    _report: R | None = None

    def __init__(self, answer: Answer, value_limit: int) -> None:
        self._in_lines = answer.header("content-type").partition(";")[0].strip().lower() in JSON_LINES_TYPES
        self._limit = value_limit
        self._body = bytearray()  # of an answer that is one report
        super().__init__(answer, value_limit)

    def _splitter(self, value_limit: int) -> Splitter:
        return super()._splitter(value_limit) if self._in_lines else WholeBody()

    def _inspect_batch(self, items: list[Any]) -> None:
        super()._inspect_batch(items)
        for line in items:
            if line.aux is not None:
                self._aux = line.aux

    async def _read_more(self) -> list[Any]:
        if self._in_lines:
            if items := await super()._read_more():
                return items
        elif self._failure is None and not self._finished:
            await self._read_report()
        if self._failure is not None:
            raise self._answer.add_request(self._failure) from self._failure.__cause__
        return []

    async def _read_report(self) -> None:
        while items := await self._answer.read():
            self._body += b"".join(items)  # kept here, so that a cancelled read loses nothing
            if len(self._body) > self._limit:
                self._failure = DecodeError(f"the answer is larger than {self._limit} bytes")
                return
        self._finished = True
        self._decode_report(bytes(self._body))

    def _on_end(self) -> None:
        if self._aux is None:
            self._failure = TruncatedError("the answer ended before the report of the prune")
        else:
            self._decode_report(self._aux)

    def _decode_report(self, report: object) -> None:
        try:
            self._report = decode(self.report_type, cast("Any", report))
        except DecodeError as error:
            self._failure = error

    async def result(self) -> R:
        """Read to the end; raises StreamError if the Engine reports a failure."""
        await self._read_to_end()
        if self._report is None:
            await self._read_more()  # raises why there is none
            raise self._answer.add_request(ClosedError("the prune was left before its report"))
        return self._report


class ContainersPruneStream(PruneStream[ContainersPruned]):
    """Containers that are being removed."""

    report_type: ClassVar[type[Any]] = ContainersPruned


class ImagesPruneStream(PruneStream[ImagesPruned]):
    """Images that are being removed."""

    report_type: ClassVar[type[Any]] = ImagesPruned


class NetworksPruneStream(PruneStream[NetworksPruned]):
    """Networks that are being removed."""

    report_type: ClassVar[type[Any]] = NetworksPruned


class VolumesPruneStream(PruneStream[VolumesPruned]):
    """Volumes that are being removed."""

    report_type: ClassVar[type[Any]] = VolumesPruned


class BuildPruneStream(PruneStream[BuildPruned]):
    """Build cache that is being removed."""

    report_type: ClassVar[type[Any]] = BuildPruned
