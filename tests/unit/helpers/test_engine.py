"""`docker.engine()`: what the recorded Engines are."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pages import PROJECT

from rawdock import Docker, EngineInfo

pytestmark = pytest.mark.anyio
RECORDINGS = PROJECT / "tests" / "recordings"


def answers(engine: str) -> dict[str, bytes]:
    """The recorded answers to ping, version and info, by the end of their paths."""
    found: dict[str, bytes] = {}
    for scenario in ("system-version", "system-info"):
        recording = json.loads((RECORDINGS / engine / f"{scenario}.json").read_text())
        for exchange in recording["exchanges"]:
            name = exchange["request"]["target"].rpartition("/")[2]
            found[name] = "".join(exchange["response"]["chunks"]).encode()
            if name == "_ping":
                lines = dict(one.partition(": ")[::2] for one in exchange["response"]["headers"])
                found["api"] = lines["Api-Version"].encode()
    return found


class Answering:
    """Answers as a recorded Engine, with changes to what it says of itself."""

    def __init__(self, engine: str, **info: Any) -> None:
        self.answers = answers(engine)
        self.info = info

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        content = self.answers[name]
        if name == "info" and self.info:
            content = json.dumps(json.loads(content) | self.info).encode()
        return httpx.Response(200, headers={"Api-Version": self.answers["api"].decode()}, content=content)


async def asked(answer: Answering) -> EngineInfo:
    async with Docker(transport=httpx.MockTransport(answer)) as docker:
        return await docker.engine()


@pytest.mark.parametrize(
    ("engine", "flavour", "name", "version", "store"),
    [
        ("docker-20.10", "docker", "Docker Engine 20.10", "1.41", "graphdriver"),
        ("docker-28.5", "docker", "Docker Engine 28.5", "1.51", "graphdriver"),
        ("docker-28.5-ctrd", "docker", "Docker Engine 28.5", "1.51", "containerd"),
        ("docker-29", "docker", "Docker Engine 29.", "1.56", "graphdriver"),
        ("docker-29-ctrd", "docker", "Docker Engine 29.", "1.56", "containerd"),
        ("podman-5.4", "podman", "Podman Engine 5.4", "1.41", "graphdriver"),
        ("podman-6.1", "podman", "Podman Engine 6.1", "1.44", "graphdriver"),
    ],
)
async def test_recorded_engines(engine: str, flavour: str, name: str, version: str, store: str) -> None:
    found = await asked(Answering(engine))
    assert (found.flavour, found.spoken_version, found.image_store) == (flavour, version, store)
    assert found.name.startswith(name)
    assert found.name.endswith(found.version)
    assert found.api_version == version
    assert found.min_api_version < found.api_version
    assert (found.os, found.arch) == ("linux", "amd64")
    assert found.storage_driver in ("overlay2", "overlayfs", "overlay", "vfs")
    assert found.cgroup_version in ("1", "2")
    assert found.cgroup_driver in ("cgroupfs", "systemd", "none")
    assert not found.rootless
    assert found.swarm == "inactive"


@pytest.mark.parametrize(
    ("info", "field", "value"),
    [
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, "rootless", True),
        ({"SecurityOptions": ["name=rootlessness"]}, "rootless", False),
        ({"Swarm": {"LocalNodeState": "active", "ControlAvailable": True}}, "swarm", "manager"),
        ({"Swarm": {"LocalNodeState": "active"}}, "swarm", "worker"),
        ({"Swarm": {"LocalNodeState": "locked"}}, "swarm", "locked"),
        ({"Swarm": {"LocalNodeState": ""}}, "swarm", "inactive"),
        ({"Swarm": None}, "swarm", "inactive"),
        ({"CgroupVersion": "2"}, "cgroup_version", "2"),
        ({"CgroupVersion": "v2"}, "cgroup_version", "2"),
        ({"CgroupVersion": ""}, "cgroup_version", ""),
    ],
)
async def test_what_it_says_of_itself(info: dict[str, Any], field: str, value: object) -> None:
    assert getattr(await asked(Answering("docker-28.5", **info)), field) == value


async def test_another_engine_is_asked_anew() -> None:
    answer = Answering("docker-28.5")
    async with Docker(transport=httpx.MockTransport(answer)) as docker:
        before = await docker.engine()
        answer.answers = answers("docker-28.5-ctrd")
        after = await docker.engine()
    assert (before.image_store, after.image_store) == ("graphdriver", "containerd")
    assert "containerd's image store (overlayfs)" in str(after)
