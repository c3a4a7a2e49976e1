"""Frames as another implementation of WebSockets, wsproto, writes and reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawdock._streams.split.websocket import BINARY, WebSocketSplitter, encode_frame

connection: Any = pytest.importorskip("wsproto.connection", reason="the group `test` has wsproto")
events: Any = pytest.importorskip("wsproto.events")


@given(st.lists(st.tuples(st.binary(max_size=70_000), st.booleans()), max_size=4), st.integers(1, 5000))
def test_what_wsproto_writes(parts: list[tuple[bytes, bool]], step: int) -> None:
    """Messages in one frame or in several are read as they were written."""
    server = connection.Connection(connection.ConnectionType.SERVER)
    sent, expected, message = b"", [], b""
    for data, last in [*parts, (b"end", True)]:
        sent += server.send(events.BytesMessage(data=data, message_finished=last))
        message += data
        if last:
            expected.append(message)
            message = b""
    splitter = WebSocketSplitter(1 << 20)
    found = [one for at in range(0, len(sent), step) for one in splitter.feed(sent[at : at + step])]
    assert [one.data for one in found] == expected  # type: ignore[union-attr]  # pyright: ignore


@given(st.binary(max_size=70_000))
def test_what_wsproto_reads(data: bytes) -> None:
    """A masked frame of this side is a whole message for it."""
    server = connection.Connection(connection.ConnectionType.SERVER)
    server.receive_data(encode_frame(BINARY, data))
    found = list(server.events())
    assert b"".join(bytes(one.data) for one in found) == data
    assert found[-1].message_finished
