"""The options of `docker run` as fields of the models; `ContainerSpec.of` is made of it. No I/O."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["UNSET"]


class _Unset:
    """The value of an option that is not given. None will not do: an empty value in a YAML file is None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not given>"


UNSET: Final[Any] = _Unset()
