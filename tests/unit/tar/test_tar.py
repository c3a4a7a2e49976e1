"""Archives read wherever they are cut, and packed so that others read them; `tarfile` is the oracle of both."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tar_archives import archive, info

from rawdock import DecodeError, FileError, InvalidArgument, TruncatedError
from rawdock._tar.members import MemberAttributes
from rawdock._tar.pack import Packer
from rawdock._tar.reader import Member, TarReader
from rawdock._tar.walk import Walk
from rawdock._threads import READ_BATCH, WRITE_BATCH, Batches, write_in_threads

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
KINDS = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hardlink"}


class Seen:
    """What a reader has found."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.contents: list[bytes] = []
        self.complete_ = 0

    def member(self, member: Member) -> bool:
        self.members.append(member)
        self.contents.append(b"")
        return member.kind == "file"

    def data(self, data: memoryview) -> None:
        self.contents[-1] += data

    def complete(self) -> None:
        self.complete_ += 1


def read(pieces: Iterable[bytes]) -> Seen:
    seen = Seen()
    reader = TarReader(seen)
    for piece in pieces:
        reader.feed(piece)
    reader.feed_eof()
    return seen


def simple(format: int = tarfile.PAX_FORMAT) -> bytes:
    return archive(
        info("folder", tarfile.DIRTYPE),
        info("folder/file", size=700),
        info("folder/empty"),
        info("folder/link", tarfile.SYMTYPE, target="file"),
        info("folder/other", tarfile.LNKTYPE, target="folder/file"),
        info("folder/" + "n" * 90 + "/" + "é" * 40, size=1),
        content=b"0123456789" * 70,
        format=format,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_split_of_an_archive(name: str) -> None:
    """In one piece, cut at any place, or byte by byte: the same members with the same content."""
    data = simple(FORMATS[name])
    whole = read([data])
    assert [(member.kind, len(content)) for member, content in zip(whole.members, whole.contents, strict=True)] == [
        ("folder", 0),
        ("file", 700),
        ("file", 0),
        ("link", 0),
        ("hardlink", 0),
        ("file", 1),
    ]
    assert whole.complete_ == 3
    file = whole.members[1]
    assert (file.mode, file.uid, file.gid, file.mtime) == (0o640, 7, 8, 1_700_000_000 * 10**9)
    assert whole.members[-1].name == "folder/" + "n" * 90 + "/" + "é" * 40
    for cut in range(512):  # and each 512 bytes further, so that every block is cut at this place
        seen = read([data[:cut], *(data[at : at + 512] for at in range(cut, len(data), 512))])
        assert (seen.members, seen.contents, seen.complete_) == (whole.members, whole.contents, 3)
    seen = read(bytes((byte,)) for byte in data)
    assert (seen.members, seen.contents) == (whole.members, whole.contents)


@pytest.mark.parametrize("name", FORMATS)
def test_every_truncation_of_an_archive(name: str) -> None:
    """A truncated archive is never accepted as complete."""
    data = simple(FORMATS[name])
    reader = TarReader(Seen())
    for byte in data[:-512]:
        with pytest.raises(TruncatedError):
            reader.feed_eof()
        reader.feed(bytes((byte,)))
    reader.feed_eof()


names = st.builds(
    lambda some, times: some * times, st.text("aB. \n=é漢\U0001f40b\udce9", min_size=1, max_size=9), st.integers(1, 30)
).filter(lambda name: name not in (".", ".."))
members = st.builds(
    lambda name, kind, size, target, mtime, uid: (name, kind, size, target, mtime, uid),
    names,
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 1200),
    names,
    st.integers(0, 2**35),
    st.integers(0, 2**31),
)


@given(
    st.lists(members, max_size=4),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 2000),
)
def test_members_equal_those_of_tarfile(
    found: list[tuple[str, bytes, int, str, int, int]], format: int, step: int
) -> None:
    """Names of any length and letters, large times and owners: what `tarfile` has written is read as it reads it."""
    made = []
    for name, kind, size, target, mtime, uid in found:
        member = info(
            name,
            kind,
            size=size if kind == tarfile.REGTYPE else 0,
            target=target if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "",
        )
        member.mtime, member.uid = mtime, uid
        made.append(member)
    data = archive(*made, content=bytes(range(256)) * 5, format=format)
    seen = read(data[at : at + step] for at in range(0, len(data), step))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [(one.name, KINDS[one.type], one.size, one.linkname, int(one.mtime) * 10**9, one.uid) for one in tar]
    assert [(one.name, one.kind, one.size, one.target, one.mtime, one.uid) for one in seen.members] == expected
    assert seen.contents == [(bytes(range(256)) * 5)[: one.size] for one in seen.members]


