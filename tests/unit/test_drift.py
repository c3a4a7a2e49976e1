"""Drift: what Engines send that the models do not have."""

from __future__ import annotations

import httpx
import pytest
from spec.drift import Drift, Read, harmless_reads
from spec.seen import answers

from rawdock import Docker
from rawdock.models import ContainerInspect, ContainerSummary


def test_docker_sends_no_field_that_is_not_known() -> None:
    """In all that was recorded of Docker there is nothing that no model has. (Podman adds much of its own.)"""
    drift = Drift()
    for where, kind, value in answers():
        if where.startswith("docker"):
            drift.look(Read(where, kind, value))
    assert drift.unknown == drift.wrong == {}
    assert len(drift.models) > 50


def test_unknown_fields_and_values_are_found() -> None:
    """An unknown field, an unknown enum value and a missing field are reported with their path."""
    drift = Drift()
    state = {"Status": "asleep", "Tomorrow": 1}
    drift.look(Read("containers.inspect", ContainerInspect, {"Id": "1", "State": state}))
    drift.look(Read("containers.list", list[ContainerSummary], [{"Id": "1", "Mounts": [{"Type": "disc"}]}]))
    assert drift.unknown == {"ContainerState.Tomorrow": "containers.inspect $.State.Tomorrow"}
    assert drift.outside == {
        "ContainerState.Status = 'asleep'": "containers.inspect $.State.Status",
        "MountPoint.Type = 'disc'": "containers.list $[0].Mounts[0].Type",
    }
    drift.look(Read("containers.inspect", ContainerInspect, {"Id": "1", "State": {"ExitCode": "2"}}))
    assert drift.wrong == {
        "ContainerState: $.State.ExitCode": (
            "containers.inspect: expected int, got str (at $.State.ExitCode in ContainerState)"
        )
    }
    never = drift.never_sent("1.51")
    assert "ContainerState.Pid" in never
    assert "ContainerInspect.Id" not in never
    assert "ContainerInspect.Storage" not in never, "it is newer than 1.51"
    assert "ContainerInspect.Storage" in drift.never_sent("1.52")


@pytest.mark.anyio
async def test_an_engine_with_few_operations() -> None:
    """Operations that an Engine lacks or refuses are skipped; only GET requests are sent."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if request.url.path.endswith("/networks"):
            return httpx.Response(200, json=[{"Id": "1", "Name": "bridge"}])
        return httpx.Response(503 if "swarm" in request.url.path else 404, json={"message": "no"})

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        found = [read.method async for read in harmless_reads(docker)]
    assert found == ["networks.list"]
    assert set(asked) == {"GET"}
