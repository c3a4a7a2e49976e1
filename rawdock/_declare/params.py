"""Encoding arguments: the markers for annotations of endpoints, and the functions that encode the values.

All arguments are checked here before they become part of a request: what could reach another endpoint or add a header
is refused, and everything else is escaped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args, get_origin
from urllib.parse import quote as _percent

from .._iterators import close_iterator
from .._models.model import Model, Timestamp
from .._shown import cannot_be_sent, shown
from .._types import Content, Moment
from ..errors import InvalidArgument

if TYPE_CHECKING:
    from .._versions import Version

__all__ = [
    "EncodedJson",
    "body",
    "content",
    "encoder",
    "filter_value",
    "filters",
    "filters_text",
    "header",
    "header_text",
    "header_texts",
    "header_value",
    "image_name",
    "json_body",
    "json_list",
    "json_map",
    "json_text",
    "json_texts",
    "lines_text",
    "model_list",
    "moment",
    "nonempty_texts",
    "number_text",
    "query",
    "quote",
    "tail",
    "text",
    "text_map",
    "texts",
    "upload_body",
]

Encode = Callable[[str, Any], Any]


class query(NamedTuple):
    """A query parameter whose name or encoding is not the usual one."""

    name: str = ""
    encode: Encode | None = None
    always: bool = False
    """Sent even if it equals its default, because the Engine has another default."""
    if_known: bool = False
    """Left out where the API version does not have it, instead of raising a VersionError."""


class header(NamedTuple):
    """A request header."""

    name: str
    encode: Encode


filters = object()
"""Marks the filters: a mapping, sent as JSON."""
image_name = object()
"""Marks a path parameter that may be an image reference, which may have slashes."""
content = object()
"""Marks the body of an upload: bytes, not JSON."""
json_body = object()
"""Marks a JSON body that is a list."""

_HEADER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def quote(value: str) -> str:
    """Escape for a query string."""
    return value if value.isalnum() and value.isascii() else _percent(value, safe="-_.~")


def number_text(where: str, value: int) -> str:
    """A number in decimal digits."""
    try:
        return int.__str__(value)
    except ValueError as error:  # Python's own limit, far beyond any number of an Engine
        raise InvalidArgument(f"{where}: the number has too many digits") from error


def _plain_json(where: str, value: Any) -> str:
    """Texts, or maps and lists of them, as JSON."""
    written = json.dumps(value, separators=(",", ":"))
    if "\\ud" in written:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"{where}: {cannot_be_sent(error)}") from error
    return written


def text(where: str, value: Any) -> str:
    """Check that a value is text."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{where}: expected str, got {type(value).__name__}")
    return value


def _flag(where: str, value: Any) -> str:
    if not isinstance(value, bool):
        raise InvalidArgument(f"{where}: expected bool, got {type(value).__name__}")
    return "true" if value else "false"