@given(st.binary(max_size=3000))
def test_garbage(data: bytes) -> None:
    """Invalid bytes are one of two errors and never another exception."""
    with pytest.raises((DecodeError, TruncatedError)):
        read([b"x" + data])


@given(st.integers(0, len(simple()) - 1), st.integers(1, 255))
def test_a_wrong_byte(place: int, change: int) -> None:
    """A damaged archive is read, or refused in rawdock's words."""
    data = bytearray(simple())
    data[place] ^= change
    try:
        read([bytes(data)])
    except (DecodeError, TruncatedError):
        return
    assert len(read([bytes(data)]).members) <= 6


def pax(**records: str) -> bytes:
    """A member that has these records."""
    member = info("x")
    member.pax_headers = {key.replace("__", "."): value for key, value in records.items()}
    return archive(member)


def raw_pax(body: bytes) -> bytes:
    member = info("x", tarfile.XHDTYPE, size=len(body))
    return member.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512) + archive(info("file"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pax(size="-1"), "size="),
        (pax(size="9" * 30), "size="),
        (pax(mtime="never"), "mtime="),
        (pax(mtime="1e999999"), "mtime="),
        (pax(uid="root"), "uid="),
        (pax(GNU__sparse__major="1"), "sparse"),
        (archive(info("x", tarfile.GNUTYPE_SPARSE)), "sparse"),
        (raw_pax(b"nonsense"), "invalid pax record"),
        (raw_pax(b"11 path=abc\n"), "invalid pax record"),
        (raw_pax(b"99999999 path=a\n"), "invalid pax record"),
        (raw_pax(b"0 path=a\n"), "invalid pax record"),
        (raw_pax(b"12 path=abc\n")[:1024] + bytes(1024), "without a member"),
        (info("x", tarfile.XHDTYPE, size=1 << 21).tobuf(tarfile.USTAR_FORMAT), "2097152 bytes"),
        (info("x", tarfile.GNUTYPE_LONGNAME, size=1 << 40).tobuf(tarfile.GNU_FORMAT), "bytes"),
        (info("x", size=-5).tobuf(tarfile.GNU_FORMAT), "-5 bytes"),
    ],
)
def test_invalid_archives(data: bytes, message: str) -> None:
    """Invalid headers are refused when they are read, and nothing is allocated for them."""
    with pytest.raises(DecodeError, match=message):
        read([data])


def test_large_and_exact() -> None:
    """A size beyond what ustar holds, and a time to the nanosecond."""
    for data in (
        info("huge", size=10**12).tobuf(tarfile.GNU_FORMAT),
        info("huge", size=10**12).tobuf(tarfile.PAX_FORMAT),
    ):
        seen = Seen()
        TarReader(seen).feed(data)
        assert seen.members[0].size == 10**12
    assert read([pax(mtime="1700000000.123456789")]).members[0].mtime == 1_700_000_000_123_456_789
    assert read([pax(mtime="-1.5")]).members[0].mtime == -1_500_000_000


def test_records_of_a_member_override_global_ones() -> None:
    """Records of a single member override global records."""
    member = info("x", tarfile.XGLTYPE, size=12)
    data = member.tobuf(tarfile.USTAR_FORMAT) + b"12 mtime=11\n" + bytes(500) + archive(info("a"), info("é" * 60))
    seen = read([data])
    assert [one.mtime for one in seen.members] == [11 * 10**9, 11 * 10**9]
    assert [one.name for one in seen.members] == ["a", "é" * 60]


# Packing.


def packed(source: Path, name: str, look: MemberAttributes = MemberAttributes(None, None)) -> tuple[bytes, Packer]:  # noqa: B008
    packer = Packer(Walk(str(source)), look)
    return b"".join(packer.chunks(name)), packer


