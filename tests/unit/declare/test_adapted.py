"""Arguments that depend on which Engine is asked."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from rawdock import Docker, NotSupported, decode
from rawdock._declare.adapted import EngineUnknown, refuse_ignored, volume_prune_filters
from rawdock._engine import Engine
from rawdock._versions import Spoken
from rawdock.models import ContainerSpec, DeviceRequest, HostConfig

DOCKER_20 = Spoken((1, 41), Engine("docker", "20.10.24", "1.41"))
DOCKER_28 = Spoken((1, 51), Engine("docker", "28.5.2", "1.51"))
PODMAN_5 = Spoken((1, 41), Engine("podman", "5.8.6", "1.41"))
PODMAN_6 = Spoken((1, 44), Engine("podman", "6.1.1", "1.44"))
EVERY = {"all": True}


@pytest.mark.parametrize(
    ("version", "given", "sent"),
    [
        (DOCKER_28, None, None),
        (DOCKER_28, EVERY, EVERY),
        (DOCKER_28, {"label": "a"}, {"label": "a"}),
        (DOCKER_20, EVERY, None),
        (DOCKER_20, {"all": ["true"], "label": "a"}, {"label": "a"}),
        (PODMAN_5, EVERY, None),
        (PODMAN_5, {"all": "1", "label": "a"}, {"label": "a"}),
        (PODMAN_6, None, {"anonymous": True}),
        (PODMAN_6, {"label": "a"}, {"label": "a", "anonymous": True}),
        (PODMAN_6, EVERY, None),
        (PODMAN_6, {"all": True, "label": "a"}, {"label": "a"}),
    ],
)
def test_filters_of_a_volume_prune(version: Spoken, given: Any, sent: Any) -> None:
    assert volume_prune_filters(version, given) == sent


@pytest.mark.parametrize("version", [DOCKER_20, PODMAN_5])
@pytest.mark.parametrize("filters", [None, {}, {"label": "a"}, {"all": False}, {"all": ["false"]}])
def test_volumes_with_names_are_kept(version: Spoken, filters: Any) -> None:
    """Where they cannot be kept, nothing is deleted."""
    with pytest.raises(NotSupported, match=r"filters=\{'all': True\}"):
        volume_prune_filters(version, filters)


IGNORED: list[tuple[dict[str, Any], str]] = [
    ({"host_config": HostConfig(masked_paths=["/proc/acpi"])}, "mask=/path"),
    ({"host_config": HostConfig(masked_paths=[])}, "systempaths=unconfined"),
    ({"host_config": HostConfig(readonly_paths=["/proc/sys"])}, "systempaths=unconfined"),
    ({"host_config": HostConfig(device_requests=[DeviceRequest(count=-1)])}, "devices"),
    ({"mac_address": "02:42:ac:11:00:02"}, "endpoints_config"),
]


@pytest.mark.parametrize(("fields", "remedy"), IGNORED)
def test_what_podman_ignores(fields: dict[str, Any], remedy: str) -> None:
    """It is refused there, with what works."""
    spec = ContainerSpec(image="x", **fields)
    for version in (PODMAN_5, PODMAN_6):
        with pytest.raises(NotSupported, match=remedy):
            refuse_ignored(version, spec)
    assert refuse_ignored(DOCKER_28, spec) is spec
    with pytest.raises(EngineUnknown):
        refuse_ignored(Spoken((1, 41)), spec)


def test_what_passes_on_podman() -> None:
    """What its own inspect has, what is in `extra`, and all else."""
    sent = decode(HostConfig, {"MaskedPaths": ["/a"], "ReadonlyPaths": ["/b"], "DeviceRequests": [{"Count": 1}]})
    extra = HostConfig(extra={"MaskedPaths": ["/a"]})
    for config in (HostConfig(), HostConfig(device_requests=[], security_opt=["mask=/a"]), extra):
        refuse_ignored(PODMAN_5, ContainerSpec(image="x", host_config=config))
    assert sent.masked_paths == ["/a"]


@pytest.mark.anyio
async def test_an_engine_that_is_not_known_is_asked() -> None:
    """With a version that is given, nothing has been asked before."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.url.path.endswith("/version"):
            podman = [{"Name": "Podman Engine", "Version": "6.1.1"}]
            return httpx.Response(200, json={"Version": "6.1.1", "ApiVersion": "1.44", "Components": podman})
        assert json.loads(parse_qs(urlsplit(str(request.url)).query)["filters"][0]) == {"anonymous": ["true"]}
        return httpx.Response(200, json={})

    async with Docker(transport=httpx.MockTransport(answer), version="1.44") as docker:
        await docker.volumes.prune()
        await docker.volumes.prune()
    assert asked == ["GET /v1.44/version", "POST /v1.44/volumes/prune", "POST /v1.44/volumes/prune"]
