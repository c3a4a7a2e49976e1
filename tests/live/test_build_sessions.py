"""What builds with BuildKit need a session for, on real Engines: registries, secrets, agents, results and folders."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from scenarios.kit import BUSYBOX, PASSWORD, USER, WITH_PASSWORD, WRONG, engine_of, has_image, no_image
from test_live import ENGINES

from rawdock import (
    BuildError,
    Built,
    Docker,
    EnvSecret,
    InvalidArgument,
    NotFound,
    NotSupported,
    SecretStr,
    Step,
)
from rawdock.models import AuthConfig

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

WITH_TOKEN = "127.0.0.1:5003"
PUBLIC = f"{WITH_TOKEN}/public/busybox:1"
PRIVATE = f"{WITH_TOKEN}/ok/busybox:1"
BASIC = f"{WITH_PASSWORD}/busybox:1"
TAG = "rawdock-s-session:1"
TOKEN = "a-token-of-the-test"
AUTHOR = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
ROOT = Path(__file__).parents[2]
ENGINES_SCRIPT = ROOT / "scripts/engines"
GIT_SERVER = ROOT / "tests/support/git_server.py"
LABELS = {"rawdock-s": "session"}
BUILDKIT: dict[str, Any] = {"builder": "buildkit", "no_cache": True, "labels": LABELS}


@pytest.fixture(params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("DOCKER_API_VERSION", "DOCKER_HOST", "DOCKER_CONTEXT", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)
    return str(request.param).partition("=")[2]


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's secret is not touched."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@asynccontextmanager
async def engine(socket: str) -> AsyncIterator[Docker]:
    """An Engine of Docker, with the open base image."""
    async with Docker(socket) as docker:
        if "podman" in (await engine_of(docker)).labels:
            pytest.skip("Podman has a builder of its own")
        if not await has_image(docker, BUSYBOX):
            await docker.images.pull(BUSYBOX)
        await no_image(docker, TAG)
        try:
            yield docker
        finally:
            await no_image(docker, TAG)
            for image in await docker.images.list(filters={"label": "rawdock-s=session"}):
                with suppress(NotFound):
                    await docker.images.delete(image.id, force=True)


def login(password: str = PASSWORD) -> AuthConfig:
    return AuthConfig(username=USER, password=SecretStr(password))


def registry(image: str) -> str:
    return image.partition("/")[0]


def credentials(image: str, password: str = PASSWORD) -> dict[str, AuthConfig] | None:
    return None if image == PUBLIC else {registry(image): login(password)}


USES = {
    "FROM": "FROM {}\nRUN true\n",
    "COPY --from": f"FROM {BUSYBOX}\nCOPY --from={{}} /etc/passwd /passwd\n",
}


@pytest.mark.parametrize("image", [PUBLIC, PRIVATE, BASIC])
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("pull", [False, True], ids=["", "pull"])
async def test_bases_behind_a_login(socket: str, image: str, use: str, pull: bool) -> None:
    """Where a registry hands out tokens, to nobody as well, or wants a password; also when the image is there."""
    async with engine(socket) as docker:
        await no_image(docker, image)
        for _ in range(2):
            arguments = {"registry_config": credentials(image), "pull": pull, **BUILDKIT}
            built = await docker.build(dockerfile=USES[use].format(image), tag=TAG, **arguments)
            assert built.id.startswith("sha256:")


@pytest.mark.parametrize("image", [PRIVATE, BASIC])
async def test_without_the_right_credentials(socket: str, image: str) -> None:
    """The registry's refusal is told, and no session is missed."""
    async with engine(socket) as docker:
        await no_image(docker, image)
        for given in (None, credentials(image, WRONG)):
            with pytest.raises(BuildError, match="401") as caught:
                await docker.build(dockerfile=f"FROM {image}\n", registry_config=given, pull=True, tag=TAG, **BUILDKIT)
            assert "session" not in str(caught.value)
            assert WRONG not in str(caught.value)


async def test_a_syntax_behind_a_login(socket: str) -> None:
    """The image that `# syntax=` names is fetched: it cannot build, which is what the error is of."""
    async with engine(socket) as docker:
        for image, may in ((PUBLIC, True), (PRIVATE, False)):
            dockerfile = f"# syntax={image}\nFROM scratch\nCOPY Dockerfile /\n"
            with pytest.raises(BuildError) as caught:
                await docker.build(dockerfile=dockerfile, **BUILDKIT)
            assert "no active session" not in str(caught.value)
            assert ("401" not in str(caught.value)) is may


