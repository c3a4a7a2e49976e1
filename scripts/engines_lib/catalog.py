"""The table of all engines. To add an engine, add a row to `SPECS`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .failure import Failure

_COMMON = "base-files iptables iproute2 docker-registry busybox-static ca-certificates procps"
_DOCKER = f"{_COMMON} docker.io containerd runc xz-utils pigz tar gzip criu git"
_PODMAN = f"{_COMMON} podman crun conmon netavark aardvark-dns nftables catatonit golang-github-containers-common"

_FOR_ROOTLESS = {"docker": "rootlesskit slirp4netns uidmap util-linux", "podman": "passt uidmap"}

_DOCKERD_29 = "RAWDOCK_DOCKERD_29"


@dataclass(frozen=True)
class Spec:
    """The properties of an engine."""

    name: str
    suites: str  # a later one is preferred
    kind: Literal["docker", "podman"]
    number: int  # selects the engine's own subnets: 10.110.0.0 and 10.111.0.0 for 1, 10.200.0.0 and 10.201.0.0 for 10
    rootless: bool = False  # it runs as a user without privileges
    containerd_store: bool = False  # containerd's image store, the default from Docker 29 on
    cgroup2_alone: bool = False  # it runs with nothing but cgroup v2, also where that tree has no controllers
    dockerd_variable: str = ""  # the environment variable that names a dockerd, where Debian has none

    @property
    def root_name(self) -> str:
        """The name of the root folder. Engines of the same packages share it."""
        return self.name.removesuffix("-ctrd").removesuffix("-rootless")

    def subnet(self, offset: int) -> str:
        """The beginning of one of the engine's subnets, such as `10.110`."""
        return f"10.{100 + 10 * self.number + offset}"

    @property
    def packages(self) -> list[str]:
        packages = (_DOCKER if self.kind == "docker" else _PODMAN).split()
        if self.kind == "docker" and self.suites == "sid":
            packages.append("docker-cli")  # the docker command, for ssh; a package of its own from trixie on
        if any(spec.rootless and spec.root_name == self.root_name for spec in SPECS.values()):
            packages += _FOR_ROOTLESS[self.kind].split()
        return packages


SPECS = {
    spec.name: spec
    for spec in (
        Spec("docker-20.10", "bookworm", "docker", 1),
        Spec("docker-26.1", "trixie", "docker", 2),
        Spec("docker-28.5", "sid", "docker", 3),
        Spec("podman-4.3", "bookworm", "podman", 4),
        Spec("podman-5.4", "trixie", "podman", 5),
        Spec("podman-5.8", "sid", "podman", 6),
        Spec("docker-26.1-ctrd", "trixie", "docker", 7, containerd_store=True),
        Spec("docker-28.5-ctrd", "sid", "docker", 8, containerd_store=True),
        Spec("podman-6.1", "sid experimental", "podman", 9, cgroup2_alone=True),
        Spec("docker-29", "sid", "docker", 10, dockerd_variable=_DOCKERD_29),
        Spec("docker-29-ctrd", "sid", "docker", 11, containerd_store=True, dockerd_variable=_DOCKERD_29),
        # Without systemd a user cannot divide control groups, so these run without any of them.
        Spec("docker-28.5-rootless", "sid", "docker", 12, rootless=True, cgroup2_alone=True),
        Spec("podman-5.4-rootless", "trixie", "podman", 13, rootless=True, cgroup2_alone=True),
    )
}


def pick(names: Iterable[str]) -> list[Spec]:
    """The engines with these names; without a name, all engines."""
    wanted = list(names) or list(SPECS)
    for name in wanted:
        if name not in SPECS:
            raise Failure(f"there is no engine {name!r}; there are {', '.join(SPECS)}", code=2)
    return [SPECS[name] for name in wanted]