def opened(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getmembers()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "b" / "deep").mkdir(parents=True)
    (folder / "b" / "file").write_bytes(b"content" * 1000)
    (folder / "b" / "file").chmod(0o4750)
    (folder / "a").symlink_to("/somewhere/else")
    (folder / ("é" * 120)).write_bytes(b"")
    os.link(folder / "b" / "file", folder / "c")
    os.mkfifo(folder / "pipe")
    return folder


def test_a_folder_is_packed(tree: Path) -> None:
    """`tarfile` finds what is in the tree, sorted, links as links, and a file with two names once."""
    data, packer = packed(tree, "name")
    found = {member.name: member for member in opened(data)}
    assert list(found) == [
        "name",
        "name/a",
        "name/b",
        "name/b/deep",
        "name/b/file",
        "name/c",
        "name/pipe",
        f"name/{'é' * 120}",
    ]
    assert (found["name/a"].issym(), found["name/a"].linkname) == (True, "/somewhere/else")
    file = found["name/b/file"]
    assert (file.size, file.mode, file.uid, file.mtime) == (
        7000,
        0o4750,
        os.getuid(),
        int((tree / "c").stat().st_mtime),
    )
    assert (found["name/c"].islnk(), found["name/c"].linkname) == (True, "name/b/file")
    assert found["name/pipe"].isfifo()
    assert (packer.members, packer.size) == (8, 7000)
    assert packed(tree, "name")[0] == data


def test_packed_with_other_attributes(tree: Path) -> None:
    """Owner, permissions and time are set where that is asked for; a folder can still be entered."""
    found = {member.name: member for member in opened(packed(tree, "", MemberAttributes(1, 2, 0o640, 3))[0])}
    assert "" not in found
    for member in found.values():
        assert (member.uid, member.gid, member.mtime) == (1, 2, 3)
    assert (found["b"].mode, found["b/file"].mode) == (0o750, 0o640)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are kept."""
    (tmp_path / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    data, _ = packed(tmp_path, "")
    assert read([data]).members[0].name == os.fsdecode(b"caf\xe9")
    assert [os.fsencode(member.name) for member in opened(data)] == [b"caf\xe9"]


def test_sockets_are_left_out(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "s"))
        walk = Walk(str(tmp_path))
        data = b"".join(Packer(walk, MemberAttributes()).chunks("it"))
    assert [member.name for member in opened(data)] == ["it"]
    assert walk.sockets == [str(tmp_path / "s")]


def test_a_file_that_gets_longer(tmp_path: Path) -> None:
    """As many bytes are sent as were announced, and the archive is whole."""
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "b").write_bytes(b"y")
    pieces = Packer(Walk(str(tmp_path)), MemberAttributes()).chunks()
    data = next(pieces)
    with open(tmp_path / "a", "ab") as file:
        file.write(b"more" * 1000)
    data += b"".join(pieces)
    assert [(member.name, member.size) for member in opened(data)] == [("a", 1000), ("b", 1)]
    assert read([data]).contents == [b"x" * 1000, b"y"]


def test_a_file_that_gets_shorter(tmp_path: Path) -> None:
    """The archive is not completed, and the error says why."""
    (tmp_path / "a").write_bytes(b"x" * 1000)
    pieces = Packer(Walk(str(tmp_path)), MemberAttributes()).chunks()
    next(pieces)
    os.truncate(tmp_path / "a", 10)
    with pytest.raises(FileError, match="shrank from 1000 to 10 bytes") as caught:
        b"".join(pieces)
    assert caught.value.path == str(tmp_path / "a")


@pytest.mark.parametrize("change", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo, lambda path: None])
def test_a_file_that_is_replaced_by_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    """A link in its place is not followed, and a pipe does not block."""
    file = tmp_path / "a"
    file.write_bytes(b"x")
    look = os.stat

    def changing(path: str, **given: Any) -> os.stat_result:
        found = look(path, **given)
        if path == "a":
            monkeypatch.undo()
            file.unlink()
            change(file)
        return found

    monkeypatch.setattr(os, "stat", changing)
    with pytest.raises(FileError, match=r"cannot be read|is not a file any more"):
        list(Packer(Walk(str(tmp_path)), MemberAttributes()).chunks())


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_file_that_changes_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A link in the place of a folder is not followed, and nothing stays open."""
    inside, outside = tmp_path / "tree" / "deep" / "a", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_text("secret")
    if kind == "link":
        inside.rmdir()
        inside.symlink_to(outside)
    look = os.stat

    def changing(path: str, **given: Any) -> os.stat_result:
        found = look(path, **given)
        if path == "a":
            monkeypatch.undo()
            if kind == "link":
                inside.unlink()
                inside.mkdir()
            else:
                inside.rmdir()
                inside.symlink_to(outside)
        return found

    monkeypatch.setattr(os, "stat", changing)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileError, match="deep/a cannot be read: ") as caught:
        list(Packer(Walk(str(tmp_path / "tree")), MemberAttributes()).chunks())
    assert caught.value.path == str(inside)
    assert os.listdir("/proc/self/fd") == before


