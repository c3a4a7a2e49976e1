"""Which places of a container are in memory, where Docker's archives do not reach."""

from __future__ import annotations

from typing import Any

import pytest

from rawdock._tar.members import MemberAttributes
from rawdock.helpers.execute import ExecuteResult
from rawdock.helpers.file_by_exec import write_by_exec
from rawdock.helpers.memory_mounts import MemoryMounts, memory_mounts
from rawdock.models import ContainerInspect, ContainerState, HostConfig, Mount, MountPoint


def inspected(*, running: bool = True) -> ContainerInspect:
    return ContainerInspect(
        id="c",
        state=ContainerState(running=running),
        host_config=HostConfig(tmpfs={"/scratch/": ""}, mounts=[Mount(type="tmpfs", target="/mounted")]),
        mounts=[
            MountPoint(type="volume", destination="/scratch/kept"),
            MountPoint(type="bind", destination="/dev/shm/host"),
            MountPoint(type="tmpfs", destination="/mounted"),
        ],
    )


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/etc/hosts", ""),
        ("/", ""),
        ("/scratch", "/scratch"),
        ("/scratch/a/b", "/scratch"),
        ("/scratching", ""),
        ("/scratch/kept", ""),
        ("/scratch/kept/a", ""),
        ("/mounted/a", "/mounted"),
        ("/dev/shm/a", "/dev"),
        ("/dev/shm/host/a", ""),
        ("/proc/1/status", "/proc"),
        ("/sys/kernel", "/sys"),
        ("/process", ""),
    ],
)
def test_the_longest_mount_counts(path: str, place: str) -> None:
    assert memory_mounts(inspected()).mount_of(path) == place


def test_what_is_below_a_folder() -> None:
    """Of `/dev`, `/proc` and `/sys` everybody knows that they are not copied."""
    mounts = memory_mounts(inspected())
    assert mounts.below("/") == ["/mounted", "/scratch"]
    assert mounts.below("/scratch") == mounts.below("/etc") == []
    assert MemoryMounts(frozenset({"/a/b/c"})).below("/a/b") == ["/a/b/c"]
    assert not memory_mounts(inspected(running=False)).running


@pytest.mark.anyio
@pytest.mark.parametrize(("mode", "sent"), [(0, "0"), (0o640, "640"), (None, "644")])
async def test_the_mode_of_a_file_is_the_one_that_was_given(
    mode: int | None, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also none of all rights."""
    commands: list[list[str]] = []

    async def execute(docker: Any, container: str, cmd: list[str], **more: Any) -> ExecuteResult:
        commands.append(cmd)
        return ExecuteResult(id="e", exit_code=0, stdout=b"", stderr=b"", truncated=False)

    monkeypatch.setattr("rawdock.helpers.file_by_exec.execute", execute)
    attributes = MemberAttributes(0, 0, mode, None)
    docker: Any = None
    await write_by_exec(docker, "c", "/scratch/one", "/scratch", b"1", attributes, parents=False)
    assert commands[0][-3:] == [sent, "0:0", ""]
