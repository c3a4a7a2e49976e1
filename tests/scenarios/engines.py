"""Questions to an Engine about what rawdock steps in for, asked without its help. docs/engines.md shows the answers.

Only what is always so is asserted here: the answers are what differs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from rawdock import Docker, StatusError
from rawdock.models import (
    EventMessage,
    ExecConfig,
    ExecInspect,
    ExecStartConfig,
    HostConfig,
    NetworkCreateRequest,
    VolumeCreateRequest,
)

from .kit import (
    BUSYBOX,
    LOOP,
    OPEN,
    container,
    engine_of,
    executed,
    has_image,
    no_container,
    no_image,
    no_network,
    output,
    tar,
    until,
)

NAME = "rawdock-s-engines"
OTHER = "rawdock-s-engines-other"
LABEL = f"rawdock-s={NAME}"
MAC = "02:42:ac:11:00:98"
TERMINAL = ExecStartConfig(tty=True)
ENDED = ("destroy", "remove")


async def _asked(docker: Docker, method: str, path: str, **more: object) -> httpx.Response | StatusError:
    """The answer to a bare request, which rawdock neither looks at nor completes; its error if there is one."""
    try:
        return await docker.request(method, path, **more)  # type: ignore[arg-type]
    except StatusError as error:
        return error


@asynccontextmanager
async def _made(docker: Docker, name: str = NAME, **fields: object) -> AsyncGenerator[str, None]:
    """A container made by a bare request, and removed at the end. Yields its id; an empty text if it was refused."""
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    await no_container(docker, name)
    spec = {"Image": BUSYBOX, "Cmd": LOOP, "StopTimeout": 1, **fields}
    answer = await _asked(docker, "POST", "/containers/create", params={"name": name}, json=spec)
    try:
        yield answer.json()["Id"] if isinstance(answer, httpx.Response) else ""
    finally:
        await no_container(docker, name)


async def _says(docker: Docker, id: str, script: str) -> bytes:
    """What a script prints in a container that is started for it."""
    await docker.containers.start(id)
    return (await executed(docker, id, ["sh", "-c", script]))[0]


async def end_of_input_of_a_terminal(docker: Docker) -> None:
    """A half-close of the input under a terminal: on Docker the output ends with it, though the command goes on."""
    ask = ["sh", "-c", "read -r word; sleep 0.5; echo got $word"]
    config = ExecConfig(cmd=ask, attach_stdin=True, attach_stdout=True, tty=True)
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id, TERMINAL) as process:
            process.eof_problem = None  # as of a client that knows nothing of it
            await process.send(b"word\n")
            await process.send_eof()
            heard, _ = await output(process)

        async def look() -> ExecInspect:
            return await docker.exec.inspect(created.id)

        assert (await until(lambda found: not found.running, look)).exit_code == 0
        assert (b"got word" in heard) is ("podman" in (await engine_of(docker)).labels)


async def detach_keys(docker: Docker) -> None:
    """The bytes 16 17 in the input under a terminal: Docker ends the stream, and from 28 on the command lives on."""
    podman = "podman" in (await engine_of(docker)).labels
    config = ExecConfig(cmd=["cat", "-v"], attach_stdin=True, attach_stdout=True, tty=True)
    async with container(docker, NAME) as id:
        await docker.containers.start(id)
        created = await docker.exec.create(id, config)
        async with docker.exec.start(created.id, TERMINAL) as process:
            await process.send(b"\x10\x11\n\x04" if podman else b"\x10\x11")
            heard, _ = await output(process)
        await docker.exec.inspect(created.id)  # byte 17 is ctrl-q, which a terminal keeps to itself
        running, _ = await executed(docker, id, ["sh", "-c", "ps | grep -c '[c]at -v'"])
        assert int(running) in (0, 1)
        assert heard.endswith(b"^P\r\n") is podman


async def protections(docker: Docker) -> None:
    """Paths to be hidden and to be read only: Podman takes them, and neither hides nor protects."""
    host = {"MaskedPaths": ["/proc/version"], "ReadonlyPaths": ["/tmp"]}
    async with _made(docker, HostConfig=host) as id:
        said = await _says(docker, id, "wc -c < /proc/version; echo x > /tmp/x && echo written")
        assert (b"written" in said) is ("podman" in (await engine_of(docker)).labels)


async def address_of_a_container(docker: Docker) -> None:
    """A MAC address for the whole container, beside its networks."""
    async with _made(docker, MacAddress=MAC) as id:
        assert (await _says(docker, id, "cat /sys/class/net/eth0/address")).count(b":") == 5


async def graphics_card(docker: Docker) -> None:
    """A graphics card that is not there: Docker refuses the start, Podman starts without it."""
    request = {"Count": -1, "Capabilities": [["gpu"]]}
    async with _made(docker, HostConfig={"DeviceRequests": [request]}) as id:
        answer = await _asked(docker, "POST", f"/containers/{id}/start")
        assert isinstance(answer, httpx.Response) is ("podman" in (await engine_of(docker)).labels)


async def limit_not_kept(docker: Docker) -> None:
    """A limit that this machine cannot keep is a warning of a success, and inspect shows that it is not there."""
    async with _made(docker, HostConfig={"BlkioWeight": 500}) as id:
        if id:
            await docker.containers.inspect(id)


async def missing_bind_source(docker: Docker) -> None:
    """A bind mount of a folder that is not there."""
    mount = {"Type": "bind", "Source": f"/tmp/{NAME}", "Target": "/mnt"}
    async with _made(docker, HostConfig={"Mounts": [mount]}):
        pass
    async with container(docker, NAME, host_config=HostConfig(binds=["/tmp:/host"])) as id:
        said = await _says(docker, id, f"rmdir /host/{NAME} && echo made; ls -d /host/{NAME}")
        assert said in (b"made\n", b"")


async def archives_of_memory(docker: Docker) -> None:
    """Archives to and from a tmpfs of a running container."""
    async with container(docker, NAME, host_config=HostConfig(tmpfs={"/scratch": ""})) as id:
        await docker.containers.start(id)
        await docker.containers.put_archive(id, tar({"into": b"1"}), path="/scratch")
        said, _ = await executed(docker, id, ["sh", "-c", "ls /scratch; echo 2 > /scratch/from"])
        assert (said == b"into\n") is ("podman" in (await engine_of(docker)).labels)
        await _asked(docker, "GET", f"/containers/{id}/archive", params={"path": "/scratch/from"})


async def prune_of_volumes(docker: Docker) -> None:
    """A prune of volumes that does not ask for named ones."""
    await docker.volumes.delete(NAME, force=True)
    await docker.volumes.create(VolumeCreateRequest(name=NAME, labels={"rawdock-s": NAME}))
    try:
        filters = f'{{"label":["{LABEL}"]}}'
        answer = await docker.request("POST", "/volumes/prune", params={"filters": filters})
        assert set(answer.json()["VolumesDeleted"] or ()) <= {NAME}
    finally:
        await docker.volumes.delete(NAME, force=True)


async def filters_of_volumes(docker: Docker) -> None:
    """Two filters of which a volume matches only one."""
    await docker.volumes.delete(NAME, force=True)
    await docker.volumes.create(VolumeCreateRequest(name=NAME))
    try:
        filters = f'{{"name":["{NAME}"],"driver":["rawdock-s-none"]}}'
        answer = await docker.request("GET", "/volumes", params={"filters": filters})
        assert {one["Name"] for one in answer.json()["Volumes"] or ()} <= {NAME}
    finally:
        await docker.volumes.delete(NAME, force=True)


async def filter_that_is_no_pattern(docker: Docker) -> None:
    """A filter `name` is a regular expression. One that is none matches nothing, and may not be an error."""
    async with container(docker, NAME):
        answer = await _asked(docker, "GET", "/containers/json", params={"all": True, "filters": '{"name":["["]}'})
        assert not isinstance(answer, httpx.Response) or answer.json() == []


async def port_not_exposed(docker: Docker) -> None:
    """A port that is published without being exposed."""
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18979"}]}
    async with _made(docker, HostConfig={"PortBindings": bindings}) as id:
        await docker.containers.start(id)
        assert (await docker.containers.inspect(id)).host_config.port_bindings


async def removed_and_started_anew(docker: Docker) -> None:
    """A restart policy together with AutoRemove, which contradict each other."""
    host = {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}
    async with _made(docker, HostConfig=host) as id:
        assert not id


async def links(docker: Docker) -> None:
    """A container with a link to another one."""
    async with container(docker, OTHER) as other:
        await docker.containers.start(other)
        async with _made(docker, HostConfig={"Links": [f"{OTHER}:db"]}) as id:
            if id:
                await docker.containers.inspect(id)


async def failed_start(docker: Docker) -> None:
    """What an inspect says of a container whose command does not exist."""
    async with container(docker, NAME, ["/rawdock-s-none"]) as id:
        answer = await _asked(docker, "POST", f"/containers/{id}/start")
        assert isinstance(answer, StatusError)
        assert not (await docker.containers.inspect(id)).state.running


async def events_of_a_stop(docker: Docker) -> None:
    """The events of a command in a container, of its stop and of its removal, in their order."""
    async with container(docker, NAME) as id:
        since = (await docker.containers.inspect(id)).created.datetime
        await docker.containers.start(id)
        await executed(docker, id, ["true"])
        await docker.containers.stop(id, timeout=5)
    seen: list[EventMessage] = []
    async with docker.system.events(since=since, filters={"label": LABEL, "type": "container"}) as events:
        async for event in events:
            seen.append(event)
            if event.action in ENDED:
                break
    assert seen[0].action == "create"
    assert "die" in [event.action for event in seen]


async def times_of_events(docker: Docker) -> None:
    """An end of the time that is before its beginning."""
    answer = await _asked(docker, "GET", "/events", params={"since": "2", "until": "1"})
    assert not isinstance(answer, httpx.Response) or answer.content == b""


async def network_in_use(docker: Docker) -> None:
    """Whether a network with a running container is listed as dangling."""
    await no_container(docker, NAME)
    await no_network(docker, NAME)
    network = await docker.networks.create(NetworkCreateRequest(name=NAME))
    try:
        async with container(docker, NAME, host_config=HostConfig(network_mode=NAME)) as id:
            await docker.containers.start(id)
            filters = f'{{"name":["{NAME}"],"dangling":["true"]}}'
            answer = await docker.request("GET", "/networks", params={"filters": filters})
            assert {one["Id"] for one in answer.json()} <= {network.id}
    finally:
        await no_network(docker, NAME)


async def network_deleted_in_use(docker: Docker) -> None:
    """A network is deleted by its id while a container uses it, and the container after it."""
    await no_container(docker, NAME)
    await no_network(docker, NAME)
    network = await docker.networks.create(NetworkCreateRequest(name=NAME))
    try:
        async with container(docker, NAME, host_config=HostConfig(network_mode=NAME)) as id:
            await docker.containers.start(id)
            await _asked(docker, "DELETE", f"/networks/{network.id}")
            await _asked(docker, "DELETE", f"/containers/{id}", params={"force": True})
            assert await docker.containers.list(all=True, filters={"id": id}) == []
    finally:
        await no_network(docker, NAME)


async def image_with_two_names(docker: Docker) -> None:
    """The digests of an image with two names, in the list and in an inspect."""
    other = f"{OPEN}/{NAME}"
    await docker.images.pull(BUSYBOX)
    await docker.images.tag(BUSYBOX, repo=other, tag="1")
    try:
        (listed,) = await docker.images.list(filters={"reference": f"{other}:1"})
        assert listed.id == (await docker.images.inspect(f"{other}:1")).id
    finally:
        await no_image(docker, f"{other}:1")


async def image_built_again(docker: Docker) -> None:
    """Whether the image that had a name before another build took it is still there, without a name."""
    tag = f"{OPEN}/{NAME}:1"
    if not await has_image(docker, BUSYBOX):
        await docker.images.pull(BUSYBOX)
    ids: list[str] = []
    try:
        for number in ("1", "2"):
            text = f"FROM {BUSYBOX}\nLABEL rawdock-s-built={number}\n"
            await docker.build(dockerfile=text, tag=tag, buildid=NAME)
            ids.append((await docker.images.inspect(tag)).id)
        assert ids[0] != ids[1]
        await _asked(docker, "GET", f"/images/{ids[0]}/json")
    finally:
        await no_image(docker, tag)
        for id in ids[:1]:
            await _asked(docker, "DELETE", f"/images/{id}", params={"force": True})


async def disk_usage(docker: Docker) -> None:
    """The disk usage where there is one image with a name, and the one that is more verbose if an Engine has it."""
    async with container(docker, NAME):
        for params in ({}, {"verbose": True}):
            found = (await docker.request("GET", "/system/df", params=params)).json()
            assert found.get("Images") or found["ImageUsage"]["Items"]
