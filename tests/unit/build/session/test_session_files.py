"""What a BuildKit session sends of a folder: which paths, how they are described, and their contents."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import socket
import stat
import sys
import threading
import tracemalloc
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import anyio
import pytest
from pages import PROJECT
from anyio.lowlevel import checkpoint
from ignore_cases import CASES, plant
from session_engine import EngineCall, Session, session
from session_protobuf import MESSAGES

from rawdock import FileError, InvalidArgument
from rawdock._build.ignore import read_rules
from rawdock._build.session.file_sync import FileSync
from rawdock._build.session.grpc import LARGEST_SENT, RpcError
from rawdock._build.session.health import health_methods
from rawdock._build.session.messages import Stat
from rawdock._build.session.paths import PathFilter, Patterns, without_covered
from rawdock._build.session.sources import DiskFolder, FolderSource, MemoryFolder
from rawdock._build.session.stat import go_mode
from rawdock._build.session.transfer import Transfer

DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
CORPUS: dict[str, Any] = json.loads((PROJECT / "tests" / "support" / "ignore_corpus.json").read_text())
FOLDER, LINK, DEVICE, PIPE, CHARACTERS = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 21
SETUID, SETGID, STICKY = 1 << 23, 1 << 22, 1 << 20


def planted(root: Path, *paths: str) -> Path:
    """Files whose content is their path; a path that ends with a slash is a folder."""
    for path in paths:
        where = root / path
        if path.endswith("/"):
            where.mkdir(parents=True, exist_ok=True)
        else:
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_text(path)
    return root


ALL = Patterns()


def stats(folder: Path | FolderSource, patterns: Patterns = ALL) -> dict[str, Stat]:
    source = DiskFolder(str(folder)) if isinstance(folder, Path) else folder
    return {stat.path: stat for stat in source.stats(patterns)}


def paths(folder: Path, **patterns: Iterable[str]) -> list[str]:
    return list(stats(folder, Patterns(**{name: list(value) for name, value in patterns.items()})))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


# Descriptions.


def test_the_order(tmp_path: Path) -> None:
    """By the bytes of names within a folder, a folder ahead of what is in it, as the receiver checks."""
    planted(tmp_path, "a/b", "a/b.txt", "a.txt", "a-b/x", "B", "é", "z", "a/Z/y")
    found = paths(tmp_path)
    assert found == ["B", "a", "a/Z", "a/Z/y", "a/b", "a/b.txt", "a-b", "a-b/x", "a.txt", "z", "é"]
    assert found == sorted(found, key=lambda path: [part.encode() for part in path.split("/")])


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        (stat.S_IFREG | 0o644, 0o644),
        (stat.S_IFREG | 0o4755, 0o755 | SETUID),
        (stat.S_IFREG | 0o2755, 0o755 | SETGID),
        (stat.S_IFDIR | 0o1777, 0o777 | STICKY | FOLDER),
        (stat.S_IFLNK | 0o777, 0o777 | LINK),
        (stat.S_IFIFO | 0o600, 0o600 | PIPE),
        (stat.S_IFBLK | 0o660, 0o660 | DEVICE),
        (stat.S_IFCHR | 0o660, 0o660 | DEVICE | CHARACTERS),
        (stat.S_IFSOCK | 0o755, 0o755),
    ],
)
def test_modes(mode: int, wanted: int) -> None:
    """Go's bits for the kind of a file are not those of Unix. A socket is an empty file, as with the docker command."""
    assert go_mode(mode) == wanted


def test_what_is_told_of_a_file(tmp_path: Path) -> None:
    """Times to the nanosecond, also before 1970, and the size; everything is root's."""
    file = planted(tmp_path, "sub/file") / "sub/file"
    file.chmod(0o6750)
    os.utime(file, ns=(1, 1_700_000_000_987_654_321))
    os.utime(tmp_path / "sub", ns=(1, -5))
    (tmp_path / "link").symlink_to("../out")
    os.mkfifo(tmp_path / "pipe", 0o600)
    found = stats(tmp_path)
    assert found["sub/file"][:4] == ("sub/file", 0o750 | SETUID | SETGID, 8, 1_700_000_000_987_654_321)
    assert (found["sub"].mode & FOLDER, found["sub"].size, found["sub"].mtime) == (FOLDER, 0, -5)
    assert (found["link"].mode, found["link"].link, found["link"].size) == (0o777 | LINK, "../out", 6)
    assert (found["pipe"].mode, found["pipe"].size) == (0o600 | PIPE, 0)
    told = MESSAGES["Stat"].FromString(found["sub"].encode())
    assert (told.modTime, told.uid, told.gid) == (-5, 0, 0)


