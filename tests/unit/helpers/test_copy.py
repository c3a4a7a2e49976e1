"""Copies from hostile containers, into containers that refuse, and after an interruption."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import tarfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
import pytest
from bodies import body_of
from cancelling import open_files
from faultserver import Peer, serving
from tar_archives import archive, info

from rawdock import (
    ArchiveError,
    DecodeError,
    Docker,
    FileError,
    InvalidArgument,
    NotFound,
    ServerError,
    Skipped,
    TruncatedError,
)
from rawdock._tar.unpack import Unpacker

pytestmark = pytest.mark.anyio

FOLDER, LINK = 1 << 31 | 0o755, 1 << 27 | 0o777
LNK, SYM, DIR = tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE


def stat_header(mode: int = FOLDER, target: str = "") -> dict[str, str]:
    value = {"name": "x", "size": 1, "mode": mode, "mtime": "2026-01-02T03:04:05Z", "linkTarget": target}
    return {"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(value).encode()).decode()}


class Engine(httpx.MockTransport):
    """A container with these archives by path; what is put into it is kept."""

    def __init__(self, **paths: bytes) -> None:
        super().__init__(self.answer)
        self.paths = paths
        self.stats: dict[str, dict[str, str]] = {}
        self.put: list[tuple[str, bytes]] = []
        self.asked: list[str] = []
        self.step = 1000

    async def answer(self, request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.url.query.decode())
        path = asked["path"][0]
        self.asked.append(f"{request.method} {path}")
        if request.method == "PUT":
            assert asked["noOverwriteDirNonDir"] == ["true"]  # or a file would take the place of a whole folder
            self.put.append((path, await request.aread()))
            return httpx.Response(200)
        found = path.strip("/").removesuffix("/.") if request.method == "GET" else path
        header = self.stats.get(path)
        if request.method == "HEAD":
            return httpx.Response(200, headers=header) if header else httpx.Response(404)
        if found not in self.paths:
            return httpx.Response(404, json={"message": f"no {path}"})
        return httpx.Response(200, headers=header or stat_header(), stream=Pieces(self.paths[found], self.step))


class Pieces(httpx.AsyncByteStream):
    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.step = data, step

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.data), self.step):
            yield self.data[at : at + self.step]


def client(engine: Engine) -> Docker:
    return Docker(transport=engine, version="1.51")


def everything(folder: Path) -> dict[str, str]:
    """Names and kinds of all that is below."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = (
            f"-> {os.readlink(path)}" if path.is_symlink() else "folder" if path.is_dir() else path.read_text()
        )
    return found