def _integer(where: str, value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidArgument(f"{where}: expected int, got {type(value).__name__}")
    return number_text(where, value)


def texts(where: str, value: Any) -> list[str]:
    """Check that a value is a list of texts."""
    if not isinstance(value, list):
        raise InvalidArgument(f"{where}: expected a list of str, got {type(value).__name__}")
    return [text(where, item) for item in cast("list[Any]", value)]


def lines_text(where: str, value: Any) -> str:
    """Lines of text: one text, or a list of them."""
    return "\n".join(texts(where, value)) if isinstance(value, list) else text(where, value)


def _one_of(values: tuple[str, ...]) -> Encode:
    def encode(where: str, value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise InvalidArgument(f"{where}: {shown(value)} is not one of {', '.join(map(repr, values))}")
        return value

    return encode


def _list_of(values: tuple[str, ...]) -> Encode:
    one_of = _one_of(values)

    def encode(where: str, value: Any) -> list[str]:
        return [one_of(where, item) for item in texts(where, value)]

    return encode


def json_text(where: str, value: Any) -> str:
    """Encode a model as JSON for a query parameter."""
    from .._models.codec import encode_json

    if not isinstance(value, Model):
        raise InvalidArgument(f"{where}: expected a model, got {type(value).__name__}")
    return encode_json(value).decode()


def json_texts(where: str, value: Any) -> list[str]:
    """Encode models as JSON, for one query parameter each."""
    if not isinstance(value, list):
        raise InvalidArgument(f"{where}: expected a list, got {type(value).__name__}")
    return [json_text(where, item) for item in cast("list[Any]", value)]


def filters_text(where: str, value: Any) -> str:
    """Encode filters as the Engine reads them: a list of texts for each key."""
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{where}: expected a dict like {{'label': 'a=b'}}, got {type(value).__name__}")
    out: dict[str, list[str]] = {}
    for key, given in cast("Mapping[Any, Any]", value).items():
        if not isinstance(key, str) or not key:
            raise InvalidArgument(f"{where}: {shown(key)} is not the name of a filter")
        values = cast("list[Any]", given) if isinstance(given, list) else [given]
        out[key] = [filter_value(f"{where}[{shown(key)}]", item) for item in values]
    return _plain_json(where, out)


def filter_value(where: str, value: Any) -> str:
    """One value of a filter as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return number_text(where, value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):  # as for `until`
        return moment(where, value)
    raise InvalidArgument(f"{where}: expected str, bool, int, datetime or a list of str, got {type(value).__name__}")


def header_value(where: str, value: str) -> str:
    """Check the value of a header: a line break in it would start another header."""
    if _HEADER.fullmatch(value) is None and value:
        raise InvalidArgument(f"{where}: a header takes printable ASCII only")
    return value


_SECONDS = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")


def moment(where: str, value: Any) -> str:
    """Encode a point in time in seconds, which is the only form that the Engine reads."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidArgument(f"{where}: a datetime needs a time zone, as datetime.now(UTC)")
        since = value - datetime(1970, 1, 1, tzinfo=UTC)
        return f"{since.days * 86400 + since.seconds}.{since.microseconds:06}000"
    if isinstance(value, int) and not isinstance(value, bool):
        return number_text(where, value)
    if isinstance(value, float) and math.isfinite(value):
        whole, fraction = divmod(round(value * 1_000_000), 1_000_000)  # of today's times, a float has no digits beyond
        return f"{whole}.{fraction:06}000"
    if isinstance(value, str):
        if _SECONDS.fullmatch(value):
            return str.__str__(value)
        exact = Timestamp(value).nanoseconds
        if exact is None:
            raise InvalidArgument(
                f"{where}: {shown(value)} is neither a time like 2026-01-02T03:04:05Z nor a number of seconds"
            )
        return f"{exact // 1_000_000_000}.{exact % 1_000_000_000:09}"
    raise InvalidArgument(f"{where}: expected int, float, str or datetime, got {type(value).__name__}")


def tail(where: str, value: Any) -> str:
    """Encode a number of lines. Wrong values are refused here, because Docker treats them like `all`."""
    if value == "all":
        return "all"
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidArgument(f"{where}: expected 'all' or a number of lines, got {shown(value)}")
    return number_text(where, value)


def json_map(where: str, value: Any) -> str:
    """Encode a map of texts as JSON. A None in it means that the Engine takes the value from somewhere else."""
    return _plain_json(where, text_map(where, value))


def text_map(where: str, value: Any) -> dict[str, Any]:
    """Check that a value is a map of texts, or None, by text."""
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{where}: expected a dict of str, got {type(value).__name__}")
    pairs = dict(cast("Mapping[Any, Any]", value))
    for key, item in pairs.items():
        if not isinstance(key, str) or not (item is None or isinstance(item, str)):
            raise InvalidArgument(f"{where}[{shown(key)}]: expected str, got {type(item).__name__}")
    return pairs


def json_list(where: str, value: Any) -> str:
    """Encode texts as one JSON list."""
    return _plain_json(where, texts(where, value))


class EncodedJson(str):
    """JSON that is sent unchanged, in place of models: Podman takes some parameters in a form of its own."""

    __slots__ = ()


def model_list(where: str, value: Any) -> str:
    """Encode models as one JSON list."""
    from .._models.codec import encode_json

    if isinstance(value, EncodedJson):
        return value
    if not isinstance(value, list) or not all(isinstance(x, Model) for x in cast("list[Any]", value)):
        raise InvalidArgument(f"{where}: expected a list of models")
    return encode_json(value).decode()


def header_text(where: str, value: Any) -> str:
    """Encode a text as the value of a header."""
    return header_value(where, text(where, value))


def header_texts(where: str, value: Any) -> list[str]:
    """Encode texts as the values of a header that is repeated."""
    return [header_value(where, item) for item in texts(where, value)]


def nonempty_texts(where: str, value: Any) -> list[str]:
    """Encode at least one text: without any, the Engine would do something else."""
    given = texts(where, value)
    if not given or not all(given):
        raise InvalidArgument(f"{where}: may not be empty")
    return given


def body(where: str, value: Any, kind: Any, version: Version | None) -> bytes:
    """Encode a model, or a list, as the JSON body."""
    from .._models.codec import encode_json

    if isinstance(kind, type) and not isinstance(value, kind):
        raise InvalidArgument(f"{where}: expected {kind.__name__}, got {type(value).__name__}")
    return encode_json(value, version, kind)


def upload_body(where: str, value: Any) -> Content:
    """Check the body of an upload: bytes, or an async iterable of bytes."""
    if isinstance(value, (bytes, _CheckedParts)):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    if hasattr(value, "__aiter__"):
        if getattr(value, "ag_frame", value) is None:
            raise InvalidArgument(
                f"{where}: this generator has ended already, and would upload nothing; make a new one"
            )
        return _CheckedParts(where, value)
    raise InvalidArgument(f"{where}: expected bytes or an async iterable of bytes, got {type(value).__name__}")


class _CheckedParts:
    """The parts of an upload, checked to be bytes as they come."""

    def __init__(self, where: str, parts: AsyncIterable[bytes]) -> None:
        self._where = where
        self._parts = parts
        self._iterator: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._iterator = aiter(self._parts)
        return self

    async def __anext__(self) -> bytes:
        assert self._iterator is not None
        part = await anext(self._iterator)
        if isinstance(part, (bytes, bytearray, memoryview)):
            return bytes(cast("bytes", part))
        raise InvalidArgument(f"{self._where}: expected parts of bytes, got {type(part).__name__}")

    async def aclose(self) -> None:
        await close_iterator(self._iterator)


_ENCODERS: dict[Any, Encode] = {
    str: text,
    bool: _flag,
    int: _integer,
    list[str]: texts,
    dict[str, str]: json_map,
    Moment: moment,
}


def encoder(where: str, kind: Any) -> Encode:
    """The function that encodes a query parameter of this type."""
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    if get_origin(kind) is list and get_origin(get_args(kind)[0]) is Literal:
        return _list_of(get_args(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Model):
        return json_text
    try:
        return _ENCODERS[kind]
    except (KeyError, TypeError):
        raise TypeError(f"{where}: {kind!r} cannot be a query parameter") from None