def test_a_time_for_all(tmp_path: Path) -> None:
    planted(tmp_path, "sub/file")
    (tmp_path / "link").symlink_to("x")
    found = stats(DiskFolder(str(tmp_path), mtime=7))
    assert {stat.mtime for stat in found.values()} == {7_000_000_000}
    assert len(found) == 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes devices")
def test_devices(tmp_path: Path) -> None:
    os.mknod(tmp_path / "zero", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    found = stats(tmp_path)["zero"]
    assert (found.mode, found.device, found.size) == (0o600 | DEVICE | CHARACTERS, (1, 5), 0)


def test_names_of_one_file(tmp_path: Path) -> None:
    """The first that is included is the file; later ones name it. A docker command sends their size as well."""
    planted(tmp_path, "a/file", "b", "x/")
    for name in ("c", "x/d"):
        os.link(tmp_path / "a/file", tmp_path / name)
    (tmp_path / "link").symlink_to("b")
    os.link(tmp_path / "link", tmp_path / "link2", follow_symlinks=False)
    found = stats(tmp_path)
    assert {path: stat.link for path, stat in found.items() if stat.link} == {
        "c": "a/file",
        "x/d": "a/file",
        "link": "b",
        "link2": "b",
    }
    assert found["c"].size == found["a/file"].size == 6
    found = stats(tmp_path, Patterns(exclude=["a"]))
    assert {path: stat.link for path, stat in found.items()} == {
        "b": "",
        "c": "",
        "link": "b",
        "link2": "b",
        "x": "",
        "x/d": "c",
    }


def test_extended_attributes(tmp_path: Path) -> None:
    """All that may be read, but those of macOS; a link has its own, not those of its target."""
    file = planted(tmp_path, "sub/file") / "sub/file"
    try:
        os.setxattr(file, "user.text", b"\0\xff")
        os.setxattr(file, "user.com.apple.x", b"stays")
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            pytest.skip("this file system has no extended attributes")
        raise
    os.setxattr(tmp_path / "sub", "user.folder", b"1")
    (tmp_path / "sub/link").symlink_to("file")
    found = stats(tmp_path)
    ours = {path: {n: v for n, v in one.xattrs.items() if n.startswith("user.")} for path, one in found.items()}
    assert ours == {
        "sub": {"user.folder": b"1"},
        "sub/file": {"user.text": b"\0\xff", "user.com.apple.x": b"stays"},
        "sub/link": {},
    }


# Which paths.


@pytest.mark.parametrize("name", CASES)
def test_the_same_paths_as_buildx(tmp_path: Path, name: str) -> None:
    """For all rules of the corpus, when the Engine asks by them, with folders only where something is in them."""
    case, wanted = CASES[name], CORPUS["cases"][name]["buildx"]
    folder = tmp_path / "context"
    with plant(folder, case):
        rules = next(
            (path for path in (folder / f"{case.file}.dockerignore", folder / ".dockerignore") if path.is_file()), None
        )
        exclude = read_rules(rules.read_bytes()) if rules else []
        try:
            found = stats(folder, Patterns(exclude=exclude))
        except InvalidArgument:
            assert wanted is None
            return
    assert wanted is not None
    shown = {
        path + "/" if one.mode & FOLDER else f"{path} -> {one.link}" if one.mode & LINK else path
        for path, one in found.items()
    }
    assert shown - {case.file} == set(wanted) - {case.file}


def test_only_what_is_included(tmp_path: Path) -> None:
    """And the folders that it is in, each just before it; other folders are not even looked into."""
    planted(tmp_path, "a/b/c", "a/x", "d/e/f", "d/g", "h", "empty/")
    assert paths(tmp_path, include=["a/b", "h"]) == ["a", "a/b", "a/b/c", "h"]
    assert paths(tmp_path, include=["*/e"]) == ["d", "d/e", "d/e/f"]
    assert paths(tmp_path, include=["**/f", "nothing"]) == ["d", "d/e", "d/e/f"]
    assert paths(tmp_path, include=["a", "d"], exclude=["*/e", "a/x"]) == ["a", "a/b", "a/b/c", "d", "d/g"]
    assert paths(tmp_path, include=["a"], exclude=["a", "!a/b"]) == ["a", "a/b", "a/b/c"]
    assert paths(tmp_path, include=["empty"]) == ["empty"]
    assert paths(tmp_path, include=["none"]) == []


def test_folders_that_are_left_out_may_be_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the docker command, even where a rule may take something in them back; a wanted one is an error."""
    planted(tmp_path, "closed/file", "file")
    real = os.open

    def refusing(path: Any, *more: Any, **given: Any) -> int:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path, *more, **given)

    monkeypatch.setattr(os, "open", refusing)
    before = open_files()
    assert paths(tmp_path, exclude=["closed", "!**/x"]) == ["file"]
    with pytest.raises(FileError, match=r"closed cannot be read: Permission denied; a \.dockerignore can") as caught:
        paths(tmp_path)
    assert caught.value.path == str(tmp_path / "closed")
    assert open_files() == before


def test_patterns_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"rule 'a\['"):
        paths(tmp_path, exclude=["a["])
    with pytest.raises(InvalidArgument, match=r"asks for paths by a pattern that cannot be read.*'a\['"):
        paths(tmp_path, include=["a["])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none cannot be read: No such file or directory$"):
        paths(tmp_path / "none")


def test_many_rules(tmp_path: Path) -> None:
    """Thousands of rules give the same as the few of them that matter."""
    planted(tmp_path, *[f"{a}/{b}" for a in "abc" for b in "xyz"])
    rules = [f"no/such/{number}" for number in range(30_000)]
    rules[10_000], rules[20_000] = "*/x", "!b/x"
    assert paths(tmp_path, exclude=rules) == paths(tmp_path, exclude=["*/x", "!b/x"])
    assert len(paths(tmp_path, exclude=rules)) == 3 + 9 - 2


def test_covered_paths() -> None:
    assert without_covered(["a", "a/b", "a-b", "ab", "b/c"]) == ["a", "a-b", "ab", "b/c"]
    assert without_covered(["a", "."]) is None
    assert without_covered([]) == []


def test_what_is_followed(tmp_path: Path) -> None:
    """A link that is asked for comes with what it leads to."""
    planted(tmp_path, "real/deep/file", "real/other", "unrelated")
    (tmp_path / "link").symlink_to("real/deep")
    assert paths(tmp_path, follow=["link"]) == ["link", "real", "real/deep", "real/deep/file"]
    assert paths(tmp_path, follow=["link/file"]) == ["link", "real", "real/deep", "real/deep/file"]
    assert paths(tmp_path, follow=["none"]) == []
    assert len(paths(tmp_path, follow=["."])) == len(paths(tmp_path)) == 6
    assert paths(tmp_path, follow=["link"], exclude=["real"]) == ["link"]
    assert paths(tmp_path, include=["unrelated"], follow=["real/other"]) == ["real", "real/other", "unrelated"]


# Contents.


class Receiver:
    """Takes a folder as BuildKit does."""

    def __init__(self, call: EngineCall) -> None:
        self.call = call
        self.stats: list[Any] = []
        self.contents: dict[str, bytes] = {}
        self.largest = 0
        self.error = ""

    async def packet(self) -> Any:
        message = await self.call.receive()
        if message is None:
            return None
        self.largest = max(self.largest, len(message))
        return MESSAGES["Packet"].FromString(message)

    async def list(self) -> None:
        """Receive all descriptions."""
        while (packet := await self.packet()) is not None and packet.type == 0 and packet.HasField("stat"):
            self.stats.append(packet.stat)
        if packet is not None and packet.type == 4:
            self.error = packet.data.decode()

    async def request(self, *ids: int) -> None:
        await self.call.send(*[MESSAGES["Packet"](type=1, ID=id).SerializeToString() for id in ids])

    async def take(self, *ids: int) -> None:
        """Request files and receive them."""
        await self.request(*ids)
        open_ids, parts = set(ids), {id: list[bytes]() for id in ids}
        while open_ids:
            packet = await self.packet()
            if packet is None or packet.type == 4:
                self.error = "" if packet is None else packet.data.decode()
                return
            assert packet.type == 2
            if packet.data:
                parts[packet.ID].append(packet.data)
            else:
                open_ids.remove(packet.ID)
                self.contents[self.stats[packet.ID].path] = b"".join(parts[packet.ID])

    async def finish(self) -> tuple[int, str]:
        await self.call.send(MESSAGES["Packet"](type=3).SerializeToString())
        assert (await self.packet()).type == 3
        return await self.call.status()

    async def take_all(self) -> None:
        await self.list()
        regular = [id for id, stat in enumerate(self.stats) if not stat.mode & ~0o777 & ~(SETUID | SETGID | STICKY)]
        await self.take(*(id for id in regular if not self.stats[id].linkname))


def served(**folders: FolderSource) -> Any:
    return session({**FileSync(folders).methods(), **health_methods()}, window=1 << 20)


async def receiver(held: Session, name: str = "context", *headers: tuple[str, str]) -> Receiver:
    return Receiver(await held.engine.call(DIFF_COPY, headers=[("dir-name", name), *headers]))


@pytest.mark.anyio
async def test_a_folder(tmp_path: Path) -> None:
    """All of it arrives: small files, large ones, empty ones, in folders."""
    planted(tmp_path, "a/b/c", "a/d", "e")
    (tmp_path / "large").write_bytes(random.Random(1).randbytes(3_000_000))
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("e")
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.take_all()
        assert await taken.finish() == (0, "")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert taken.contents == {str(path.relative_to(tmp_path)): path.read_bytes() for path in files}
    assert taken.largest <= LARGEST_SENT
    assert held.server.failure is None


@pytest.mark.anyio
async def test_only_what_is_asked_for(tmp_path: Path) -> None:
    """An Engine that has the rest asks for one file; its number is its place among all descriptions."""
    planted(tmp_path, *[f"{number:04}" for number in range(500)])
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.list()
        assert len(taken.stats) == 500
        await taken.take(321)
        assert taken.contents == {"0321": b"0321"}
        before = sum(held.pipe.writes)
        assert await taken.finish() == (0, "")
        assert sum(held.pipe.writes) - before < 200


@pytest.mark.anyio
async def test_requests_while_the_list_is_sent(tmp_path: Path) -> None:
    """The Engine asks as soon as it knows of a file."""
    planted(tmp_path, *[f"{number:05}" for number in range(20_000)])
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        first = await taken.packet()
        await taken.request(0)
        kinds = [first.type]
        contents = b""
        ends = 0
        while ends < 2:
            packet = await taken.packet()
            kinds.append(packet.type)
            contents += packet.data
            ends += packet.type == 0 and not packet.HasField("stat")
            ends += packet.type == 2 and not packet.data
        assert contents == b"00000"
        assert kinds.count(0) == 20_001
        assert kinds.index(2) < 20_000, "ahead of the end of the list"
        assert await taken.finish() == (0, "")


@pytest.mark.anyio
async def test_patterns_come_in_headers(tmp_path: Path) -> None:
    """Also ones that are not ASCII, and escaped ones."""
    planted(tmp_path, "größe/x", "größe/y", "a b+c%20", "other")
    async with served(context=DiskFolder(str(tmp_path))) as held:
        plain = await receiver(held, "context", ("exclude-patterns", "größe"), ("exclude-patterns", "!größe/y"))
        await plain.list()
        assert {stat.path for stat in plain.stats} == {"a b+c%20", "größe", "größe/y", "other"}
        rules = [("exclude-patterns", quote_plus(rule)) for rule in ("größe", "a b+c%20")]
        escaped = await receiver(held, "context", *rules, ("exclude-patterns-encoded", "1"))
        await escaped.list()
        assert [stat.path for stat in escaped.stats] == ["other"]
        only = await receiver(held, "context", ("followpaths", "other"), ("include-patterns", "größe/x"))
        await only.list()
        assert {stat.path for stat in only.stats} == {"größe", "größe/x", "other"}


@pytest.mark.anyio
async def test_files_in_memory() -> None:
    """A Dockerfile as text; the Engine asks for several names and takes what there is. A new one has a new time."""
    folder = MemoryFolder({"Dockerfile": b"FROM scratch\n", "Dockerfile.dockerignore": b"x"})
    names = ["Dockerfile", "Dockerfile.dockerignore", "dockerfile"]
    async with served(context=MemoryFolder(), dockerfile=folder) as held:
        taken = await receiver(held, "dockerfile", *[("followpaths", name) for name in names])
        await taken.take_all()
        assert await taken.finish() == (0, "")
        assert taken.contents == {"Dockerfile": b"FROM scratch\n", "Dockerfile.dockerignore": b"x"}
        one = await receiver(held, "dockerfile", ("include-patterns", "Dockerfile"))
        await one.list()
        assert [stat.path for stat in one.stats] == ["Dockerfile"]
        nothing = await receiver(held)
        await nothing.take_all()
        assert nothing.stats == []
        assert await nothing.finish() == (0, "")
    (old,) = MemoryFolder({"a": b"x"}).stats(Patterns())
    (new,) = MemoryFolder({"a": b"y"}).stats(Patterns())
    assert old.size == new.size
    assert old.mtime < new.mtime


@pytest.mark.anyio
async def test_folders_that_are_not_there(tmp_path: Path) -> None:
    async with served(context=DiskFolder(str(tmp_path / "none"))) as held:
        other = await receiver(held, "other")
        assert await other.call.status() == (5, "there is no folder 'other' in this build")
        assert held.server.failure is None
        gone = await receiver(held)
        await gone.list()
        assert "none cannot be read" in gone.error
        assert (await gone.call.status())[0] == 2
        assert isinstance(held.server.failure, FileError)


@pytest.mark.anyio
@pytest.mark.parametrize("ids", [[3], [0], [1, 1], [4_000_000_000]])
async def test_files_that_are_not_to_be_asked_for(tmp_path: Path, ids: list[int]) -> None:
    """Behind the list, a folder, and one for the second time."""
    planted(tmp_path, "a/b", "c")
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.list()
        await taken.request(*ids)
        status, text = await taken.call.status()
        assert status == 3
        assert text == f"there is no file {ids[-1]} to be sent"
        assert held.server.failure is None


@pytest.mark.anyio
async def test_errors_of_the_engine(tmp_path: Path) -> None:
    """They are the Engine's to tell; an end without a word is one too."""
    planted(tmp_path, "a")
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.list()
        await taken.call.send(MESSAGES["Packet"](type=4, data=b"disk full").SerializeToString())
        assert await taken.call.status() == (2, "the Engine could not take the files: disk full")
        taken = await receiver(held)
        await taken.list()
        await taken.call.send(end=True)
        assert (await taken.call.status())[0] == 2
        assert held.server.failure is None


# Files that change while they are sent.


async def after_list(tmp_path: Path, change: Any) -> tuple[Receiver, Exception | None]:
    """Take the one file of a folder that changes when it has been described."""
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.list()
        change()
        await taken.take(*(id for id, stat in enumerate(taken.stats) if not stat.mode & FOLDER))
        if not taken.error:
            assert await taken.finish() == (0, "")
        else:
            assert (await taken.call.status())[0] == 2
        return taken, held.server.failure


@pytest.mark.anyio
async def test_a_file_that_grows(tmp_path: Path) -> None:
    """Exactly the announced bytes are sent."""
    log = planted(tmp_path, "log") / "log"
    log.write_bytes(b"a" * 600_000)
    taken, failure = await after_list(tmp_path, lambda: log.write_bytes(b"a" * 600_000 + b"b" * 100_000))
    assert taken.contents == {"log": b"a" * 600_000}
    assert failure is None


@pytest.mark.anyio
@pytest.mark.parametrize("left", [0, 1, 300_000, 599_999])
async def test_a_file_that_shrinks(tmp_path: Path, left: int) -> None:
    """The Engine is told, and the error says which file, and how much there was."""
    log = planted(tmp_path, "sub/log") / "sub/log"
    log.write_bytes(b"a" * 600_000)
    taken, failure = await after_list(tmp_path, lambda: os.truncate(log, left))
    assert isinstance(failure, FileError)
    assert failure.path == str(log)
    assert str(failure) == taken.error == f"{log} had 600000 bytes when the build began, and has {left} now"


@pytest.mark.anyio
@pytest.mark.parametrize("becomes", ["gone", "a link", "a pipe", "a folder", "in a folder that is a link"])
async def test_a_file_that_becomes_something_else(tmp_path: Path, becomes: str) -> None:
    """Nothing from outside of the folder gets in, and no pipe is waited for."""
    outside = tmp_path / "outside"
    planted(outside, "file")
    folder = tmp_path / "context"
    file = planted(folder, "sub/file") / "sub/file"

    def change() -> None:
        file.unlink()
        if becomes == "a link":
            file.symlink_to(outside / "file")
        elif becomes == "a pipe":
            os.mkfifo(file)
        elif becomes == "a folder":
            file.mkdir()
        elif becomes == "in a folder that is a link":
            file.parent.rmdir()
            file.parent.symlink_to(outside)

    taken, failure = await after_list(folder, change)
    assert taken.contents == {}
    assert isinstance(failure, FileError)
    assert failure.path == str(file)
    assert taken.error == str(failure)


@pytest.mark.anyio
async def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = planted(tmp_path, "file") / "file"
    real = os.open

    def refusing(path: Any, *more: Any, **given: Any) -> int:
        if path == "file":
            raise PermissionError(13, "Permission denied")
        return real(path, *more, **given)

    monkeypatch.setattr(os, "open", refusing)
    taken, failure = await after_list(tmp_path, lambda: None)
    assert isinstance(failure, FileError)
    assert taken.error == f"{file} can no longer be read: Permission denied"


def test_a_file_that_goes_while_the_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out, a link whose target can no longer be read too."""
    planted(tmp_path, "a", "b", "c")
    (tmp_path / "link").symlink_to("x")
    real_stat, real_readlink = os.stat, os.readlink

    def gone(path: Any, *more: Any, **given: Any) -> Any:
        if path == "b":
            raise FileNotFoundError(2, "No such file or directory")
        return real_stat(path, *more, **given)

    def gone_link(path: Any, *more: Any, **given: Any) -> Any:
        if path == "link":
            raise FileNotFoundError(2, "No such file or directory")
        return real_readlink(path, *more, **given)

    monkeypatch.setattr(os, "stat", gone)
    monkeypatch.setattr(os, "readlink", gone_link)
    source = DiskFolder.__new__(DiskFolder)
    source._root, source._mtime = str(tmp_path), None
    assert list(stats(source)) == ["a", "c"]


@pytest.mark.anyio
@pytest.mark.parametrize("what", ["name", "link"])
async def test_names_that_are_not_utf8(tmp_path: Path, what: str) -> None:
    """BuildKit takes none; the error says how to build all the same. One that is left out does not matter."""
    if what == "name":
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    else:
        os.symlink(b"\xff", os.fsencode(tmp_path) + b"/link")
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        await taken.list()
        assert 'context_transfer="tar"' in taken.error
        assert (await taken.call.status())[0] == 2
        assert isinstance(held.server.failure, InvalidArgument)
        assert "not UTF-8" in str(held.server.failure)
        fine = await receiver(held, "context", ("exclude-patterns", "*"))
        await fine.take_all()
        assert await fine.finish() == (0, "")


@pytest.mark.anyio
async def test_a_socket_is_an_empty_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        async with served(context=DiskFolder(str(tmp_path))) as held:
            taken = await receiver(held)
            await taken.take_all()
            assert taken.contents == {"socket": b""}
            assert await taken.finish() == (0, "")


# Threads, memory and descriptors.


@pytest.mark.anyio
async def test_file_work_is_in_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is done on the event loop."""
    planted(tmp_path, "a/b", "c")
    seen: set[tuple[str, bool]] = set()

    def watch(patch: pytest.MonkeyPatch, name: str, loop: int) -> None:
        real = getattr(os, name)

        def call(*args: Any, **given: Any) -> Any:
            if "/rawdock/" in sys._getframe(1).f_code.co_filename:
                seen.add((name, threading.get_ident() == loop))
            return real(*args, **given)

        patch.setattr(os, name, call)

    async with served(context=DiskFolder(str(tmp_path))) as held:
        with monkeypatch.context() as patch:
            for name in ("open", "stat", "listdir", "fstat", "readlink"):
                watch(patch, name, threading.get_ident())
            taken = await receiver(held, "context", ("followpaths", "a"), ("followpaths", "c"))
            await taken.take_all()
            assert await taken.finish() == (0, "")
    assert seen == {(name, False) for name in ("open", "stat", "listdir", "fstat", "readlink")}


@pytest.mark.anyio
@pytest.mark.parametrize("when", ["list", "contents"])
async def test_given_up_by_the_engine(tmp_path: Path, when: str) -> None:
    """No file stays open, no thread goes on, and the session lives."""
    planted(tmp_path, *[f"{number:05}" for number in range(10_000)])
    (tmp_path / "0large").write_bytes(bytes(5_000_000))
    before = open_files()
    async with served(context=DiskFolder(str(tmp_path))) as held:
        taken = await receiver(held)
        if when == "contents":
            await taken.list()
            await taken.request(*[id for id, stat in enumerate(taken.stats) if stat.path == "0large"])
        await taken.packet()
        held.engine.h2.reset_stream(taken.call.stream)
        await held.engine.flush()
        assert (await held.engine.ask("/grpc.health.v1.Health/Check", b""))[1] == (0, "")
        while held.server._calls:
            await anyio.sleep(0.001)
        assert open_files() == before


async def one_transfer(folder: Path) -> None:
    async with served(context=DiskFolder(str(folder))) as held:
        taken = await receiver(held, "context", ("followpaths", "*"))
        await taken.take_all()
        assert await taken.finish() == (0, "")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True}), "trio"])
