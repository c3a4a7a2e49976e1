"""Services of a swarm and their tasks."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported
from rawdock.models import (
    ConfigReferenceFile,
    ConfigSpec,
    EndpointPortConfig,
    EndpointSpec,
    GlobalService,
    ReplicatedJob,
    ReplicatedService,
    SecretReference,
    SecretReferenceFile,
    SecretSpec,
    Service,
    ServiceConfigReference,
    ServiceMode,
    ServiceSpec,
    Task,
    TaskContainerSpec,
    TaskRestartPolicy,
    TaskSpec,
    UpdateConfig,
)
from rawdock.streams import LogEntry, LogStream

from .kit import BUSYBOX, WITH_PASSWORD, credentials, no_image, output, swarm, until

NONE = "rawdock-s-none"
STALE = "update out of sequence"


def _spec(
    name: str, says: str, mode: ServiceMode | None = None, *, stays: bool = True, **container: object
) -> ServiceSpec:
    """A service whose tasks run the commands `says`, and then keep running or exit."""
    script = f"trap 'exit 7' TERM; {says}; " + ("while :; do sleep 0.1; done" if stays else "exit 0")
    container = {"image": BUSYBOX, "stop_grace_period": 1_000_000_000, **container}
    return ServiceSpec(
        name=name,
        labels={"rawdock-s": name},
        mode=mode or ServiceMode(),
        task_template=TaskSpec(
            container_spec=TaskContainerSpec(command=["sh", "-c", script], **container),  # type: ignore[arg-type]
            restart_policy=TaskRestartPolicy(condition="none"),
        ),
    )


async def _said(logs: LogStream, word: str, times: int = 1) -> str:
    """Read logs until a word has appeared this many times. Returns what was read."""
    said = ""
    async for frame in logs:
        said += frame.data.decode()
        if said.count(word) == times:
            break
    return said


async def _says(docker: Docker, service: str, word: str, times: int = 1) -> str:
    """Wait for the tasks of a service: follow its logs until a word has appeared this many times. Returns the logs."""
    async with docker.services.logs(service, follow=True) as logs:
        return await _said(logs, word, times)


async def _tasks(docker: Docker, service: str, state: str, count: int = 1, desired: str = "running") -> list[Task]:
    """Wait until a service has exactly `count` tasks, all of them in this state, and return them."""

    async def look() -> list[Task]:
        return await docker.tasks.list(filters={"service": service, "desired-state": desired})

    def there(tasks: Collection[Task]) -> bool:
        return len(tasks) == count and all(task.status.state == state for task in tasks)

    return await until(there, look)


async def _when(docker: Docker, id: str, state: str) -> Service:
    """Wait until the update of a service is in this state, and return the service."""
    return await until(
        lambda found: found.update_status is not None and found.update_status.state == state,
        lambda: docker.services.inspect(id),
    )


async def replicated(docker: Docker) -> None:
    """Two tasks of one service, in lists, inspect and logs; each has its own slot and container."""
    name = "rawdock-s-two"
    async with swarm(docker) as node:
        spec = _spec(
            name,
            "echo up >&2; sleep 0.3; echo there",
            ServiceMode(replicated=ReplicatedService(replicas=2)),
            env=["A=1"],
        )
        created = await docker.services.create(spec)
        assert created.warnings == []
        await _says(docker, name, "there\n", 2)
        tasks = await _tasks(docker, name, "running", 2)

        found = await docker.services.inspect(name)
        assert found.id == created.id
        assert (found.spec.name, found.spec.labels) == (name, {"rawdock-s": name})
        assert found.spec.mode == spec.mode
        asked, kept = spec.task_template.container_spec, found.spec.task_template.container_spec
        assert asked is not None
        assert kept is not None
        assert (kept.image, kept.command, kept.env) == (asked.image, asked.command, ["A=1"])
        assert found.previous_spec is None
        assert found.update_status is None
        assert found.service_status is None
        assert found.spec.update_config is None
        whole = await docker.services.inspect(created.id, insert_defaults=True)
        assert (whole.id, whole.version) == (found.id, found.version)
        usual = UpdateConfig(parallelism=1, failure_action="pause", monitor=5_000_000_000, order="stop-first")
        assert (whole.spec.update_config, whole.spec.rollback_config) == (usual, usual)
        assert whole.spec.task_template.restart_policy == TaskRestartPolicy(
            condition="none", delay=5_000_000_000, max_attempts=0
        )

        (listed,) = await docker.services.list(status=True)
        assert listed.id == created.id
        assert listed.service_status is not None
        assert (listed.service_status.desired_tasks, listed.service_status.running_tasks) == (2, 2)
        for key, value, other in (
            ("id", created.id, NONE),
            ("name", name, NONE),
            ("label", f"rawdock-s={name}", "rawdock-s=other"),
            ("mode", "replicated", "global"),
        ):
            assert [item.service_status for item in await docker.services.list(filters={key: value})] == [None]
            assert await docker.services.list(filters={key: other}) == []

        assert {task.slot for task in tasks} == {1, 2}
        assert {(task.service_id, task.node_id, task.desired_state) for task in tasks} == {
            (created.id, node, "running")
        }
        task = tasks[0]
        assert (await docker.tasks.inspect(task.id)).spec == task.spec
        for key, value in (("id", task.id), ("name", f"{name}.{task.slot}"), ("node", node)):
            assert task.id in [item.id for item in await docker.tasks.list(filters={key: value, "service": name})]
        assert await docker.tasks.list(filters={"service": name, "desired-state": "shutdown"}) == []
        ids = {task.status.container_status.container_id for task in tasks}
        assert len(ids) == 2
        container = await docker.containers.inspect(task.status.container_status.container_id)
        assert container.state.running
        assert container.config.labels["com.docker.swarm.task.id"] == task.id
        assert container.state.pid == task.status.container_status.pid

        async with docker.services.logs(name, follow=True) as logs:
            assert not logs.tty
            said = {"stdout": b"", "stderr": b""}
            async for frame in logs:
                said[frame.stream] += frame.data
                if said == {"stdout": b"there\nthere\n", "stderr": b"up\nup\n"}:
                    break
        async with docker.services.logs(name, stderr=False, tail=1, details=True) as logs:
            out_lines, err_lines = await output(logs)
        assert err_lines == b""
        lines = out_lines.decode().splitlines()
        assert len(lines) == 2
        assert {f"com.docker.swarm.task.id={item.id} there" for item in tasks} == {
            line[line.index("com.docker.swarm.task.id") :] for line in lines
        }
        async with docker.tasks.logs(task.id) as logs:
            assert await output(logs) == (b"there\n", b"up\n")
        async with docker.tasks.logs(task.id, stdout=False, timestamps=True) as logs:
            stamp, _, text = (await output(logs))[1].decode().partition(" ")
        assert text == "up\n"
        async with docker.tasks.logs(task.id, since=stamp[:-1].partition(".")[0] + "Z", tail="all") as logs:
            assert await output(logs) == (b"there\n", b"up\n")

        await docker.services.delete(name)
        assert await docker.services.list() == []
        with pytest.raises(NotFound):
            await docker.services.inspect(created.id)


async def lines(docker: Docker) -> None:
    """The logs of a service, line by line, each line with its time and its task."""
    name = "rawdock-s-lines"
    async with swarm(docker) as node:
        mode = ServiceMode(replicated=ReplicatedService(replicas=2))
        await docker.services.create(_spec(name, "echo up >&2; printf 'there\\n\\nlast\\n'", mode))
        await _says(docker, name, "last\n", 2)
        tasks = await _tasks(docker, name, "running", 2)

        said: dict[str, list[tuple[str, bytes]]] = {task.id: [] for task in tasks}
        async with docker.services.logs(name, follow=True, timestamps=True, details=True).entries() as entries:
            async for entry in entries:
                assert entry.time is not None
                assert entry.details["com.docker.swarm.node.id"] == node
                assert entry.details["com.docker.swarm.service.id"] == tasks[0].service_id
                said[entry.details["com.docker.swarm.task.id"]].append((entry.stream, entry.data))
                if sum(map(len, said.values())) == 8:
                    break
        for lines in said.values():
            assert [data for stream, data in lines if stream == "stdout"] == [b"there", b"", b"last"]
            assert [data for stream, data in lines if stream == "stderr"] == [b"up"]

        async with docker.tasks.logs(tasks[0].id, stderr=False).entries() as entries:
            assert [entry async for entry in entries] == [
                LogEntry("stdout", b"there"),
                LogEntry("stdout", b""),
                LogEntry("stdout", b"last"),
            ]
        async with docker.tasks.logs(tasks[0].id, stdout=False, timestamps=True).entries() as entries:
            (up,) = [entry async for entry in entries]
        assert (up.text, up.time is not None) == ("up", True)
        await docker.services.delete(name)


async def updated(docker: Docker) -> None:
    """An update replaces the tasks, a rollback restores the previous ones; both need the current version."""
    name = "rawdock-s-updated"

    def second(spec: ServiceSpec) -> ServiceSpec:
        task = spec.task_template
        assert task.container_spec is not None
        container = task.container_spec.replace(env=["WORD=second"])
        return spec.replace(labels={}, task_template=task.replace(container_spec=container))

    async with swarm(docker):
        at_once = UpdateConfig(parallelism=1, monitor=1)
        first = _spec(name, "echo $WORD", env=["WORD=first"])
        first = first.replace(update_config=at_once, rollback_config=at_once)
        id = (await docker.services.create(first)).id
        assert await _says(docker, id, "first\n") == "first\n"
        before = await docker.services.inspect(id)
        await docker.services.update(id, second(before.spec), version=before.version.index)
        await _says(docker, id, "second\n")
        after = await _when(docker, id, "completed")
        assert after.version.index > before.version.index
        assert after.spec == second(before.spec)
        assert after.previous_spec == before.spec
        assert after.update_status is not None
        assert after.update_status.started_at
        assert after.update_status.completed_at
        (task,) = await _tasks(docker, id, "running")
        async with docker.tasks.logs(task.id, follow=True) as logs:
            assert await _said(logs, "second\n") == "second\n"
        (old,) = await docker.tasks.list(filters={"service": id, "desired-state": "shutdown"})
        assert (old.slot, old.id == task.id) == (task.slot, False)

        with pytest.raises(Conflict, match=STALE):
            await docker.services.update(id, after.spec, version=before.version.index)
        with pytest.raises(NotSupported, match="renaming"):
            await docker.services.update(id, after.spec.replace(name="rawdock-s-other"), version=after.version.index)
        with pytest.raises(NotFound):
            await docker.services.update(NONE, after.spec, version=1)

        result = await docker.services.update(id, after.spec, version=after.version.index, rollback="previous")
        assert result.warnings == []
        said = await _says(docker, id, "first\n", 2)
        assert sorted(said.splitlines()) == ["first", "first", "second"]
        assert (await _when(docker, id, "rollback_completed")).spec == before.spec
        assert len(await docker.tasks.list(filters={"service": id})) == 3


async def ends(docker: Docker) -> None:
    """A global service with a terminal and an image that requires credentials; and a job that runs to completion."""
    private = f"{WITH_PASSWORD}/busybox:1"
    await no_image(docker, private)
    async with swarm(docker) as node:
        everywhere = _spec(
            "rawdock-s-all", "test -t 1 && echo a terminal", ServiceMode(global_=GlobalService()), stays=False
        )
        assert everywhere.task_template.container_spec is not None
        container = everywhere.task_template.container_spec.replace(tty=True, image=private)
        everywhere = everywhere.replace(task_template=everywhere.task_template.replace(container_spec=container))
        refused = await docker.services.create(everywhere.replace(name="rawdock-s-refused"))
        (task,) = await _tasks(docker, refused.id, "rejected", desired="shutdown")
        assert WITH_PASSWORD in task.status.err
        await docker.services.delete(refused.id)

        id = (await docker.services.create(everywhere, auth_config=credentials())).id
        await _says(docker, id, "a terminal")
        (task,) = await _tasks(docker, id, "complete", desired="shutdown")
        assert (task.slot, task.node_id) == (0, node)
        assert task.status.container_status.exit_code == 0
        for open_logs in (docker.services.logs(id), docker.tasks.logs(task.id)):
            async with open_logs as logs:
                assert logs.tty
                assert await output(logs) == (b"a terminal\r\n", b"")
        assert [item.id for item in await docker.services.list(filters={"mode": "global"})] == [id]

        mode = ServiceMode(replicated_job=ReplicatedJob(max_concurrent=1, total_completions=2))
        job = (await docker.services.create(_spec("rawdock-s-job", "echo done", mode, stays=False))).id
        await _says(docker, job, "done\n", 2)
        tasks = await _tasks(docker, job, "complete", 2, desired="complete")
        assert all(task.job_iteration is not None for task in tasks)
        (found,) = await docker.services.list(status=True, filters={"mode": "replicated-job"})
        assert found.spec.mode == mode
        assert found.service_status is not None
        assert found.service_status.completed_tasks == 2
        assert found.job_status is not None
        assert found.job_status.last_execution
    await no_image(docker, private)


async def given(docker: Docker) -> None:
    """A service has its secret and its config as files, and neither can be deleted while it uses them."""
    name = "rawdock-s-given"
    async with swarm(docker):
        secret = (await docker.secrets.create(SecretSpec(name=name, data=b"hush\n"))).id
        config = (await docker.configs.create(ConfigSpec(name=name, data=b"open\n"))).id
        spec = _spec(
            name,
            "ls -ln /run/secrets/one /etc/two | cut -c1-10; cat /run/secrets/one /etc/two; echo end",
            secrets=[
                SecretReference(
                    secret_id=secret,
                    secret_name=name,
                    file=SecretReferenceFile(name="one", uid="0", gid="0", mode=0o400),
                )
            ],
            configs=[
                ServiceConfigReference(
                    config_id=config,
                    config_name=name,
                    file=ConfigReferenceFile(name="/etc/two", uid="0", gid="0", mode=0o444),
                )
            ],
        )
        port = EndpointPortConfig(protocol="tcp", target_port=80, published_port=8088, publish_mode="host")
        created = await docker.services.create(spec.replace(endpoint_spec=EndpointSpec(ports=[port])))
        said = await _says(docker, name, "end\n")
        assert sorted(said.splitlines()[:2]) == ["-r--------", "-r--r--r--"]
        assert sorted(said.splitlines()[2:]) == ["end", "hush", "open"]
        (task,) = await _tasks(docker, name, "running")
        assert task.spec.container_spec is not None
        assert spec.task_template.container_spec is not None
        assert task.spec.container_spec.secrets == spec.task_template.container_spec.secrets
        assert task.spec.container_spec.configs == spec.task_template.container_spec.configs
        assert {item.published_port for item in task.status.port_status.ports} == {8088}
        assert (await docker.services.inspect(name)).endpoint.ports == [port]
        for delete in (docker.secrets.delete, docker.configs.delete):
            with pytest.raises(BadRequest, match=f"in use by the following service: {name}"):
                await delete(name)
        await docker.services.delete(created.id)
        await docker.secrets.delete(secret)
        await docker.configs.delete(config)


async def errors(docker: Docker) -> None:
    """Errors: missing services, names in use, and invalid services."""
    async with swarm(docker):
        spec = _spec("rawdock-s-errors", "true", ServiceMode(replicated=ReplicatedService(replicas=0)))
        await docker.services.create(spec)
        with pytest.raises(Conflict, match="already exists"):
            await docker.services.create(spec)
        with pytest.raises(BadRequest):
            await docker.services.create(ServiceSpec(name=NONE))
        with pytest.raises(BadRequest, match="name must be valid"):
            await docker.services.create(spec.replace(name="not a name"))
        for call in (docker.services.inspect, docker.services.delete):
            with pytest.raises(NotFound, match=f"service {NONE} not found"):
                await call(NONE)
        with pytest.raises(NotFound, match=f"task {NONE} not found"):
            await docker.tasks.inspect(NONE)
        for open_logs in (docker.services.logs(NONE), docker.tasks.logs(NONE)):
            with pytest.raises(NotFound):
                async with open_logs as logs:
                    await output(logs)
        with pytest.raises(NotFound):
            await docker.tasks.list(filters={"service": NONE})
        with pytest.raises(BadRequest, match="nonsense"):
            await docker.services.list(filters={"nonsense": "1"})
        with pytest.raises(BadRequest, match="nonsense"):
            await docker.tasks.list(filters={"nonsense": "1"})
