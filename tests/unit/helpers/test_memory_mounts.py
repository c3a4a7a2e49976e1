"""Which places of a container are in memory, where Docker's archives do not reach."""

from __future__ import annotations

import pytest

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