async def test_cancelled_at_many_moments(anyio_backend: object, tmp_path: Path) -> None:
    """No file stays open, whenever the session is cancelled."""
    planted(tmp_path, "a/b/c", *[f"{number:02}" for number in range(50)])
    (tmp_path / "large").write_bytes(bytes(1_000_000))
    await one_transfer(tmp_path)
    before = open_files()
    for moment in range(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one_transfer, tmp_path)
            for _ in range(moment * moment):
                await checkpoint()
            tasks.cancel_scope.cancel()
        assert open_files() == before, moment


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # anyio's task groups, before a task has begun
@pytest.mark.parametrize("anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True})])
async def test_tasks_cancelled_at_many_moments(anyio_backend: object, tmp_path: Path) -> None:
    """The same by asyncio's own `Task.cancel`, of the whole and of all its tasks, as the end of `asyncio.run` does."""
    planted(tmp_path, "a/b/c", *[f"{number:02}" for number in range(50)])
    (tmp_path / "large").write_bytes(bytes(1_000_000))
    await one_transfer(tmp_path)
    before = open_files()
    for moment in range(60):
        others = asyncio.all_tasks()
        task = asyncio.create_task(one_transfer(tmp_path))
        for _ in range(moment * moment):
            await checkpoint()
        for one in asyncio.all_tasks() - others if moment % 2 else {task}:
            one.cancel()
        await asyncio.wait([task])
        assert open_files() == before, moment
        assert asyncio.all_tasks() == others
        if not task.cancelled():
            assert task.exception() is None


def test_little_is_kept_of_each_file(tmp_path: Path) -> None:
    """Less than 300 bytes and its path."""

    class Many:
        def stats(self, patterns: Patterns) -> Any:
            for number in range(20_000):
                yield Stat(f"folder/{number:07}", 0o644, number, number)

    transfer = Transfer(Many(), Patterns())  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        for _ in transfer.descriptions():
            pass
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / 20_000 < 300 + len("folder/1234567")


def test_batches_are_bounded(tmp_path: Path) -> None:
    """Descriptions and contents go in batches of hundreds of kilobytes, whatever the sizes of files."""
    (tmp_path / "large").write_bytes(bytes(3_000_000))
    planted(tmp_path, *[f"{number:05}" for number in range(5_000)])
    transfer = Transfer(DiskFolder(str(tmp_path)), Patterns())
    with closing(transfer):
        sizes = [len(batch) for batch in transfer.descriptions()]
        assert max(sizes) < 2 * LARGEST_SENT
        for id in range(5_001):
            transfer.request(id)
        sizes = []
        while transfer.waiting:
            sizes.append(len(transfer.contents()))
        assert sum(sizes) > 3_000_000
        assert max(sizes) < 2 * LARGEST_SENT
        assert len(sizes) < 30
        with pytest.raises(RpcError):
            transfer.request(5_000)


def test_a_filter_of_nothing() -> None:
    chosen = PathFilter([], []).choice("any")
    assert chosen is not None
    assert chosen[0]
