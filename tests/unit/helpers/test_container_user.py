"""`owner="container"`: the user that a container runs as, from the files in it."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx
import pytest
from tar_archives import archive, info

from rawdock import Docker, InvalidArgument, NotFound, ServerError
from rawdock._tar.members import MemberAttributes
from rawdock.helpers.container_user import check_owner, owned_by_container

pytestmark = pytest.mark.anyio

PASSWD = b"""# comment
root:x:0:0::/:/bin/sh

broken
odd:x:text:text::/:/bin/sh
ada:x:1000:2000::/:/bin/sh
same:x:1000:3000::/:/bin/sh
3000:x:7:8::/:/bin/sh
"""
GROUP = b"# comment\nroot:x:0:\nbroken\nstaff:x:50:ada\n"


class Engine(httpx.MockTransport):
    """A Podman, whose archives need no look at the mounts, with a container that has these files."""

    def __init__(self, user: str, files: dict[str, bytes], refusal: str = "") -> None:
        super().__init__(self.answer)
        self.user, self.files, self.refusal = user, files, refusal
        self.read: list[str] = []
        self.put: list[bytes] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/_ping"):
            return httpx.Response(200, headers={"Libpod-Api-Version": "5.4.0", "Api-Version": "1.41"})
        if path.endswith("/json"):
            return httpx.Response(200, json={"Id": "c", "Config": {"User": self.user}})
        if request.method == "PUT":
            self.put.append(await request.aread())
            return httpx.Response(200)
        file = parse_qs(request.url.query.decode())["path"][0]
        if request.method == "HEAD":
            return httpx.Response(404)
        self.read.append(file)
        if self.refusal:
            return httpx.Response(500, json={"message": self.refusal})
        if file not in self.files:
            return httpx.Response(404, json={"message": "no such file"})
        content = self.files[file]
        found = archive(info(file.rpartition("/")[2], size=len(content)), content=content)
        return httpx.Response(200, headers={"X-Docker-Container-Path-Stat": "e30="}, content=found)


def client(engine: Engine) -> Docker:
    return Docker(transport=engine)


@pytest.mark.parametrize(
    ("user", "expected", "read"),
    [
        ("", (0, 0), 0),
        ("1000", (1000, 2000), 1),
        ("ada", (1000, 2000), 1),
        ("same", (1000, 3000), 1),
        ("3000", (7, 8), 1),  # a name in digits is a name first
        ("1234", (1234, 0), 1),
        ("ada:", (1000, 2000), 1),
        ("1000:1000", (1000, 1000), 0),
        ("ada:7", (1000, 7), 1),
        ("ada:staff", (1000, 50), 2),
        ("1000:staff", (1000, 50), 1),
        (":staff", (0, 50), 1),
        (":7", (0, 7), 0),
    ],
)
async def test_each_form_of_a_user(user: str, expected: tuple[int, int], read: int) -> None:
    """As the Engine reads them; no file is read that is not needed."""
    engine = Engine(user, {"/etc/passwd": PASSWD, "/etc/group": GROUP})
    async with client(engine) as docker:
        found = await owned_by_container("copy_in", docker, "c", MemberAttributes(mode=0o640, mtime=7))
    assert found == MemberAttributes(*expected, mode=0o640, mtime=7)
    assert len(engine.read) == read


@pytest.mark.parametrize(("user", "expected"), [("1000", (1000, 0)), ("1000:7", (1000, 7)), ("", (0, 0))])
async def test_an_image_from_scratch_has_no_such_files(user: str, expected: tuple[int, int]) -> None:
    async with client(Engine(user, {})) as docker:
        found = await owned_by_container("copy_in", docker, "c", MemberAttributes())
    assert (found.uid, found.gid) == expected


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("none", r"runs as 'none', and there is no user 'none' in its /etc/passwd; give numbers as uid and gid"),
        ("none:staff", r"there is no user 'none'"),
        ("ada:none", r"runs as 'ada:none', and there is no group 'none' in its /etc/group"),
        ("odd", r"there is no user 'odd'"),
        ("９", r"there is no user '９'"),  # noqa: RUF001 - a digit, but none of the Engine's
    ],
)
async def test_a_name_that_is_not_there(user: str, message: str) -> None:
    """Nothing is sent then."""
    engine = Engine(user, {"/etc/passwd": PASSWD, "/etc/group": GROUP})
    async with client(engine) as docker:
        with pytest.raises(NotFound, match=message):
            await docker.write_file("c", "/f", b"1", owner="container")
        with pytest.raises(NotFound, match=message):
            await docker.copy_in("c", __file__, "/f", owner="container")
    assert not engine.put


async def test_podman_gives_no_archive_of_a_container_with_an_unknown_user() -> None:
    """Podman 5.4 looks the user up itself, and answers any other failure with the same status."""
    engine = Engine("none", {}, 'determining run uid: user: unknown user error looking up user "none"')
    async with client(engine) as docker:
        with pytest.raises(NotFound, match=r"owner: the container runs as 'none', and .*unknown user"):
            await docker.write_file("c", "/f", b"1", owner="container")
        engine.refusal = "out of order"
        with pytest.raises(ServerError, match="out of order"):
            await docker.write_file("c", "/f", b"1", owner="container")
    assert not engine.put


async def test_a_number_that_is_no_user() -> None:
    async with client(Engine("4294967295", {})) as docker:
        with pytest.raises(InvalidArgument, match="copy_in: uid: expected a number from 0 to"):
            await owned_by_container("copy_in", docker, "c", MemberAttributes())


async def test_the_owner_is_in_the_archive() -> None:
    engine = Engine("ada", {"/etc/passwd": PASSWD})
    async with client(engine) as docker:
        await docker.write_file("c", "/f", b"1", owner="container", mtime=7)
        await docker.copy_in("c", __file__, "/g", owner="container", mtime=7)
    assert [(put[108:115], put[116:123]) for put in engine.put] == [(b"%07o" % 1000, b"%07o" % 2000)] * 2


@pytest.mark.parametrize("owner", ["", "root", "Container", 0, True, ["container"]])
def test_what_is_no_owner(owner: object) -> None:
    with pytest.raises(InvalidArgument, match=r"write_file: owner: expected 'container', .*uid and gid"):
        check_owner("write_file", owner, MemberAttributes())


@pytest.mark.parametrize("beside", [MemberAttributes(uid=1), MemberAttributes(gid=None)])
def test_an_owner_beside_numbers(beside: MemberAttributes) -> None:
    with pytest.raises(InvalidArgument, match="either an owner or uid and gid"):
        check_owner("write_file", "container", beside)
