"""`docker.build`: folders, Dockerfiles as text, and failures, with every builder of an Engine."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from rawdock import (
    BadRequest,
    BuildError,
    Docker,
    InvalidArgument,
    Step,
    StepDone,
    StepOutput,
    StepStarted,
)

from .kit import BUSYBOX, OPEN, engine_of, has_image, no_image, tar

REPO = f"{OPEN}/rawdock-s-build"
BUILT, OTHER = f"{REPO}:1", f"{REPO}:2"
Builder = Literal["classic", "buildkit"]


@contextmanager
def _folder(files: Mapping[str, str], links: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A temporary folder with these files. The modes do not depend on the machine's umask."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.parent.chmod(0o755)
            file.write_text(content)
            file.chmod(0o755 if name.endswith(".sh") else 0o644)
        for name, target in (links or {}).items():
            (folder / name).symlink_to(target)
        yield folder


@asynccontextmanager
async def _builders(docker: Docker) -> AsyncGenerator[list[Builder | None], None]:
    """Yields the builders of this Engine. The images that they build here are removed at the end."""
    engine = await engine_of(docker)
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    await no_image(docker, BUILT, OTHER)
    try:
        yield [None] if "podman" in engine.labels else ["classic", "buildkit"]
    finally:
        await no_image(docker, BUILT, OTHER)


def _step(steps: list[Step], instruction: str) -> Step:
    (found,) = [step for step in steps if step.instruction.startswith(instruction)]
    return found


async def folder(docker: Docker) -> None:
    """Files that `.dockerignore` excludes are not sent; links, modes and owners are. Every builder reports the same
    steps, and a second build takes their results from the cache.
    """
    shown = "find . | sort; stat -c '%a %u' run.sh; ./run.sh"
    files = {
        "Dockerfile": f"FROM {BUSYBOX}\nCOPY . /context\nRUN cd /context && {shown}\n",
        ".dockerignore": "*.log\nsecret\n!secret/known\n.dockerignore\nDockerfile\n",
        "run.sh": "#!/bin/sh\necho it runs\necho in red >&2\n",
        "noise.log": "",
        "sub/noise.log": "",
        "secret/key": "",
        "secret/known": "",
    }
    links = {"link": "run.sh", "out": "/etc/passwd"}
    async with _builders(docker) as builders:
        for builder in builders:
            with _folder(files, links) as context:
                build_it = partial(
                    docker.build,
                    context,
                    builder=builder,
                    mtime=0,
                    buildid="rawdock-s-build",
                    context_transfer="tar",  # what goes over a session is in tests/live/test_build_sessions.py
                )
                async with build_it(tag=[BUILT, OTHER], no_cache=True) as build:
                    changes = [change async for change in build]
                    result = await build.result()
                ran = _step(build.steps, "RUN cd /context")
                seen = ran.text.split("\n")
                # .dockerignore excludes the Dockerfile, but BuildKit shows it all the same, because it was sent.
                wanted = [".", "./link", "./out", "./run.sh", "./secret", "./secret/known", "./sub", "./sub/noise.log"]
                assert [name for name in seen if name.startswith(".") and name != "./Dockerfile"] == wanted
                assert ("./Dockerfile" in seen) is (builder == "buildkit")
                assert "755 0" in seen
                assert "it runs" in seen
                assert ran.completed
                assert ran.started
                assert not ran.cached
                mine = [change for change in changes if change.step is ran]
                assert isinstance(mine[0], StepStarted)
                assert isinstance(mine[-1], StepDone)
                outputs = [change for change in mine if isinstance(change, StepOutput)]
                assert b"".join(output.data for output in outputs) == ran.logs
                if builder is not None:
                    assert "".join(output.text for output in outputs if output.stream == "stderr") == "in red\n"
                assert {BUILT, OTHER} <= set(result.tags)
                assert (await docker.images.inspect(BUILT)).id.removeprefix("sha256:") == result.id.removeprefix(
                    "sha256:"
                )
                again = await build_it(tag=BUILT)
                assert _step(list(again.steps), "RUN cd /context").cached
                assert _step(list(again.steps), "COPY . /context").cached


async def text(docker: Docker) -> None:
    """A build from a Dockerfile given as text alone, with build arguments, labels and a target stage."""
    dockerfile = f"FROM {BUSYBOX} AS one\nARG A=default\nRUN echo $A\nFROM {BUSYBOX} AS two\nRUN echo two\n"
    async with _builders(docker) as builders:
        for builder in builders:
            result = await docker.build(
                dockerfile=dockerfile,
                tag=BUILT,
                builder=builder,
                target="one",
                build_args={"A": "given"},
                labels={"rawdock-s": "built"},
                no_cache=True,
                pull=True,
                buildid="rawdock-s-build",
            )
            steps = list(result.steps)
            assert _step(steps, "RUN echo").logs == b"given\n"
            assert not [step for step in steps if "two" in step.name]
            assert (await docker.images.inspect(BUILT)).config.labels["rawdock-s"] == "built"


async def given(docker: Docker) -> None:
    """A Dockerfile from outside the folder, an archive as the context, extra hosts, and a build without network."""
    shown = "find /context -type f; cat /etc/hosts; ls /sys/class/net; df -k /dev/shm"
    other = f"FROM {BUSYBOX}\nCOPY . /context\nRUN {shown}\n"
    engine = await engine_of(docker)
    async with _builders(docker) as builders:
        for builder in builders:
            with _folder({"file": "x", "Dockerfile": "FROM nonsense\n"}) as context:
                async with docker.build(
                    context,
                    dockerfile=other,
                    tag=BUILT,
                    builder=builder,
                    extra_hosts=["rawdock-s-a:192.0.2.7", "rawdock-s-b:192.0.2.8"],
                    network="none",
                    shm_size=2 << 20,
                    context_transfer="tar",
                    no_cache=True,
                    mtime=0,
                    buildid="rawdock-s-build",
                ) as build:
                    await build.result()
            said = _step(build.steps, "RUN find").text
            assert "/context/file" in said
            assert ("/context/.dockerfile" in said) is (builder == "buildkit")
            assert "192.0.2.7\trawdock-s-a" in said
            assert "192.0.2.8\trawdock-s-b" in said
            assert "eth0" not in said
            if builder != "buildkit" or engine.can("set the shared memory of a BuildKit build"):
                assert " 2048 " in said
            archive = tar({"sub/Own": f"FROM {BUSYBOX}\nCOPY file /\n".encode(), "file": b"x"})
            result = await docker.build(archive, file="sub/Own", tag=OTHER, builder=builder, buildid="rawdock-s-build")
            assert OTHER in result.tags


async def fails(docker: Docker) -> None:
    """The error names the failed step, with its exit code and output; no container is left behind."""
    dockerfile = f"FROM {BUSYBOX}\nRUN echo before\nRUN echo last words; exit 3\nRUN echo never\n"
    async with _builders(docker) as builders:
        for builder in builders:
            with pytest.raises(BuildError, match="3") as caught:
                await docker.build(
                    dockerfile=dockerfile, tag=BUILT, builder=builder, no_cache=True, buildid="rawdock-s-build"
                )
            error = caught.value
            assert error.exit_code == 3
            assert error.step is not None
            assert error.step.instruction == "RUN echo last words; exit 3"
            assert error.step.error
            assert error.logs == b"last words\n"
            assert not await has_image(docker, BUILT)
            with pytest.raises(BuildError) as caught:
                await docker.build(
                    dockerfile=f"FROM {BUSYBOX}\nCOPY none /\n", builder=builder, buildid="rawdock-s-build"
                )
            assert caught.value.exit_code is None
            assert caught.value.step is not None
            assert caught.value.step.instruction == "COPY none /"
            with pytest.raises((BuildError, BadRequest), match="NONSENSE"):
                await docker.build(dockerfile="FROM scratch\nNONSENSE x\n", builder=builder, buildid="rawdock-s-build")
            running = await docker.containers.list(all=True, filters={"ancestor": BUSYBOX})
            assert not [one for one in running if "last words" in one.command]
        if builders == [None]:
            with pytest.raises(InvalidArgument, match="Podman"):
                await docker.build(dockerfile=dockerfile, builder="buildkit")
