"""Containers from create to delete, except their output."""

from __future__ import annotations

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported, ServerError, VersionError
from rawdock.models import ContainerSpec, ContainerUpdate, DeviceRequest, HostConfig, RestartPolicy, ThrottleDevice

from .kit import BUSYBOX, container, engine_of, has_image, no_container


async def life(docker: Docker) -> None:
    """Create, start, stop, restart, kill and delete a container; inspect shows each state."""
    name = "rawdock-s-life"
    async with container(docker, name) as id:
        found = await docker.containers.inspect(id)
        assert found.name.strip("/") == name
        assert found.state.status == "created"
        assert found.state.running is False
        assert await docker.containers.start(id) is True
        assert await docker.containers.start(id) is False, "it is already running"
        found = await docker.containers.inspect(name)
        assert found.id == id
        assert found.state.running
        assert found.state.pid > 0
        assert found.config.labels["rawdock-s"] == name
        assert await docker.containers.stop(id, timeout=5) is True
        assert await docker.containers.stop(id, timeout=5) is False, "it is already stopped"
        found = await docker.containers.inspect(id)
        assert found.state.status == "exited"
        assert found.state.exit_code == 7
        await docker.containers.restart(id, timeout=1)
        assert (await docker.containers.inspect(id)).state.running
        await docker.containers.kill(id)
        assert (await docker.containers.wait(id)).status_code == 137
        await docker.containers.delete(id)
        with pytest.raises(NotFound):
            await docker.containers.inspect(id)


async def listed(docker: Docker) -> None:
    """List with filters, and list containers that do not run."""
    name = "rawdock-s-listed"
    async with container(docker, name) as id:
        label = {"label": f"rawdock-s={name}"}
        assert await docker.containers.list(filters=label) == []
        (found,) = await docker.containers.list(all=True, filters=label)
        assert found.id == id
        assert found.state == "created"
        assert f"/{name}" in found.names
        assert found.labels["rawdock-s"] == name
        await docker.containers.start(id)
        (found,) = await docker.containers.list(filters=label, size=True)
        assert found.state == "running"
        assert found.size_root_fs > 0
        assert await docker.containers.list(filters={**label, "status": ["exited", "paused"]}) == []
        everything = await docker.containers.list(all=True)
        assert id in [one.id for one in everything]
        assert len(await docker.containers.list(limit=1)) == 1


