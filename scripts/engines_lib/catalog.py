"""The table of all engines. To add an engine, add a row to `SPECS`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .failure import Failure

_COMMON = "base-files iptables iproute2 docker-registry busybox-static ca-certificates procps"
_DOCKER = f"{_COMMON} docker.io containerd runc xz-utils pigz tar gzip criu git"
_PODMAN = f"{_COMMON} podman crun conmon netavark aardvark-dns nftables catatonit golang-github-containers-common"


@dataclass(frozen=True)
class Spec:
    """The properties of an engine."""

    name: str
    suite: str
    kind: Literal["docker", "podman"]
    number: int  # selects the engine's own subnets, 10.1N0.0.0 and 10.1N1.0.0
    containerd_store: bool = False  # containerd's image store, the default from Docker 29 on

    @property
    def root_name(self) -> str:
        """The name of the root folder. An engine with containerd's image store shares that of the one without."""
        return self.name.removesuffix("-ctrd")

    @property
    def packages(self) -> list[str]:
        return (_DOCKER if self.kind == "docker" else _PODMAN).split()


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
    )
}


def pick(names: Iterable[str]) -> list[Spec]:
    """The engines with these names; without a name, all engines."""
    wanted = list(names) or list(SPECS)
    for name in wanted:
        if name not in SPECS:
            raise Failure(f"there is no engine {name!r}; there are {', '.join(SPECS)}", code=2)
    return [SPECS[name] for name in wanted]