@pytest.fixture(autouse=True)
def archives_reach_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Podman; what they do not reach on Docker is the subject of test_memory_mounts."""

    async def mounts_of(docker: Docker, container: str, path: str) -> None:
        return None

    for module in ("copy", "read_file", "write_file"):
        monkeypatch.setattr(f"rawdock.helpers.{module}.mounts_of", mounts_of)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where to copy to, with something beside it that may not be touched."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def untouched(place: Path) -> bool:
    return sorted(os.listdir(place.parent)) == ["place", "secret"] and (place.parent / "secret").read_text() == "secret"


TOP = info("x", DIR)
SETUID = info("x/file", size=1)
SETUID.mode = 0o6777
PASSWD = info("x/file", size=4)

HOSTILE: dict[str, tuple[list[tarfile.TarInfo], str]] = {
    "an absolute name": ([TOP, info("/secret", size=4)], "not in 'x'"),
    "a name that leads up": ([TOP, info("x/../../secret", size=4)], "contains '..'"),
    "a first name that leads up": ([info("../secret", size=4)], "contains '..'"),
    "a name beside": ([TOP, info("y/file", size=4)], "not in 'x'"),
    "an empty name": ([info("./", size=4)], "empty"),
    "a link out": ([TOP, info("x/l", SYM, target="../secret")], "outside"),
    "a link far out": ([TOP, info("x/d", DIR), info("x/d/l", SYM, target="../../../secret")], "outside"),
    "an absolute link": ([TOP, info("x/l", SYM, target="/etc/passwd")], "outside"),
    "a link to nowhere": ([TOP, info("x/l", SYM)], "without a target"),
    "a file through a link": ([TOP, info("x/l", SYM, target="."), info("x/l/file", size=4)], "through the link 'l'"),
    "a folder through a link": ([TOP, info("x/l", SYM, target="."), info("x/l/d", DIR)], "through the link 'l'"),
    "a folder over a link": ([TOP, info("x/l", SYM, target="."), info("x/l", DIR)], "exists in its place"),
    "a file over a folder": ([TOP, info("x/d", DIR), info("x/d", size=4)], "exists in its place"),
    "a link over a folder": ([TOP, info("x/d", DIR), info("x/d", SYM, target="y")], "exists in its place"),
    # Each of them stays inside by its letters alone; followed after the other, the second leads out.
    "links that lead out together": (
        [TOP, info("x/a", SYM, target="."), info("x/b", SYM, target="a/..")],
        "after another name",
    ),
    "a hard link out": ([TOP, info("x/h", LNK, target="../secret")], "contains '..'"),
    "an absolute hard link": ([TOP, info("x/h", LNK, target="/secret")], "not in 'x'"),
    "a hard link to what is not there": ([TOP, info("x/h", LNK, target="x/none/file")], "does not exist"),
    "a hard link to a folder": ([TOP, info("x/d", DIR), info("x/h", LNK, target="x/d")], "not a file"),
    # Where it lies it leads to the folder above, inside; where its second name lies it would lead out.
    "a hard link to a link": (
        [TOP, info("x/d", DIR), info("x/d/l", SYM, target=".."), info("x/h", LNK, target="x/d/l")],
        "not a file",
    ),
    "a device": ([TOP, info("x/null", tarfile.CHRTYPE)], "a device"),
    "a disk": ([TOP, info("x/sda", tarfile.BLKTYPE)], "a device"),
    "a pipe": ([TOP, info("x/pipe", tarfile.FIFOTYPE)], "a fifo"),
    "something unknown": ([TOP, info("x/what", b"Q", size=4)], "type is unknown"),
    "a name of ten thousand letters": ([TOP, info("x/" + "n" * 10_000, size=4)], "10002 characters"),
    "a name of many folders": ([TOP, info("x" + "/d" * 3000, size=4)], "6001 characters"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_archives(case: str, place: Path) -> None:
    """A hostile member is refused by name and nothing outside is changed; `skip` copies the rest and reports it."""
    members, why = HOSTILE[case]
    engine = Engine(x=archive(*members, info("x/after", size=4), content=b"evil"))
    async with client(engine) as docker:
        with pytest.raises(ArchiveError, match=why) as caught:
            await docker.copy_out("c", "/x", place)
        assert caught.value.member == members[-1].name.rstrip("/")
        assert untouched(place)
        assert "x/after" not in everything(place)
        copied = await docker.copy_out("c", "/x", place, unsafe="skip")
    skipped = [one.name for one in copied.skipped]
    name = members[-1].name.rstrip("/")
    if len(name) > 4096:
        name = f"{name[:200]}..."
    assert name in skipped
    assert all(why in one.why for one in copied.skipped if one.name == name)
    assert untouched(place)
    if skipped == [name] and TOP in members:
        assert everything(place)["x/after"] == "evil"
        assert copied.members == len(members)


async def test_permissions_of_others_are_removed(place: Path) -> None:
    """Setuid bits and write permissions of others are removed."""
    folder = info("x", DIR)
    folder.mode = 0o7777
    async with client(Engine(x=archive(folder, SETUID, content=b"x"))) as docker:
        await docker.copy_out("c", "/x", place)
    assert stat.S_IMODE((place / "x" / "file").stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "x").stat().st_mode) == 0o755
    assert (place / "x").stat().st_mtime == 1_700_000_000
    assert (place / "x" / "file").stat().st_mtime == 1_700_000_000


@pytest.mark.parametrize("field", ["path", "linkpath"])
async def test_a_zero_byte(place: Path, field: str) -> None:
    """pax can hold what no file system can."""
    member = info("x/l", SYM, target="y")
    member.pax_headers = {field: "x/a\0b"}
    async with client(Engine(x=archive(TOP, member))) as docker:
        with pytest.raises(ArchiveError, match=r"zero byte|without a target"):
            await docker.copy_out("c", "/x", place)
        assert len((await docker.copy_out("c", "/x", place, unsafe="skip")).skipped) == 1


async def test_owners(place: Path) -> None:
    """Files belong to the caller, or with `keep_owner` to the uid and gid in the archive, if these are valid."""
    data = archive(TOP, info("x/file", size=1), info("x/link", SYM, target="file"), content=b"1")
    impossible = info("x")
    impossible.uid = 2**40
    async with client(Engine(x=data, y=archive(impossible))) as docker:
        await docker.copy_out("c", "/x", place)
        found = [(place / name).lstat() for name in ("x", "x/file", "x/link")]
        assert {(one.st_uid, one.st_gid) for one in found} == {(os.geteuid(), os.getegid())}
        with pytest.raises(ArchiveError, match="its owner 1099511627776:8 is not"):
            await docker.copy_out("c", "/y", place, keep_owner=True)
        if os.geteuid():
            with pytest.raises(FileError, match="not permitted"):
                await docker.copy_out("c", "/x", place / "kept", keep_owner=True)
            return
        await docker.copy_out("c", "/x", place / "kept", keep_owner=True)
        found = [(place / name).lstat() for name in ("kept", "kept/file", "kept/link")]
        assert {(one.st_uid, one.st_gid) for one in found} == {(7, 8)}


async def test_times_out_of_range(place: Path) -> None:
    """Times out of range become the nearest valid one."""
    late, early = info("x/late"), info("x/early")
    late.mtime, early.mtime = 2**62, -(2**62)
    async with client(Engine(x=archive(TOP, late, early, format=tarfile.GNU_FORMAT))) as docker:
        assert (await docker.copy_out("c", "/x", place)).members == 3
    assert (place / "x" / "early").stat().st_mtime == 0
    assert (place / "x" / "late").stat().st_mtime > 2**32


async def test_limits(place: Path) -> None:
    """Limits apply to announced sizes before anything is written, and count implicit folders."""
    huge = info("x", size=1 << 50)
    async with client(Engine(x=huge.tobuf(tarfile.GNU_FORMAT))) as docker:
        with pytest.raises(ArchiveError, match="more than 4294967296 bytes; max_size"):
            await docker.copy_out("c", "/x", place)
        assert everything(place) == {}
    many = archive(TOP, *(info(f"x/{number}") for number in range(20)))
    async with client(Engine(x=many, y=archive(info("y" + "/d" * 30, size=1), content=b"1"))) as docker:
        with pytest.raises(ArchiveError, match="more than 20 members; max_members"):
            await docker.copy_out("c", "/x", place, max_members=20)
        with pytest.raises(ArchiveError, match="more than 30 members; max_members"):
            await docker.copy_out("c", "/y", place, max_members=30)
        assert (await docker.copy_out("c", "/x", place, max_members=21, max_size=0)).members == 21
        with pytest.raises(ArchiveError, match="more than 0 bytes"):
            await docker.copy_out("c", "/y", place, max_size=0)


async def test_a_hundred_thousand_members(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty members count towards the limit too."""

    class Far(Unpacker):
        """One that has come a long way already."""

        def feed(self, pieces: Iterable[bytes]) -> None:
            if not self.members:
                self.members = 99_990
            super().feed(pieces)

    monkeypatch.setattr("rawdock.helpers.copy.Unpacker", Far)
    header = info("x/d", DIR).tobuf()
    for more in (9, 10):
        async with client(Engine(x=TOP.tobuf() + header * more + bytes(1024))) as docker:
            if more == 9:
                assert (await docker.copy_out("c", "/x", place)).members == 10
            else:
                with pytest.raises(ArchiveError, match="more than 100000 members"):
                    await docker.copy_out("c", "/x", place)