async def inside(docker: Docker) -> None:
    """`top`, `changes`, and inspect with sizes."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-inside", ["sh", "-c", "echo hello > /made; sleep 100"]) as id:
        if engine.can("no changes yet"):
            assert await docker.containers.changes(id) == []
        await docker.containers.start(id)
        top = await docker.containers.top(id)
        assert top.titles
        assert all(len(row) == len(top.titles) for row in top.processes)
        assert any("sleep 100" in " ".join(row) for row in top.processes)
        changes = {change.path: change.kind for change in await docker.containers.changes(id)}
        assert changes["/made"] == 1
        sized = await docker.containers.inspect(id, size=True)
        assert sized.size_rw is not None
        assert sized.size_root_fs
        assert (await docker.containers.inspect(id)).size_rw is None


async def paused(docker: Docker) -> None:
    """Pause and unpause; doing either twice is an error."""
    async with container(docker, "rawdock-s-paused") as id:
        await docker.containers.start(id)
        await docker.containers.pause(id)
        assert (await docker.containers.inspect(id)).state.paused
        with pytest.raises(Conflict):
            await docker.containers.pause(id)
        await docker.containers.unpause(id)
        assert not (await docker.containers.inspect(id)).state.paused
        with pytest.raises(Conflict):
            await docker.containers.unpause(id)


async def renamed(docker: Docker) -> None:
    """Rename a container; a name in use is a Conflict."""
    await no_container(docker, "rawdock-s-new")
    async with container(docker, "rawdock-s-old") as id, container(docker, "rawdock-s-other"):
        await docker.containers.rename(id, name="rawdock-s-new")
        try:
            assert (await docker.containers.inspect("rawdock-s-new")).id == id
            with pytest.raises(NotFound):
                await docker.containers.inspect("rawdock-s-old")
            with pytest.raises(Conflict):
                await docker.containers.rename(id, name="rawdock-s-other")
        finally:
            await no_container(docker, "rawdock-s-new")


async def waited(docker: Docker) -> None:
    """A wait entered before the start does not miss the exit; a signal reaches the process."""
    async with container(docker, "rawdock-s-waited") as id:
        async with docker.containers.wait(id, condition="next-exit") as waiting:
            await docker.containers.start(id)
            await docker.containers.kill(id, signal="SIGTERM")
            ended = await waiting.result()
        assert ended.status_code in (7, 143), "143 if the signal came before the trap"
        assert ended.error is None or not ended.error.message
        assert (await docker.containers.wait(id)).status_code == ended.status_code
    async with container(docker, "rawdock-s-code", ["sh", "-c", "exit 3"]) as id:
        async with docker.containers.wait(id, condition="next-exit") as waiting:
            await docker.containers.start(id)
            assert (await waiting.result()).status_code == 3
        assert (await docker.containers.inspect(id)).state.exit_code == 3


async def updated(docker: Docker) -> None:
    """An update changes the given settings and keeps the others."""
    engine = await engine_of(docker)
    async with container(docker, "rawdock-s-updated") as id:
        await docker.containers.start(id)
        update = ContainerUpdate(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=2))
        await docker.containers.update(id, update)
        found = await docker.containers.inspect(id)
        assert found.host_config.restart_policy.name == "on-failure"
        assert found.host_config.restart_policy.maximum_retry_count == 2
        await docker.containers.update(id, ContainerUpdate(cpu_shares=512))
        found = await docker.containers.inspect(id)
        assert found.host_config.cpu_shares == 512
        if engine.can("update one setting alone"):
            assert found.host_config.restart_policy.name == "on-failure"


async def throttled(docker: Docker) -> None:
    """The speed of single devices is limited while the container runs, from API 1.55 on; others would ignore it."""
    engine = await engine_of(docker)
    device = ThrottleDevice(path="/dev/loop0", rate=1 << 20)
    async with container(docker, "rawdock-s-throttled") as id:
        await docker.containers.start(id)
        update = ContainerUpdate(blkio_device_read_bps=[device])
        if not engine.has("1.55"):
            with pytest.raises(VersionError, match=r"BlkioDeviceReadBps needs API 1\.55"):
                await docker.containers.update(id, update)
            return
        await docker.containers.update(id, update)
        assert (await docker.containers.inspect(id)).host_config.blkio_device_read_bps == [device]
        writes = [ThrottleDevice(path="/dev/loop0", rate=9)]
        await docker.containers.update(id, ContainerUpdate(blkio_device_write_iops=writes))
        found = (await docker.containers.inspect(id)).host_config
        assert (found.blkio_device_read_bps, found.blkio_device_write_iops) == ([device], writes)
        await docker.containers.update(id, ContainerUpdate(blkio_device_read_bps=[]))
        found = (await docker.containers.inspect(id)).host_config
        assert (found.blkio_device_read_bps, found.blkio_device_write_iops) == ([], writes)
        nowhere = ThrottleDevice(path="/dev/rawdock-s-none", rate=1)
        with pytest.raises(ServerError, match="rawdock-s-none"):
            await docker.containers.update(id, ContainerUpdate(blkio_device_write_bps=[nowhere]))


async def errors(docker: Docker) -> None:
    """The same mistake raises the same error on every Engine."""
    none = "rawdock-s-none"
    calls = docker.containers
    for call in (calls.inspect, calls.start, calls.stop, calls.restart, calls.kill, calls.pause, calls.unpause):
        with pytest.raises(NotFound) as caught:
            await call(none)
        assert none in caught.value.message
    for call in (calls.top, calls.changes, calls.delete, calls.wait, calls.commit):
        with pytest.raises(NotFound):
            await call(none)
    with pytest.raises(NotFound):
        await calls.update(none, ContainerUpdate(cpu_shares=512))
    with pytest.raises(NotFound):
        await calls.create(ContainerSpec(image="rawdock-s-none:1", cmd=["true"]), name=none)
    async with container(docker, "rawdock-s-errors") as id:
        with pytest.raises(Conflict) as caught_name:
            await calls.create(ContainerSpec(image=BUSYBOX, cmd=["true"]), name="rawdock-s-errors")
        assert "rawdock-s-errors" in caught_name.value.message
        for call in (calls.kill, calls.top, calls.pause):
            with pytest.raises(Conflict):
                await call(id)
        await calls.start(id)
        with pytest.raises(Conflict):
            await calls.delete(id)
        await calls.delete(id, force=True)


async def made_again(docker: Docker) -> None:
    """What an inspect says, with one change, makes another container; Podman says more than its API version has."""
    first, second = "rawdock-s-again", "rawdock-s-again-2"
    config = HostConfig(init=True, privileged=True, publish_all_ports=True)
    async with container(docker, first, host_config=config) as id:
        came = (await docker.containers.inspect(id)).host_config
        async with container(docker, second, host_config=came.replace(oom_score_adj=5)) as other:
            made = (await docker.containers.inspect(other)).host_config
    assert (made.init, made.privileged, made.publish_all_ports, made.oom_score_adj) == (True, True, True, 5)
    assert came.annotations.items() <= made.annotations.items()


async def not_a_command(docker: Docker) -> None:
    """A program that does not exist makes the start fail."""
    async with container(docker, "rawdock-s-command", ["/rawdock-s-none"]) as id:
        with pytest.raises(BadRequest) as caught:
            await docker.containers.start(id)
        assert "rawdock-s-none" in caught.value.message


async def named_by_the_engine(docker: Docker) -> None:
    """The name that an Engine gives to a container is taken as it is, and the name of a link can be deleted."""
    engine = await engine_of(docker)
    target, source = "rawdock-s-linked", "rawdock-s-linking"
    async with container(docker, target) as id:
        given = (await docker.containers.inspect(id)).name
        assert given.removeprefix("/") == target
        assert (await docker.containers.inspect(given)).id == id
        await docker.containers.start(f"/{target}")
        if engine.can("link containers"):
            async with container(docker, source, host_config=HostConfig(links=[f"{target}:db"])) as other:
                assert f"/{target}:/{source}/db" in (await docker.containers.inspect(other)).host_config.links
                await docker.containers.delete(f"/{source}/db", link=True)
                assert (await docker.containers.inspect(other)).host_config.links == []
        await docker.containers.delete(f"/{target}", force=True)
        with pytest.raises(NotFound):
            await docker.containers.inspect(given)


async def settings_that_count(docker: Docker) -> None:
    """What Podman would take and ignore is refused there, before anything is sent; `extra` passes."""
    podman = "podman" in (await engine_of(docker)).labels
    name, mac = "rawdock-s-settings", "02:42:ac:11:00:63"
    asked = [
        ContainerSpec(image=BUSYBOX, host_config=HostConfig(masked_paths=["/proc/acpi"])),
        ContainerSpec(image=BUSYBOX, host_config=HostConfig(readonly_paths=[])),
        ContainerSpec(image=BUSYBOX, host_config=HostConfig(device_requests=[DeviceRequest(count=-1)])),
        ContainerSpec(image=BUSYBOX, mac_address=mac),
    ]
    await no_container(docker, name)
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    for spec in asked:
        if podman:
            with pytest.raises(NotSupported, match="ignores"):
                await docker.containers.create(spec, name=name)
        elif not (spec.mac_address and (await engine_of(docker)).has("1.52")):
            await docker.containers.create(spec, name=name)
            await no_container(docker, name)
    spec = ContainerSpec(image=BUSYBOX, host_config=HostConfig(extra={"MaskedPaths": ["/proc/acpi"]}))
    await docker.containers.create(spec, name=name)
    await no_container(docker, name)