async def test_secrets(socket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From memory, a file and the environment, seen by the step alone; one that is missing is named."""
    (tmp_path / "file").write_text("two")
    monkeypatch.setenv("RAWDOCK_TEST_SECRET", "three")
    mounts = " ".join(f"--mount=type=secret,id={id}" for id in "abc")
    dockerfile = (
        f"FROM {BUSYBOX}\nRUN {mounts} cd /run/secrets && cat a b c | tr a-z A-Z\nRUN ls /run/secrets || true\n"
    )
    async with engine(socket) as docker:
        secrets: Any = {"a": b"one", "b": tmp_path / "file", "c": EnvSecret("RAWDOCK_TEST_SECRET")}
        built = await docker.build(dockerfile=dockerfile, secrets=secrets, tag=TAG, **BUILDKIT)
        assert step(built, "RUN --mount").text.split() == ["ONETWOTHREE"]
        assert not {"a", "b", "c"} & set(step(built, "RUN ls").text.split())
        needs = f"FROM {BUSYBOX}\nRUN --mount=type=secret,id=tok,required=true true\n"
        with pytest.raises(BuildError, match=r"secrets=\{'tok'"):
            await docker.build(dockerfile=needs, secrets=secrets, **BUILDKIT)


@pytest.fixture
def repository(socket: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a Git repository in the Engine's own network, on a server that wants the token of `TOKEN`."""
    place = Path(socket.removeprefix("unix://")).parent
    if not (ENGINES_SCRIPT.exists() and place.parent.name == "state" and shutil.which("git")):
        pytest.skip("not an Engine of scripts/engines, or no git here")
    source = tmp_path / "source"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM scratch\nCOPY hello /\nLABEL rawdock-s=session\n")
    (source / "hello").write_text("hello\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*AUTHOR, "commit", "-q", "-m", "A greeting"]):
        subprocess.run(["git", "-C", str(source), *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(tmp_path / "greeting.git")], check=True)
    enter = [sys.executable, str(ENGINES_SCRIPT), "--base", str(place.parent.parent), "enter", place.name]
    command = [*enter, sys.executable, str(GIT_SERVER), str(tmp_path), TOKEN, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/greeting.git#main"
        finally:
            server.terminate()


async def test_a_git_repository_behind_a_token(socket: str, repository: str) -> None:
    """The Engine asks the session for the token; without it the error says how to give one."""
    async with engine(socket) as docker:
        try:
            built = await docker.build(
                remote=repository, secrets={"GIT_AUTH_TOKEN": TOKEN.encode()}, tag=TAG, **BUILDKIT
            )
        except BuildError as error:
            if "unknown scheme git" in str(error) or 'exec: "git"' in str(error):
                pytest.skip("the Engine has no git")
            raise
        assert (await docker.images.inspect(built.id)).repo_tags == [TAG]
        for secrets in ({"GIT_AUTH_TOKEN": WRONG.encode()}, None):
            with pytest.raises(BuildError, match="GIT_AUTH_TOKEN") as caught:
                await docker.build(remote=repository, secrets=secrets, **BUILDKIT)
            assert WRONG not in str(caught.value)


def step(built: Built, instruction: str) -> Step:
    (found,) = [step for step in built.steps if step.instruction.startswith(instruction)]
    return found


@pytest.fixture
def agent(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The socket of a real agent with a key, which is the agent of this program."""
    if not shutil.which("ssh-agent"):
        pytest.skip("there is no ssh-agent here")
    place = tmp_path_factory.mktemp("ssh")
    path = str(place / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        key = str(place / "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, "-C", "rawdock"], check=True)
        for _ in range(200):
            if subprocess.run(["ssh-add", "-q", key], capture_output=True).returncode == 0:
                break
        yield path
    finally:
        process.terminate()
        process.wait(10)


def with_ssh_add(context: Path) -> None:
    """A folder from which an image can be built that runs this machine's own ssh-add, with all that it is linked to."""
    program = shutil.which("ssh-add")
    assert program is not None
    context.mkdir()
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"(/\S+) \(0x", listing)
    for path in (program, *libraries):
        shutil.copy(os.path.realpath(path), context / os.path.basename(path))
    (loader,) = [os.path.basename(path) for path in libraries if "/ld-" in path]
    run = f"RUN --mount=type=ssh /c/{loader} --library-path /c /c/ssh-add"
    (context / "Dockerfile").write_text(f"FROM {BUSYBOX}\nCOPY . /c\n{run} -l\n{run} -D || echo refused\n")


@pytest.mark.parametrize("given", ["environment", "path"])
async def test_an_agent(socket: str, agent: str, given: str, tmp_path: Path) -> None:
    """A step asks a real agent for its keys; it cannot take one away."""
    with_ssh_add(tmp_path / "context")
    async with engine(socket) as docker:
        ssh: Any = {"default": True if given == "environment" else agent}
        built = await docker.build(tmp_path / "context", ssh=ssh, tag=TAG, **BUILDKIT)
        listed, emptied = (step for step in built.steps if "--mount=type=ssh" in step.instruction)
        assert "rawdock (ED25519)" in listed.text
        assert "refused" in emptied.text
        assert b"rawdock" in (await anyio.run_process(["ssh-add", "-l"])).stdout
        with pytest.raises(InvalidArgument, match="ssh-add"):
            await docker.build(tmp_path / "context", ssh={"default": f"{os.path.dirname(agent)}/key"}, **BUILDKIT)


RESULT = f"""\
FROM {BUSYBOX} AS made
RUN mkdir -p /out/sub && echo hello >/out/sub/file && chmod 750 /out/sub/file && ln -s sub/file /out/link \\
    && ln /out/sub/file /out/again && touch -d '2020-02-02 02:02:02' /out/sub/file
FROM scratch
COPY --from=made /out /
"""


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What is in a folder: kinds, modes, contents and times."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        look = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        time = int(look.st_mtime) if stat.S_ISREG(look.st_mode) else None
        found[str(path.relative_to(folder))] = (oct(look.st_mode), content, time)
    return found


def docker_command() -> str | None:
    """A docker command that builds with BuildKit: RAWDOCK_DOCKER_COMMAND, or the usual one if it has the plugin."""
    command = os.environ.get("RAWDOCK_DOCKER_COMMAND") or shutil.which("docker")
    if command is None:
        return None
    if os.environ.get("RAWDOCK_DOCKER_COMMAND"):
        return command
    return command if subprocess.run([command, "buildx", "version"], capture_output=True).returncode == 0 else None


async def test_a_folder_as_the_docker_command_gives_it(socket: str, tmp_path: Path) -> None:
    """The files of the result, with their modes, links and times."""
    async with engine(socket) as docker:
        built = await docker.build(dockerfile=RESULT, output=tmp_path / "ours", **BUILDKIT)
        assert (built.id, built.tags) == ("", ())
    ours = tree(tmp_path / "ours")
    assert list(ours) == ["again", "link", "sub", "sub/file"]
    assert ours["link"][1] == "sub/file"
    assert ours["sub/file"][0] == "0o100750"
    assert ours["again"] == ours["sub/file"]
    command = docker_command()
    if command is None:
        pytest.skip("there is no docker command with BuildKit to compare with")
    await build_with(command, socket, f"type=local,dest={tmp_path}/theirs")
    assert tree(tmp_path / "theirs") == ours


@pytest.mark.parametrize("kind", ["tar", "oci", "docker"])
async def test_files(socket: str, tmp_path: Path, kind: Literal["tar", "oci", "docker"]) -> None:
    """An archive everywhere; an image as a file where the Engine has containerd's store."""
    async with engine(socket) as docker:
        labels = (await engine_of(docker)).labels
        tag = None if kind == "tar" else TAG
        arguments: dict[str, Any] = {"dockerfile": RESULT, "output": tmp_path / "out", "output_type": kind, "tag": tag}
        if kind != "tar" and "docker-ctrd" not in labels:
            with pytest.raises(NotSupported, match="containerd"):
                await docker.build(**arguments, **BUILDKIT)
            return
        await docker.build(**arguments, **BUILDKIT)
        with tarfile.open(tmp_path / "out") as found:
            names = {name.rstrip("/") for name in found.getnames()}
        assert names >= {"tar": {"link", "sub/file"}, "oci": {"index.json"}, "docker": {"manifest.json"}}[kind]
        if kind == "docker":
            await docker.images.load((tmp_path / "out").read_bytes())
            assert await has_image(docker, TAG)
    if command := docker_command():
        target = f"type={kind},dest={tmp_path}/theirs" + (f",name={TAG}" if tag else "")
        await build_with(command, socket, target)
        assert members(tmp_path / "out", kind) == members(tmp_path / "theirs", kind)


def members(archive: Path, kind: str) -> dict[str, tuple[Any, ...]]:
    """What is in an archive. In images, layers and what names them have times of their own, so that only the names of
    what is not named after its content are compared."""
    with tarfile.open(archive) as found:
        return {
            one.name.rstrip("/"): (one.type, oct(one.mode), one.size, one.linkname) if kind == "tar" else (one.type,)
            for one in found
            if kind == "tar" or "sha256/" not in one.name
        }


async def build_with(command: str, socket: str, target: str) -> None:
    """Build the same with the docker command."""
    await anyio.run_process(
        [command, "-H", f"unix://{socket}", "build", "--output", target, "-"],
        input=RESULT.encode(),
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )


# Folders.


def fill(folder: Path) -> None:
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {BUSYBOX}\nCOPY . /c\nRUN cat /c/one /c/two | md5sum\n")
    (folder / ".dockerignore").write_text("*.log\n")
    (folder / "noise.log").write_text("x")
    (folder / "large").write_bytes(os.urandom(3_000_000))
    (folder / "one").write_text("1")
    (folder / "two").write_text("2")


def sent(built: Built) -> int:
    """Bytes of the folder that the Engine took, as it tells itself."""
    (transfer,) = [step for step in built.steps if "load build context" in step.name]
    return max(part.current for part in transfer.progress.values() if "transferring" in part.id)


async def test_a_folder_by_difference(socket: str, tmp_path: Path) -> None:
    """The second build sends what has changed, and the image has all of it."""
    fill(tmp_path / "context")
    async with engine(socket) as docker:
        first = await docker.build(tmp_path / "context", tag=TAG, **BUILDKIT)
        (tmp_path / "context" / "one").write_text("other")
        second = await docker.build(tmp_path / "context", tag=TAG, **BUILDKIT)
        assert sent(first) > 3_000_000
        assert sent(second) < 100_000
        sums = [step(built, "RUN").text for built in (first, second)]
        assert sums[0] != sums[1]
        whole = await docker.build(tmp_path / "context", tag=TAG, context_transfer="tar", **BUILDKIT)
        assert step(whole, "RUN").text == sums[1]


async def test_the_same_time_and_size(socket: str, tmp_path: Path) -> None:
    """The Engine compares no content. So with times that are set all is sent, and another content is seen."""
    fill(tmp_path / "context")
    async with engine(socket) as docker:
        first = await docker.build(tmp_path / "context", tag=TAG, mtime=0, builder="buildkit", labels=LABELS)
        (tmp_path / "context" / "one").write_text("9")
        second = await docker.build(tmp_path / "context", tag=TAG, mtime=0, builder="buildkit", labels=LABELS)
        assert sent(second) > 3_000_000
        assert step(first, "RUN").text != step(second, "RUN").text
        assert step(second, "RUN").text.split()[0] == hashlib.md5(b"92").hexdigest()


async def test_three_builds_of_one_folder(socket: str, tmp_path: Path) -> None:
    """At once: each has all of it. (Times are rounded in the archive that results come in.)"""
    context = tmp_path / "context"
    fill(context)
    wanted = {name: about[:2] for name, about in tree(context).items() if name != "noise.log"}
    results = [tmp_path / str(number) for number in range(3)]
    async with engine(socket) as docker:

        async def build(result: Path) -> None:
            await docker.build(context, dockerfile="FROM scratch\nCOPY . /\n", output=result, **BUILDKIT)

        async with anyio.create_task_group() as tasks:
            for result in results:
                tasks.start_soon(build, result)
    for result in results:
        assert {name: about[:2] for name, about in tree(result).items()} == wanted


async def test_a_dockerfile_from_elsewhere_is_not_seen(socket: str, tmp_path: Path) -> None:
    """`COPY .` has the folder and nothing else."""
    fill(tmp_path / "context")
    async with engine(socket) as docker:
        dockerfile = f"FROM {BUSYBOX}\nCOPY . /c\nRUN cd /c && find . -type f | sort\n"
        built = await docker.build(tmp_path / "context", dockerfile=dockerfile, tag=TAG, **BUILDKIT)
        assert step(built, "RUN").text.split() == ["./.dockerignore", "./Dockerfile", "./large", "./one", "./two"]


@pytest.mark.parametrize("rules", [1_000, 30_000])
async def test_many_rules(socket: str, tmp_path: Path, rules: int) -> None:
    """Also more than usual headers hold, and one that is not ASCII."""
    fill(tmp_path / "context")
    (tmp_path / "context" / "größe").write_text("")
    lines = ["größe", *(f"folder-{number}/**/*.txt" for number in range(rules)), "large"]
    (tmp_path / "context" / ".dockerignore").write_text("\n".join(lines))
    async with engine(socket) as docker:
        dockerfile = f"FROM {BUSYBOX}\nCOPY . /c\nRUN cd /c && find . -type f | sort\n"
        built = await docker.build(tmp_path / "context", dockerfile=dockerfile, tag=TAG, **BUILDKIT)
        wanted = ["./.dockerignore", "./Dockerfile", "./noise.log", "./one", "./two"]
        assert step(built, "RUN").text.split() == wanted


# Archives.


def pax_archive(dockerfile: str, *, comment: bool) -> bytes:
    """As Python makes it: it begins with a PAX header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"comment": "x"} if comment else {}) as made:
        member = tarfile.TarInfo("Dockerfile")
        member.size, member.mtime = len(dockerfile), 1.5  # type: ignore[assignment]
        made.addfile(member, io.BytesIO(dockerfile.encode()))
    assert out.getvalue()[156:157] == (b"g" if comment else b"x")
    return out.getvalue()


@pytest.mark.parametrize("comment", [False, True])
@pytest.mark.parametrize("builder", ["classic", "buildkit"])
async def test_an_archive_with_a_pax_header(socket: str, comment: bool, builder: Any) -> None:
    """Either builder takes it, in one piece and in parts."""
    data = pax_archive(f"FROM {BUSYBOX}\nCOPY . /c\nRUN find /c\n", comment=comment)

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 100):
            yield data[at : at + 100]

    async with engine(socket) as docker:
        for archive in (data, parts()):
            built = await docker.build(archive, builder=builder, tag=TAG, no_cache=True, labels=LABELS)
            assert step(built, "RUN").text.split() == ["/c", "/c/Dockerfile"]


async def test_an_archive_in_zstd(socket: str) -> None:
    """BuildKit does not know it, which is said; the classic builder does from Docker 23 on."""
    if not shutil.which("zstd"):
        pytest.skip("there is no zstd here")
    plain = pax_archive(f"FROM {BUSYBOX}\nRUN echo built\n", comment=False)
    data = (await anyio.run_process(["zstd", "-q"], input=plain)).stdout
    async with engine(socket) as docker:
        with pytest.raises(InvalidArgument, match="zstd"):
            await docker.build(data, tag=TAG, **BUILDKIT)
        if (await engine_of(docker)).has("1.42"):
            built = await docker.build(data, builder="classic", tag=TAG, no_cache=True, labels=LABELS)
            assert step(built, "RUN").text.split() == ["built"]


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
async def test_folders_that_are_left_out(socket: str, tmp_path: Path, builder: Any) -> None:
    """Of a folder that the rules leave out, and of which something comes back, the mode is the same in either way."""
    context = tmp_path / "context"
    (context / "out").mkdir(parents=True)
    (context / "out").chmod(0o700)
    (context / "out" / "back").write_text("")
    (context / ".dockerignore").write_text("out\n!out/back\n")
    (context / "Dockerfile").write_text(f"FROM {BUSYBOX}\nCOPY . /c\nRUN stat -c '%a %n' /c/out\n")
    async with engine(socket) as docker:
        built = await docker.build(
            context, context_transfer="tar", builder=builder, tag=TAG, no_cache=True, labels=LABELS
        )
        assert step(built, "RUN").text.split() == ["755", "/c/out"]