@pytest.mark.parametrize("cut", [0, 100, 512, 1200, 1536 + 100])
async def test_a_cut_archive(place: Path, cut: int) -> None:
    """A truncated archive in a complete answer is an error; the incomplete file is removed."""
    data = archive(TOP, info("x/whole", size=10), info("x/half", size=1000), content=b"y" * 1000)
    async with client(Engine(x=data[:cut])) as docker:
        with pytest.raises(TruncatedError):
            await docker.copy_out("c", "/x", place)
    assert "x/half" not in everything(place)
    assert ("x/whole" in everything(place)) == (cut > 1024 + 10)


async def test_garbage(place: Path) -> None:
    async with client(Engine(x=b"no archive " * 100)) as docker:
        with pytest.raises(DecodeError, match="not a tar archive"):
            await docker.copy_out("c", "/x", place)
        with pytest.raises(DecodeError, match="not a tar archive"):
            await docker.read_file("c", "/x")
    assert everything(place) == {}


async def test_existing_links_are_replaced_not_followed(place: Path) -> None:
    """A link in a file's place is replaced and its target kept, as are other hard links of the file. Folders stay."""
    (place / "x").mkdir(mode=0o700)
    (place / "x" / "link").symlink_to("../../secret")
    (place / "old").write_text("old")
    os.link(place / "old", place / "x" / "file")
    data = archive(
        TOP, info("x/link", size=3), info("x/file", size=3), info("x/again", LNK, target="x/file"), content=b"new"
    )
    async with client(Engine(x=data)) as docker:
        for _ in range(2):
            await docker.copy_out("c", "/x", place)
            assert untouched(place)
            assert everything(place) == {
                "old": "old",
                "x": "folder",
                "x/link": "new",
                "x/file": "new",
                "x/again": "new",
            }
    assert (place / "x" / "file").samefile(place / "x" / "again")
    assert stat.S_IMODE((place / "x").stat().st_mode) == 0o700


