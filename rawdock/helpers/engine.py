"""`docker.engine`: what answers, in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from .._about import engine_name
from .._engine import Flavour, flavour_of_components

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import SystemInfo

__all__ = ["EngineInfo", "SwarmRole", "engine"]

SwarmRole = Literal["inactive", "pending", "error", "locked", "worker", "manager"]

_CONTAINERD = ["driver-type", "io.containerd.snapshotter.v1"]


@attrs.frozen(kw_only=True)
class EngineInfo:
    """What an Engine is, and how it is set up. `str()` gives it in a few lines."""

    flavour: Flavour
    """`docker` or `podman`; empty if nothing says it."""
    name: str
    """Name and version, as `Docker Engine 28.5.2`."""
    version: str
    """Its own, as `28.5.2`."""
    api_version: str
    """The newest that it offers, as `1.51`."""
    min_api_version: str
    """The oldest that it takes; `api_version` if it names none."""
    spoken_version: str
    """The one that this client speaks with it."""
    os: str
    arch: str
    """As images name it, like `amd64`."""
    rootless: bool
    """Whether it runs as a user who is not root."""
    image_store: Literal["containerd", "graphdriver"]
    """Who keeps the images: containerd, or the Engine itself (Podman always does)."""
    storage_driver: str
    """As `overlay2`, or containerd's snapshotter, as `overlayfs`."""
    cgroup_version: Literal["1", "2", ""]
    """Empty if the Engine does not say it (API under 1.41)."""
    cgroup_driver: str
    """`systemd`, `cgroupfs`, or `none`: then no limit works. Podman says `cgroupfs` also where it uses none."""
    swarm: SwarmRole
    """Its part in a swarm; for one that cannot work now, the state."""

    def __str__(self) -> str:
        lowest = self.min_api_version
        store = "containerd's image store" if self.image_store == "containerd" else "the Engine's image store"
        cgroup = f"v{self.cgroup_version}" if self.cgroup_version else "of a version that it does not say"
        return "\n".join(
            [
                f"{self.name} on {self.os}/{self.arch}, API {lowest} to {self.api_version}; "
                f"rawdock speaks {self.spoken_version} with it",
                f"{'rootless' if self.rootless else 'as root'}, {store} ({self.storage_driver or 'no driver named'}), "
                f"cgroups {cgroup} ({self.cgroup_driver or 'no driver named'}), swarm: {self.swarm}",
            ]
        )


async def engine(docker: Operations) -> EngineInfo:
    """What the Engine is: Docker or Podman, versions, rootless, image store, cgroups, part in a swarm.

    Asked anew at each call: another Engine may answer at the address by now, and a swarm may be joined or left.
    Routes: GET /version, GET /info.
    """
    version = await docker.system.version()
    info = await docker.system.info()
    return EngineInfo(
        flavour=flavour_of_components([component.name for component in version.components]),
        name=engine_name(version),
        version=version.version,
        api_version=version.api_version,
        min_api_version=version.min_api_version or version.api_version,
        spoken_version=docker.version or "",
        os=version.os,
        arch=version.arch,
        rootless=any(option.partition(",")[0] == "name=rootless" for option in info.security_options),
        image_store="containerd" if _CONTAINERD in info.driver_status else "graphdriver",
        storage_driver=info.driver,
        cgroup_version=_cgroup_version(info),
        cgroup_driver=info.cgroup_driver,
        swarm=_swarm_role(info),
    )


def _cgroup_version(info: SystemInfo) -> Literal["1", "2", ""]:
    found = info.cgroup_version.removeprefix("v")
    return "1" if found == "1" else "2" if found == "2" else ""


def _swarm_role(info: SystemInfo) -> SwarmRole:
    state = info.swarm.local_node_state
    if state == "active":
        return "manager" if info.swarm.control_available else "worker"
    for known in ("pending", "error", "locked"):
        if state == known:
            return known
    return "inactive"
