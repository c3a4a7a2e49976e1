"""The logger `rawdock` has one DEBUG line for each call, without what was sent or answered."""

from __future__ import annotations

import logging
import re

import pytest
from faultserver import Peer, json_answer, serving

from rawdock import ConnectError, Docker, NotFound
from rawdock.models import AuthConfig, ContainerSpec

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t-marked"


async def answer(request: bytes, peer: Peer) -> bytes | None:
    if b"/containers/gone/json" in request:
        return json_answer(b'{"message":"no such container %b"}' % SECRET.encode(), b"404 Not Found")
    if b"/containers/create" in request:
        return json_answer(b'{"Id":"c","Warnings":[]}', b"201 Created")
    return json_answer(b'{"status":"%b"}' % SECRET.encode())


async def test_a_line_for_each_call(caplog: pytest.LogCaptureFixture) -> None:
    auth = AuthConfig(username="u", password=SECRET)
    with caplog.at_level(logging.DEBUG, "rawdock"):
        async with serving(answer) as server, Docker(server.path) as docker:
            await docker.containers.create(ContainerSpec(image="app:1", env=[f"PASSWORD={SECRET}"]))
            with pytest.raises(NotFound):
                await docker.containers.inspect("gone")
            await docker.images.pull("app:1", auth_config=auth)
        with pytest.raises(ConnectError):
            await Docker("/nowhere/docker.sock").containers.list()
    lines = [one.getMessage() for one in caplog.records if one.name == "rawdock"]
    assert [re.sub(r"[0-9.]+ ms", "T", line) for line in lines] == [
        "containers.create: 201 in T",
        "containers.inspect: 404 in T",
        "images.pull: 200 in T",
        "containers.list: ConnectError in T",
    ]
    assert SECRET not in caplog.text


async def test_not_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "rawdock"):
        async with serving(answer) as server, Docker(server.path) as docker:
            await docker.containers.create(ContainerSpec(image="app:1"))
    assert caplog.records == []