async def test_a_link_of_the_caller_is_not_followed_inside(place: Path) -> None:
    """Where the destination has a link in a folder's place, nothing is written where it leads."""
    (place / "x").symlink_to("..")
    async with client(Engine(x=archive(TOP, info("x/secret", size=4), content=b"evil"))) as docker:
        with pytest.raises(ArchiveError, match="exists in its place"):
            await docker.copy_out("c", "/x", place)
    assert untouched(place)


async def test_an_incomplete_file_does_not_replace_the_old_one(place: Path) -> None:
    """A file that is replaced stays as it is until the new one is complete."""
    (place / "x").write_text("old")
    data = archive(info("x", size=1000), content=b"y" * 1000)
    async with client(Engine(x=data[:700])) as docker:
        with pytest.raises(TruncatedError):
            await docker.copy_out("c", "/x", place)
    assert everything(place) == {"x": "old"}


RULES: list[tuple[str, str, bool, dict[str, str] | str]] = [
    # path, destination, whether there is a folder x, and what is there then
    ("/x", "", True, {"x": "folder", "x/f": "1"}),
    ("/x", ".", True, {"x": "folder", "x/f": "1"}),
    ("/x", "new", True, {"new": "folder", "new/f": "1"}),
    ("/x", "new/", True, {"new": "folder", "new/f": "1"}),
    ("/x/.", "", True, {"f": "1"}),
    ("/x/.", "new", True, {"new": "folder", "new/f": "1"}),
    ("x/../x", "new", True, {"new": "folder", "new/f": "1"}),
    ("/x", "", False, {"x": "1"}),
    ("/x", "new", False, {"new": "1"}),
    ("/x", "new/", False, "must be a folder"),
    ("/x", "none/new", False, "there is no folder"),
]