def test_deep_folders(tmp_path: Path) -> None:
    """Deep folders need file descriptors, but no recursion."""
    os.makedirs(tmp_path / "/".join("d" * 600))
    data, packer = packed(tmp_path, "top")
    assert packer.members == 601
    assert read([data]).members[-1].name == "top" + "/d" * 600


@pytest.mark.anyio
async def test_batches() -> None:
    """The same bytes, in pieces that are worth the way from one thread to another, in both directions."""
    pieces = [b"a" * 3, b"b" * READ_BATCH, b"", b"c", b"d"]
    batches = [batch async for batch in Batches(piece for piece in pieces)]
    assert batches == [b"a" * 3 + b"b" * READ_BATCH, b"cd"]
    assert [batch async for batch in Batches(piece for piece in ())] == []
    taken: list[list[bytes]] = []
    await write_in_threads(Batches(piece for piece in pieces * 5), taken.append)
    assert taken == [[batches[0], *[b"cd" + batches[0]] * 3], [b"cd" + batches[0], b"cd"]]


@pytest.mark.anyio
async def test_an_error_of_the_receiver() -> None:
    """No further batch is requested, and the source is closed."""
    closed: list[bool] = []

    def pieces() -> Generator[bytes, None, None]:
        try:
            while True:
                yield bytes(WRITE_BATCH)
        finally:
            closed.append(True)

    def take(parts: list[bytes]) -> None:
        raise FileError(f"{len(parts)} is too much")

    with pytest.raises(FileError, match="1 is too much"):
        await write_in_threads(Batches(pieces()), take)
    assert closed == [True]


@pytest.mark.parametrize(
    "wrong",
    [
        MemberAttributes(uid=-1),
        MemberAttributes(gid=2**32),
        MemberAttributes(mode=0o10000),
        MemberAttributes(mtime=-1),
        MemberAttributes(uid=True),
    ],
)
def test_invalid_owners(wrong: MemberAttributes) -> None:
    with pytest.raises(InvalidArgument):
        wrong.check("here")


def test_mode_of_go() -> None:
    """Kinds and bits of Go's FileMode in the words of `stat`."""
    from rawdock.models import ArchiveStat

    for mode, expected in (
        (0o644, stat.S_IFREG | 0o644),
        (1 << 31 | 1 << 20 | 0o777, stat.S_IFDIR | stat.S_ISVTX | 0o777),
        (1 << 27 | 0o777, stat.S_IFLNK | 0o777),
        (69206454, stat.S_IFCHR | 0o666),  # /dev/null, as Podman tells of it
        (1 << 26 | 0o660, stat.S_IFBLK | 0o660),
        (1 << 25 | 0o600, stat.S_IFIFO | 0o600),
        (1 << 24 | 0o600, stat.S_IFSOCK | 0o600),
        (1 << 23 | 1 << 22 | 0o755, stat.S_IFREG | stat.S_ISUID | stat.S_ISGID | 0o755),
    ):
        assert ArchiveStat(mode=mode).st_mode == expected
    assert ArchiveStat(mode=1 << 31).is_folder
    assert not ArchiveStat(mode=1 << 31).is_link
    assert ArchiveStat(mode=1 << 27).is_link
