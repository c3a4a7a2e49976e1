"""The answer to the creation of an exec, with the time at which the Engine gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._transport.messages import WireResponse

if TYPE_CHECKING:
    import httpx

__all__ = ["DatedExec", "dated_exec_of"]


class DatedExec(NamedTuple):
    """A command that was prepared."""

    id: str
    date: str
    """The time of the answer on the Engine's clock, as in a Date header; empty if the answer does not say."""


def dated_exec_of(response: httpx.Response) -> DatedExec:
    """The answer to POST /containers/{id}/exec."""
    from .._models.codec import decode
    from ..models.exec import ExecCreated

    return DatedExec(decode(ExecCreated, response.content).id, _date(response))


def _date(response: httpx.Response) -> str:
    if type(response) is not WireResponse:
        text: str = response.headers.get("date", "")
        return text
    # httpx's headers would cost more than the rest of the answer.
    found = (value for key, value in response.head.headers if key.lower() == b"date")
    return next(found, b"").decode("latin-1")
