"""What an Engine answered in one recording of a scenario."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from rawdock.testing import Exchange, Recording
from rawdock.testing.format import from_piece

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
ENGINES = sorted(path.name for path in RECORDINGS.iterdir())
_VERSION = re.compile(r"^/v1\.\d+(?=/)")
_SERVER = re.compile(r"Server: (?:Docker|Libpod)/([\w.-]+)")  # without the number that Debian adds
_API = re.compile(r"(?i)Api-Version: ([\d.]+)")
_DATE = re.compile(r"Date: \w+, (\d+) (\w+) (\d+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Frame(NamedTuple):
    """A part of the output of a process."""

    stream: str
    data: bytes


class Answer:
    """A request, and the answer to it."""

    def __init__(self, exchange: Exchange) -> None:
        self._request = exchange["request"]
        response = exchange["response"]
        if response is None:
            raise LookupError(f"{self._request['target']} has no answer")
        self.status = response["status"]
        self.headers = response["headers"]
        self.body = b"".join(map(from_piece, response["chunks"]))

    @property
    def asked(self) -> Any:
        """The JSON that was sent."""
        return json.loads(from_piece(self._request["body"]))

    @property
    def type(self) -> str:
        """The content type, without its parameters; empty if none was sent."""
        lines = [line.partition(": ")[2] for line in self.headers if line.lower().startswith("content-type: ")]
        return lines[0].partition(";")[0] if lines else ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of JSON that came whole."""
        found = [line for line in self.body.splitlines() if line.strip()]
        return [json.loads(line) for line in found]

    @property
    def frames(self) -> list[Frame]:
        found: list[Frame] = []
        rest = self.body
        while rest:
            size = int.from_bytes(rest[4:8], "big")
            if rest[0] not in (1, 2) or rest[1:4] != bytes(3) or len(rest) < 8 + size:
                raise LookupError(f"no frames: {rest[:20]!r}")
            found.append(Frame("stdout" if rest[0] == 1 else "stderr", rest[8 : 8 + size]))
            rest = rest[8 + size :]
        return found

    @property
    def output(self) -> bytes:
        """The bytes of all frames."""
        return b"".join(frame.data for frame in self.frames)


class Heard:
    """A recording of a scenario on an Engine."""

    def __init__(self, engine: str, recording: Recording) -> None:
        self.engine = engine
        """As in the name of its folder: `docker-28.5-ctrd`."""
        self._exchanges = recording["exchanges"]

    @property
    def is_podman(self) -> bool:
        return self.engine.startswith("podman")

    @cached_property
    def version(self) -> str:
        return self._header(_SERVER)[1]

    @cached_property
    def date(self) -> str:
        day, month, year = self._header(_DATE).groups()
        return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}"

    @cached_property
    def api(self) -> tuple[int, ...]:
        """The newest API version that the Engine offers, as (1, 51)."""
        return tuple(map(int, self._header(_API)[1].split(".")))

    def all(self, asked: str) -> list[Answer]:
        """The answers to the requests that a pattern matches: `GET /images/json$`, without the version of the path."""
        return list(self._all(asked))

    def answer(self, asked: str, number: int = 0) -> Answer:
        """One of these answers; the first if no number is given."""
        found = self.all(asked)
        try:
            return found[number]
        except IndexError:
            raise LookupError(f"{self.engine}: no answer {number} to {asked}, only {len(found)}") from None

    def _all(self, asked: str) -> Iterator[Answer]:
        pattern = re.compile(asked)
        for exchange in self._exchanges:
            request = exchange["request"]
            if pattern.match(f"{request['method']} {_VERSION.sub('', unquote(request['target']))}"):
                yield Answer(exchange)

    def _header(self, pattern: re.Pattern[str]) -> re.Match[str]:
        for exchange in self._exchanges:
            for line in exchange["response"]["headers"] if exchange["response"] else ():
                if found := pattern.match(line):
                    return found
        raise LookupError(f"{self.engine}: no header like {pattern.pattern}")


@cache
def heard(engine: str, scenario: str) -> Heard | None:
    """The recording of a scenario on an Engine; None if it was not run there."""
    path = RECORDINGS / engine / f"{scenario}.json"
    if not path.exists():
        return None
    return Heard(engine, cast("Recording", json.loads(path.read_text(encoding="utf-8"))))
