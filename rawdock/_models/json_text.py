"""Models as JSON text, for files, queues and other programs."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from ..errors import InvalidArgument
from .codec import decode, encode_json

__all__ = ["from_json", "to_json"]

T = TypeVar("T")


def to_json(value: Any) -> str:
    """A model, or lists and maps of them, as JSON text in the Engine's names, as `encode` gives them.

    Secrets are written as they are: `from_json` reads the same value again. Raises InvalidArgument, with the path, if a
    value is not of its field's type.
    """
    return encode_json(value).decode()


@overload
def from_json(kind: type[T], text: str | bytes) -> T: ...
@overload
def from_json(kind: Any, text: str | bytes) -> Any: ...
def from_json(kind: Any, text: str | bytes) -> Any:
    """What `to_json` or an Engine has written, as `kind`: a model, `list[Model]`, `dict[str, Model]`, ...

    All of it is decoded now. Raises DecodeError, with the `path` of a wrong value, and InvalidArgument for
    a `kind` that nothing can be decoded as, and for a `text` that is none.
    """
    if not isinstance(text, (str, bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(
            f"from_json: text: expected str or bytes, got {type(text).__name__}; decode takes the rest"
        )
    return decode(kind, text if isinstance(text, str) else bytes(text), complete=True)
