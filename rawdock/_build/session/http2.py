"""The server side of an HTTP/2 connection, by h2: bytes in, events out. Pure.

This module alone imports h2, and it is imported only when a session is opened.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from .grpc import Headers, Status, trailers
from .header_blocks import LONGEST_BLOCK, HeaderBlockJoiner

__all__ = ["Data", "End", "Event", "Http2Connection", "Http2Error", "Request", "Reset", "StreamGone", "Window"]

_HEADER_LIST: Final = 16 << 20
"""Bytes of the headers of one call. A `.dockerignore` with 1,000 rules needs more than the usual 64 KiB."""
_STREAMS: Final = 256
"""Calls at the same time."""
_DEFAULT_WINDOW: Final = 65_535
"""Bytes that the Engine may send in a stream, or on a connection, before it is told of more."""
_CONNECTION_WINDOW: Final = 16 << 20
_FRAME: Final = 16 * 1024
"""Bytes of data in a frame; every HTTP/2 implementation takes that much."""
_LONGEST_FRAME: Final = (1 << 24) - 1
_FRAME_HEADER: Final = 9
_RESPONSE = [(b":status", b"200"), (b"content-type", b"application/grpc")]


class Http2Error(Exception):
    """The connection cannot go on. The message says why."""


class StreamGone(Exception):
    """The Engine has given up the call that something was to be sent to."""


class Request(NamedTuple):
    """A call begins."""

    stream: int
    path: str
    headers: Headers


class Data(NamedTuple):
    """Bytes of a call. `size` is what they count for flow control: report it with `consumed`."""

    stream: int
    data: bytes
    size: int


class End(NamedTuple):
    """The Engine sends no more in this call."""

    stream: int


class Reset(NamedTuple):
    """The Engine gives the call up."""

    stream: int


class Window(NamedTuple):
    """More may be sent."""


Event = Request | Data | End | Reset | Window


class Http2Connection:
    """Feed it what comes, and send what `take_output` gives, also after an error."""

    def __init__(self) -> None:
        # The Engine's header values are what a Dockerfile says, which need not be what HTTP allows.
        config = H2Configuration(client_side=False, header_encoding=None, validate_inbound_headers=False)
        h2 = self._h2 = H2Connection(config)
        h2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: _STREAMS,
                SettingCodes.MAX_HEADER_LIST_SIZE: _HEADER_LIST,
            },
        )
        h2.decoder.max_header_list_size = _HEADER_LIST
        h2.max_inbound_frame_size = LONGEST_BLOCK  # of what the joiner makes, which takes shorter frames only
        h2.initiate_connection()
        h2.increment_flow_control_window(_CONNECTION_WINDOW - _DEFAULT_WINDOW)
        self._joiner = HeaderBlockJoiner()
        self._output: list[bytes | memoryview] = []  # what h2 has made so far
        self._unreported = 0  # bytes received that the Engine has not been given back for the connection
        self._consumed: dict[int, int] = {}  # and for each stream
        self._windows: dict[int, int] = {}  # of streams with a window of their own
        self._answered: set[int] = set()  # streams whose response has begun
        self._ended: set[int] = set()  # streams in which the Engine sends no more

    def receive(self, data: bytes) -> list[Event]:
        """What the bytes mean. Raises Http2Error if the connection is broken by them, or the Engine ends it."""
        try:
            return self._events(self._joiner.feed(data))
        except H2Error as error:
            raise Http2Error(f"the Engine broke the rules of HTTP/2: {str(error) or type(error).__name__}") from error
        except ValueError as error:
            self._h2.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            raise Http2Error(f"the Engine broke the rules of HTTP/2: {error}") from error

    def _events(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for event in self._h2.receive_data(data):
            if isinstance(event, DataReceived):
                self._received(event.flow_controlled_length)
                events.append(Data(event.stream_id, event.data, event.flow_controlled_length))
            elif isinstance(event, RequestReceived):
                headers = cast("list[tuple[bytes, bytes]]", event.headers)
                path = next((value for name, value in headers if name == b":path"), b"")
                events.append(Request(event.stream_id, path.decode("latin-1"), headers))
            elif isinstance(event, StreamEnded):
                self._ended.add(event.stream_id)
                events.append(End(event.stream_id))
            elif isinstance(event, StreamReset):
                self._forget(event.stream_id)
                events.append(Reset(event.stream_id))
            elif isinstance(event, (WindowUpdated, RemoteSettingsChanged)):
                events.append(Window())
            elif isinstance(event, ConnectionTerminated):
                raise Http2Error(_goaway(event))
        return events

    def _received(self, size: int) -> None:
        """Give bytes of the connection's window back at once: what limits buffers is the window of each stream."""
        self._unreported += size
        if self._unreported >= _CONNECTION_WINDOW // 4:
            self._h2.increment_flow_control_window(self._unreported)
            self._unreported = 0

    def widen(self, stream: int, window: int) -> None:
        """Let the Engine send up to `window` bytes in this stream before they are consumed."""
        if window > _DEFAULT_WINDOW:
            self._windows[stream] = window
            self._increment(stream, window - _DEFAULT_WINDOW)

    def consumed(self, stream: int, size: int) -> None:
        """Bytes of the stream are no longer held, so that the Engine may send as many more."""
        total = self._consumed.get(stream, 0) + size
        if total >= self._windows.get(stream, _DEFAULT_WINDOW) // 4:
            self._increment(stream, total)
            total = 0
        self._consumed[stream] = total

    def _increment(self, stream: int, size: int) -> None:
        with suppress(H2Error, KeyError):  # the Engine may have ended it
            self._h2.increment_flow_control_window(size, stream)

    def send(self, stream: int, data: memoryview, *, reserve: int = 0) -> int:
        """Send as much of it as the Engine takes now, and say how much; raises StreamGone.

        The last `reserve` bytes of the connection's window are left for others.
        """
        h2 = self._h2
        try:
            self._begin_response(stream)
            window = min(h2.outbound_flow_control_window - reserve, h2.local_flow_control_window(stream))
            size = max(min(window, len(data)), 0)
            if size:
                self._send_data(stream, data[:size])
        except H2Error as error:
            raise StreamGone from error
        return size

    def _send_data(self, stream: int, data: memoryview) -> None:
        """One call of h2 for all of it, since each costs much. h2 only counts; the frames are written here, because h2
        would copy the data five times."""
        h2 = self._h2
        limit = h2.max_outbound_frame_size
        self._output.append(h2.data_to_send())
        h2.max_outbound_frame_size = _LONGEST_FRAME
        try:
            h2.send_data(stream, _Counted(len(data)))
        finally:
            h2.max_outbound_frame_size = limit
        self._output += _frames(h2.data_to_send(), data, min(limit, _FRAME))

    def finish(self, stream: int, status: Status, message: str = "") -> None:
        """End the call; the Engine may have given it up meanwhile."""
        headers = trailers(status, message)
        if stream not in self._answered:
            headers = _RESPONSE + headers
        with suppress(H2Error):
            self._h2.send_headers(stream, headers, end_stream=True)
            if stream not in self._ended:
                self._h2.reset_stream(stream, ErrorCodes.NO_ERROR)
        self._forget(stream)

    def reset(self, stream: int) -> None:
        """Give a call up whose response is cut."""
        with suppress(H2Error):
            self._h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)
        self._forget(stream)

    def take_output(self) -> bytes:
        """What is to be sent to the Engine."""
        self._output.append(self._h2.data_to_send())
        output = b"".join(self._output)
        self._output.clear()
        return output

    def _begin_response(self, stream: int) -> None:
        if stream not in self._answered:
            self._h2.send_headers(stream, _RESPONSE)
            self._answered.add(stream)

    def _forget(self, stream: int) -> None:
        self._answered.discard(stream)
        self._ended.discard(stream)
        self._consumed.pop(stream, None)
        self._windows.pop(stream, None)


class _Counted(bytes):
    """Data for h2 that has a length for its windows and no content."""

    def __new__(cls, size: int) -> _Counted:
        one = super().__new__(cls)
        one._size = size
        return one

    _size: int

    def __len__(self) -> int:
        return self._size


def _frames(empty: bytes, data: memoryview, limit: int) -> list[bytes | memoryview]:
    """The data in DATA frames of at most `limit` bytes, made from the frame that h2 wrote for `_Counted`."""
    if len(empty) != _FRAME_HEADER:
        raise AssertionError("this version of h2 writes DATA frames in another way")
    kind_to_stream = empty[3:]
    parts: list[bytes | memoryview] = []
    for start in range(0, len(data), limit):
        part = data[start : start + limit]
        parts += (len(part).to_bytes(3, "big") + kind_to_stream, part)
    return parts


def _goaway(event: ConnectionTerminated) -> str:
    code = event.error_code
    text = (event.additional_data or b"").decode("utf-8", "replace")
    if code == ErrorCodes.NO_ERROR:
        return "the Engine closed the session" + (f" ({text})" if text else "")
    name = code.name if isinstance(code, ErrorCodes) else f"error {code}"
    return f"the Engine ended the session with GOAWAY, {name}" + (f": {text}" if text else "")