@pytest.mark.parametrize(("path", "destination", "folder", "expected"), RULES)
async def test_rules_of_the_docker_command(
    place: Path, path: str, destination: str, folder: bool, expected: dict[str, str] | str
) -> None:
    """Into an existing folder, otherwise under the given name."""
    prefix = "." if path.endswith("/.") else "x"
    tree = archive(info(prefix, DIR), info(f"{prefix}/f", size=1), content=b"1")
    file = archive(info("x", size=1), content=b"1")
    async with client(Engine(x=tree if folder else file)) as docker:
        if isinstance(expected, str):
            with pytest.raises((FileError, InvalidArgument), match=expected):
                await docker.copy_out("c", path, f"{place}/{destination}")
            assert everything(place) == {}
            return
        copied = await docker.copy_out("c", path, f"{place}/{destination}")
    assert everything(place) == expected
    assert copied.size == 1
    assert Path(copied.path).exists()  # noqa: ASYNC240


async def test_the_destination_is_a_file(place: Path) -> None:
    """A file takes a file's place; a folder does not."""
    (place / "f").write_text("old")
    async with client(Engine(x=archive(TOP), y=archive(info("y", size=1), content=b"1"))) as docker:
        await docker.copy_out("c", "/y", place / "f")
        assert everything(place) == {"f": "1"}
        with pytest.raises(FileError, match="must be a file"):
            await docker.copy_out("c", "/x", place / "f")
        for path, destination in (("/x/.", "f"), ("/x", "f/")):
            with pytest.raises(InvalidArgument):
                await docker.copy_out("c", path, f"{place}/{destination}")
    assert everything(place) == {"f": "1"}


async def test_podmans_whole_content(place: Path) -> None:
    """Podman's archive of what is in a folder does not name the folder."""
    async with client(
        Engine(x=archive(info("f", size=1), info("d", DIR), info("d/g", size=1), content=b"1"))
    ) as docker:
        await docker.copy_out("c", "/x/.", place / "new")
    assert everything(place) == {"new": "folder", "new/f": "1", "new/d": "folder", "new/d/g": "1"}


async def test_the_whole_container(place: Path) -> None:
    """The root's archive has names from the root on."""
    engine = Engine(**{"": archive(info("/", DIR), info("/bin", DIR), info("/bin/f", size=1), content=b"1")})
    async with client(engine) as docker:
        await docker.copy_out("c", "/", place)
    assert everything(place) == {"bin": "folder", "bin/f": "1"}


async def test_files_that_cannot_be_written(place: Path) -> None:
    """The error has the system's message and the member's name."""
    name = "n" * 300
    async with client(Engine(x=archive(TOP, info(f"x/{name}", size=1), content=b"1"))) as docker:
        with pytest.raises(FileError, match="File name too long") as caught:
            await docker.copy_out("c", "/x", place)
    assert caught.value.path == f"x/{name}"
    assert isinstance(caught.value.__cause__, OSError)


async def test_wrong_arguments(place: Path) -> None:
    """Found before anything is sent."""
    engine = Engine()
    async with client(engine) as docker:
        for call in (
            lambda: docker.copy_out("c", "", place),
            lambda: docker.copy_out("c", "/x", ""),
            lambda: docker.copy_out("c", "/x", b"bytes"),  # type: ignore[arg-type]
            lambda: docker.copy_out("c", "/x", place, unsafe="maybe"),  # type: ignore[arg-type]
            lambda: docker.copy_out("c", "/x", place, max_size=-1),
            lambda: docker.copy_in("c", place / "none", "/x"),
            lambda: docker.copy_in("c", place, ""),
            lambda: docker.copy_in("c", place, "/x\0"),
            lambda: docker.copy_in("c", place, "/x", uid=-1),
            lambda: docker.copy_in("c", place, "/x", mode=0o77777),
            lambda: docker.write_file("c", "/x/", b""),
            lambda: docker.write_file("c", "/x", "text"),  # type: ignore[arg-type]
            lambda: docker.write_file("c", "/x", b"12", size=1),
            lambda: docker.write_file("c", "/x", parts(b"12")),
            lambda: docker.read_file("c", "/x", limit=-1),
            lambda: docker.read_file("c", 5),  # type: ignore[arg-type]
        ):
            with pytest.raises(InvalidArgument):
                await call()
    assert engine.asked == []


