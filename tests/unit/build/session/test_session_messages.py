"""The messages of a BuildKit session: protobuf as the protobuf package has it, and gRPC's frame around them."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_protobuf import MESSAGES

from rawdock import DecodeError
from rawdock._build.session import messages
from rawdock._build.session.grpc import (
    LARGEST_RECEIVED,
    MessageReader,
    RpcError,
    Status,
    framed,
    message_prefix,
    metadata,
    trailers,
)
from rawdock._build.session.messages import Stat

_NAMES = st.text(max_size=20)
_INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
_UINT32 = st.integers(0, (1 << 32) - 1)
_STATS = st.builds(
    Stat,
    path=st.text(min_size=1, max_size=20),
    mode=_UINT32,
    size=_INT64,
    mtime=_INT64,
    link=_NAMES,
    device=st.tuples(_INT64, _INT64),
    xattrs=st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=20), max_size=3),
)


@given(_STATS)
def test_a_description_of_a_file(stat: Stat) -> None:
    """Every field arrives; owner and group are 0."""
    found = MESSAGES["Packet"].FromString(messages.stat_packet(stat))
    assert (found.type, found.HasField("stat")) == (0, True)
    told = found.stat
    assert (told.path, told.mode, told.size, told.modTime, told.linkname) == (
        stat.path,
        stat.mode,
        stat.size,
        stat.mtime,
        stat.link,
    )
    assert (told.devmajor, told.devminor, told.uid, told.gid) == (*stat.device, 0, 0)
    assert dict(told.xattrs) == stat.xattrs


@given(_STATS.filter(lambda stat: len(stat.xattrs) < 2))
def test_byte_for_byte(stat: Stat) -> None:
    """What the protobuf package writes is the same, where it has one way to write it."""
    xattrs = {name: value for name, value in stat.xattrs.items() if value}
    theirs = MESSAGES["Stat"](
        path=stat.path,
        mode=stat.mode,
        size=stat.size,
        modTime=stat.mtime,
        linkname=stat.link,
        devmajor=stat.device[0],
        devminor=stat.device[1],
        xattrs=xattrs,
    )
    assert stat._replace(xattrs=xattrs).encode() == theirs.SerializeToString(deterministic=True)


@given(_UINT32, st.binary(max_size=300))
def test_packets_that_are_sent(id: int, data: bytes) -> None:
    """A part of a file, the end of one, the end of all, and an error."""
    part = MESSAGES["Packet"](type=2, ID=id, data=data)
    assert messages.data_packet_head(id, len(data)) + data == part.SerializeToString()
    assert messages.finish_packet() == MESSAGES["Packet"](type=3).SerializeToString()
    error = MESSAGES["Packet"].FromString(messages.error_packet("gone: \udcff"))
    assert (error.type, error.data) == (4, b"gone: ?")
    assert messages.stat_packet(None) == MESSAGES["Packet"]().SerializeToString() == b""


@given(st.integers(0, 4), _UINT32, st.binary(max_size=50))
def test_packets_that_are_received(type: int, id: int, data: bytes) -> None:
    sent = MESSAGES["Packet"](type=type, ID=id, data=data).SerializeToString()
    assert messages.read_packet(sent) == (type, id, data)


@given(st.text(), st.text(), st.binary())
def test_the_other_messages(first: str, second: str, data: bytes) -> None:
    found = MESSAGES["CredentialsResponse"].FromString(messages.credentials_response(first, second))
    assert (found.Username, found.Secret) == (first, second)
    assert messages.first_text(MESSAGES["CredentialsRequest"](Host=first).SerializeToString()) == first
    assert messages.first_text(MESSAGES["GetSecretRequest"](ID=second).SerializeToString()) == second
    assert messages.first_bytes(MESSAGES["BytesMessage"](data=data).SerializeToString()) == data
    assert MESSAGES["GetSecretResponse"].FromString(messages.data_message(data)).data == data
    assert MESSAGES["HealthCheckResponse"].FromString(messages.SERVING).status == 1


@given(st.binary(max_size=60))
def test_any_bytes_as_a_message(data: bytes) -> None:
    """What a broken Engine sends is an error of ours, and no other."""
    for read in (messages.read_packet, messages.first_bytes, messages.first_text):
        with suppress(DecodeError):
            read(data)


# gRPC's frame.


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 9), min_size=1))
def test_messages_are_cut_anywhere(sent: list[bytes], sizes: list[int]) -> None:
    """However the bytes come, the same messages come out, and nothing is left."""
    data = b"".join(map(framed, sent))
    reader, found, at = MessageReader(), [], 0
    for index in range(len(data)):
        size = sizes[index % len(sizes)]
        reader.feed(data[at : at + size])
        at += size
        while (message := reader.next()) is not None:
            found.append(message)
    assert found == sent
    reader.feed_eof()


def test_an_end_within_a_message() -> None:
    reader = MessageReader()
    reader.feed(framed(b"whole") + framed(b"cut")[:-1])
    assert reader.next() == b"whole"
    assert reader.next() is None
    with pytest.raises(DecodeError, match="within a message, after 7 bytes"):
        reader.feed_eof()


def test_messages_that_are_refused() -> None:
    """A length is not believed before the bytes are there, and one that is too large is refused at once."""
    reader = MessageReader()
    reader.feed(message_prefix(LARGEST_RECEIVED + 1))
    with pytest.raises(RpcError, match="limit is 4194304") as caught:
        reader.next()
    assert caught.value.status is Status.RESOURCE_EXHAUSTED
    reader = MessageReader()
    reader.feed(b"\1" + framed(b"x")[1:])
    with pytest.raises(RpcError, match="compressed"):
        reader.next()


@given(st.text(max_size=50))
def test_the_text_of_a_status(text: str) -> None:
    """It is percent-encoded as gRPC wants it, and printable ASCII stands as it is."""
    headers = dict(trailers(Status.NOT_FOUND, text))
    assert headers[b"grpc-status"] == b"5"
    sent = headers.get(b"grpc-message", b"").decode("ascii")
    assert unquote(sent) == text
    assert all(" " <= char <= "~" for char in sent)
    if text.isascii() and text.isprintable() and "%" not in text:
        assert sent == text


def test_an_endless_text_is_cut() -> None:
    assert len(dict(trailers(Status.UNKNOWN, "x" * 100_000))[b"grpc-message"]) == 4096
    assert trailers(Status.OK) == [(b"grpc-status", b"0")]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_values_that_are_escaped(values: list[str]) -> None:
    """BuildKit escapes all values of a name, and says so, where one of them is not ASCII."""
    plain = [(b"exclude-patterns", value.encode()) for value in values]
    escaped = [(b"exclude-patterns", quote_plus(value).encode()) for value in values]
    assert metadata(plain)["exclude-patterns"] == values
    assert metadata([*escaped, (b"exclude-patterns-encoded", b"1")])["exclude-patterns"] == values


def test_what_is_not_escaped_stays() -> None:
    found = metadata([(b":path", b"/x"), (b"dir-name", b"a%20b+c"), (b"followpaths-encoded", b"1"), (b"raw", b"\xff")])
    assert found["dir-name"] == ["a%20b+c"]
    assert found["raw"] == ["\udcff"]
    assert ":path" not in found
    assert metadata([(b"a", b"%20"), (b"a-encoded", b"0")])["a"] == ["%20"]