async def parts(*data: bytes) -> AsyncIterator[bytes]:
    for one in data:
        yield one


# One file.


async def test_a_file_is_read() -> None:
    """Its bytes and nothing else; through a link where the archive has only that."""
    content = os.urandom(5000)
    engine = Engine(f=archive(info("f", size=5000), content=content), l=archive(info("l", SYM, target="f")))
    engine.stats["/l"] = stat_header(LINK, "/f")
    async with client(engine) as docker:
        assert await docker.read_file("c", "/f") == content
        assert await docker.read_file("c", "/l", limit=5000) == content
        assert engine.asked == ["GET /f", "GET /l", "GET /f"]
        del engine.stats["/l"]
        assert await docker.read_file("c", "/l") == content
        with pytest.raises(ArchiveError, match="has 5000 bytes, and the limit is 4999"):
            await docker.read_file("c", "/f", limit=4999)
        with pytest.raises(NotFound):
            await docker.read_file("c", "/none")


async def test_read_file_refuses_what_is_not_a_file() -> None:
    engine = Engine(
        d=archive(info("d", DIR)),
        n=archive(info("n", tarfile.CHRTYPE)),
        e=bytes(1024),
        l=archive(info("l", SYM, target="l")),
    )
    async with client(engine) as docker:
        for path, why in (("d", "is a folder"), ("n", "is a device"), ("e", "empty"), ("l", "too many links")):
            with pytest.raises(ArchiveError, match=why):
                await docker.read_file("c", path)
        cut = engine.paths["f"] = archive(info("f", size=5000), content=bytes(5000))[:3000]
        assert len(cut) == 3000
        with pytest.raises(TruncatedError):
            await docker.read_file("c", "f")


def unpacked(data: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {
            one.name: (
                oct(one.mode),
                one.uid,
                one.gid,
                one.mtime,
                file.read() if one.isfile() and (file := tar.extractfile(one)) else None,
            )
            for one in tar
        }


async def test_a_file_is_written() -> None:
    """In one request behind the question what is there; large ones and ones in parts are not held twice."""
    engine = Engine()
    large = os.urandom(3 << 20)
    async with client(engine) as docker:
        await docker.write_file("c", "/tmp/f", b"hello", mode=0o600, uid=5, gid=6, mtime=7)
        await docker.write_file("c", "f", large, mtime=7)
        await docker.write_file("c", "/tmp/f", parts(b"hel", b"", b"lo"), size=5, mtime=7)
    assert [path for path, _ in engine.put] == ["/tmp", "/", "/tmp"]
    assert unpacked(engine.put[0][1]) == {"f": ("0o600", 5, 6, 7, b"hello")}
    assert unpacked(engine.put[1][1]) == {"f": ("0o644", 0, 0, 7, large)}
    assert unpacked(engine.put[2][1]) == {"f": ("0o644", 0, 0, 7, b"hello")}
    assert engine.asked[:2] == ["HEAD /tmp/f", "PUT /tmp"]


async def test_a_file_is_written_where_a_link_leads() -> None:
    engine = Engine()
    engine.stats = {"/l": stat_header(LINK, "/a/b"), "/a": stat_header()}
    async with client(engine) as docker:
        await docker.write_file("c", "/l", b"x", mtime=7)
        await docker.write_file("c", "/a/n/m/f", b"x", mtime=7, parents=True, uid=3)
    assert [(path, list(unpacked(data))) for path, data in engine.put] == [("/a", ["b"]), ("/a", ["n", "n/m", "n/m/f"])]
    assert unpacked(engine.put[1][1])["n/m"] == ("0o755", 3, 0, 7, None)


@pytest.mark.parametrize("data", [[b"123456"], [b"12"], [b"123", b"456"], []])
async def test_data_of_another_size(data: list[bytes]) -> None:
    """Too many or too few bytes are an error that says how many."""
    async with client(Engine()) as docker:
        with pytest.raises(ArchiveError, match=r"5 (bytes )?given as size"):
            await docker.write_file("c", "/f", parts(*data), size=5)


# Into a container.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "d").mkdir(parents=True)
    (tmp_path / "tree" / "d" / "f").write_text("1")
    (tmp_path / "link").symlink_to("tree/d/f")
    (tmp_path / "linked").symlink_to("tree")
    return tmp_path


TREE = ["{}", "{}/d", "{}/d/f"]
IN: list[tuple[str, str, str, list[str]]] = [
    # source, destination, the folder it is put into, and names in the archive
    ("tree", "/there", "/there", ["tree", "tree/d", "tree/d/f"]),
    ("tree/", "/there/", "/there", ["tree", "tree/d", "tree/d/f"]),
    ("tree/.", "/there", "/there", ["d", "d/f"]),
    ("tree", "/new", "/", ["new", "new/d", "new/d/f"]),
    ("tree", "/new/", "/", ["new", "new/d", "new/d/f"]),
    ("tree/.", "/there/new", "/there", ["new", "new/d", "new/d/f"]),
    ("tree/d/f", "/there", "/there", ["f"]),
    ("tree/d/f", "/there/g", "/there", ["g"]),
    ("tree/d/f", "/file", "/", ["file"]),
    ("tree/d/f", "/new/", "/new", ["f"]),
    ("tree/d/f", "/l", "/there", ["f"]),
    ("tree/d/f", "/", "/", ["f"]),
    ("tree/.", "/", "/", ["d", "d/f"]),
    ("linked", "/there", "/there", ["linked"]),
    ("linked/", "/there", "/there", ["linked", "linked/d", "linked/d/f"]),
    ("linked/.", "/there", "/there", ["d", "d/f"]),
]


@pytest.mark.parametrize(("source", "destination", "folder", "names"), IN)
async def test_copy_in_by_the_rules_of_the_docker_command(
    tree: Path, source: str, destination: str, folder: str, names: list[str]
) -> None:
    engine = Engine()
    engine.stats = {"/there": stat_header(), "/file": stat_header(0o644), "/l": stat_header(LINK, "/there")}
    async with client(engine) as docker:
        copied = await docker.copy_in("c", f"{tree}/{source}", destination, mtime=7)
    ((path, data),) = engine.put
    assert (path, list(unpacked(data))) == (folder, names)
    assert copied.members == len(names)
    expected = {"/there/new": "/there/new", "/file": "/file", "/there/g": "/there/g"}
    if destination in expected:
        assert copied.path == expected[destination]


async def test_a_link_is_copied_as_a_link(tree: Path) -> None:
    """Unless it is to be followed; it keeps its name."""
    engine = Engine()
    async with client(engine) as docker:
        await docker.copy_in("c", tree / "link", "/x/link", mtime=7)
        await docker.copy_in("c", tree / "link", "/x/", follow_link=True, mtime=7, mode=0o600)
    with tarfile.open(fileobj=io.BytesIO(engine.put[0][1])) as tar:
        (member,) = tar.getmembers()
        assert (member.name, member.issym(), member.linkname) == ("link", True, "tree/d/f")
    assert unpacked(engine.put[1][1]) == {"link": ("0o600", 0, 0, 7, b"1")}


async def test_missing_folders_are_created(tree: Path) -> None:
    engine = Engine()
    engine.stats = {"/a": stat_header()}
    async with client(engine) as docker:
        copied = await docker.copy_in("c", tree / "tree", "/a/b/c/new", parents=True)
    ((path, data),) = engine.put
    assert (path, list(unpacked(data))) == ("/a", ["b", "b/c", "b/c/new", "b/c/new/d", "b/c/new/d/f"])
    assert copied.path == "/a/b/c/new"


async def test_a_file_that_shrinks_aborts_the_upload(tmp_path: Path) -> None:
    """The Engine never receives the end of an incomplete archive."""
    (tmp_path / "f").write_bytes(b"x" * (3 << 20))
    ended: list[bool] = []

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if b" /v1.51/containers/c/archive" in request and request.startswith(b"HEAD"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        if not peer._buffer:
            await peer._more()
        os.truncate(tmp_path / "f", 100)  # it has been begun, and is far larger than what fits into the socket
        try:
            await body_of(request, peer)
            ended.append(True)
        except anyio.EndOfStream:
            ended.append(False)
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(FileError, match="the archive is incomplete"):
            await docker.copy_in("c", tmp_path / "f", "/x")
    assert ended == [False]


async def test_cancelled_uploads_close_their_file(tmp_path: Path) -> None:
    """No descriptor is left behind when an Engine takes nothing any more."""
    (tmp_path / "f").write_bytes(b"x" * (8 << 20))
    begun = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if request.startswith(b"HEAD"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        begun.set()
        await anyio.sleep_forever()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(docker.copy_in, "c", tmp_path / "f", "/x")
            await begun.wait()
            tasks.cancel_scope.cancel()
        assert not open_files(tmp_path)


async def test_cancelled_downloads_leave_no_incomplete_file(place: Path) -> None:
    """Complete files remain, the incomplete one is removed, and nothing stays open."""
    data = archive(TOP, info("x/whole", size=5), info("x/half", size=4 << 20), content=b"y" * (4 << 20))
    stopped = anyio.Event()

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        head = b"".join(f"{name}: {value}\r\n".encode() for name, value in stat_header().items())
        await peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(data))
        await peer.send(data[: 3 << 20])
        stopped.set()
        await anyio.sleep_forever()
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(docker.copy_out, "c", "/x", place)
            await stopped.wait()
            while not (place / "x" / "half").exists():  # noqa: ASYNC110  # the worker thread makes it
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert everything(place) == {"x": "folder", "x/whole": "yyyyy"}
        assert not open_files(place)


async def test_an_engine_that_breaks_off(place: Path) -> None:
    """A connection that ends within a file is an error, and no incomplete file remains."""
    data = archive(TOP, info("x/half", size=5000), content=b"y" * 5000)

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        head = b"".join(f"{name}: {value}\r\n".encode() for name, value in stat_header().items())
        await peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(data) + data[:3000])
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(TruncatedError):
            await docker.copy_out("c", "/x", place)
    assert "x/half" not in everything(place)
    assert not open_files(place)


async def test_an_upload_that_is_refused_early(tmp_path: Path) -> None:
    """The error has the Engine's message, not that of the broken pipe."""
    (tmp_path / "f").write_bytes(b"x" * (8 << 20))

    async def answer(request: bytes, peer: Peer) -> bytes | None:
        if request.startswith(b"HEAD"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        body = b'{"message":"no space left on device"}'
        await peer.send(b"HTTP/1.1 500 Error\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        return None

    async with serving(answer) as server, Docker(server.path) as docker:
        with pytest.raises(ServerError, match="no space left"):
            await docker.copy_in("c", tmp_path / "f", "/x")
    assert not open_files(tmp_path)


async def test_work_is_done_in_threads(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither reading nor writing files holds the event loop up."""
    here = threading.get_ident()
    seen: set[tuple[str, bool]] = set()

    def watch(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **more: Any) -> Any:
            seen.add((name, threading.get_ident() == here))
            return call(*arguments, **more)

        return watched

    (tmp_path / "f").write_bytes(b"x" * 100)
    async with client(Engine(x=archive(TOP, info("x/f", size=4), content=b"evil"))) as docker:
        monkeypatch.setattr("rawdock._tar.pack.os.read", watch("read", os.read))
        monkeypatch.setattr("rawdock._tar.unpack.os.write", watch("write", os.write))
        monkeypatch.setattr("rawdock._tar.walk.os.stat", watch("stat", os.stat))
        await docker.copy_in("c", tmp_path / "f", "/x")
        await docker.copy_out("c", "/x", place)
        monkeypatch.undo()
    ours = {name for name, on_loop in seen if not on_loop}
    assert {"read", "write", "stat"} <= ours


def test_skipped_is_public() -> None:
    assert Skipped("a", "b").why == "b"
