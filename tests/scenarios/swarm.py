"""A swarm with a single node: settings, keys, node and volumes; and an Engine that is not in a swarm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported, SecretStr, ServerError
from rawdock.models import (
    AccessMode,
    ClusterVolumeSpec,
    ConfigSpec,
    MountVolume,
    Node,
    NodeSpec,
    SecretSpec,
    ServiceSpec,
    SwarmDispatcher,
    SwarmEncryptionConfig,
    SwarmInitRequest,
    SwarmJoinRequest,
    SwarmOrchestration,
    SwarmSpec,
    SwarmUnlockRequest,
    VolumeCreateRequest,
    VolumeUpdate,
)
from rawdock.testing.redaction import REDACTED

from .kit import SWARM, engine_of, no_swarm, opened, swarm

NONE = "rawdock-s-none"
STALE = "update out of sequence"
JOIN = SwarmJoinRequest(remote_addrs=["127.0.0.1:9"], listen_addr=SWARM, join_token=SecretStr("SWMTKN-1-no-token"))
UNLOCK = SwarmUnlockRequest(unlock_key=SecretStr("SWMKEY-1-no-key"))


async def outside(docker: Docker) -> None:
    """An Engine outside a swarm refuses all requests that need one, with 503. Podman does not support swarms."""
    engine = await engine_of(docker)
    podman = "podman" in engine.labels
    if not podman:
        await no_swarm(docker)
    calls: list[Awaitable[Any]] = [
        docker.swarm.inspect(),
        docker.swarm.leave(force=True),
        docker.swarm.update(SwarmSpec(), version=1),
        docker.swarm.unlock_key(),
        docker.swarm.unlock(UNLOCK),
        docker.nodes.list(),
        docker.nodes.inspect(NONE),
        docker.nodes.update(NONE, NodeSpec(), version=1),
        docker.nodes.delete(NONE),
        docker.services.list(),
        docker.services.inspect(NONE),
        docker.services.create(ServiceSpec(name=NONE)),
        docker.services.update(NONE, ServiceSpec(name=NONE), version=1),
        docker.services.delete(NONE),
        opened(docker.services.logs(NONE)),
        docker.tasks.list(),
        docker.tasks.inspect(NONE),
        opened(docker.tasks.logs(NONE)),
        docker.configs.list(),
        docker.configs.inspect(NONE),
        docker.configs.create(ConfigSpec(name=NONE)),
        docker.configs.update(NONE, ConfigSpec(name=NONE), version=1),
        docker.configs.delete(NONE),
    ]
    if podman:
        calls += [docker.swarm.init(SwarmInitRequest()), docker.swarm.join(JOIN)]
    else:
        calls += [
            docker.secrets.list(),
            docker.secrets.inspect(NONE),
            docker.secrets.create(SecretSpec(name=NONE)),
            docker.secrets.update(NONE, SecretSpec(name=NONE), version=1),
            docker.secrets.delete(NONE),
        ]
    for call in calls:
        with pytest.raises(NotSupported if podman else ServerError) as caught:
            await call
        if not podman:
            assert caught.value.status == 503
            assert "swarm" in caught.value.message
    assert (await docker.system.info()).swarm.local_node_state == "inactive"


async def settings(docker: Docker) -> None:
    """A swarm has the settings given to `init`. An update replaces all of them, and needs the current version."""
    spec = SwarmSpec(
        labels={"rawdock-s": "1"},
        orchestration=SwarmOrchestration(task_history_retention_limit=3),
        dispatcher=SwarmDispatcher(heartbeat_period=6_000_000_000),
    )
    begin = SwarmInitRequest(spec=spec, default_addr_pool=["10.77.0.0/16"], subnet_size=26, data_path_port=4790)
    async with swarm(docker, begin) as node:
        found = await docker.swarm.inspect()
        assert found.spec.name == "default"
        assert found.spec.labels == {"rawdock-s": "1"}
        assert found.spec.orchestration.task_history_retention_limit == 3
        assert found.spec.dispatcher.heartbeat_period == 6_000_000_000
        assert found.spec.ca_config.node_cert_expiry > 0
        assert found.spec.raft.election_tick > found.spec.raft.heartbeat_tick > 0
        assert (found.default_addr_pool, found.subnet_size, found.data_path_port) == (["10.77.0.0/16"], 26, 4790)
        assert found.tls_info.trust_root.startswith("-----BEGIN CERTIFICATE-----")
        assert found.created_at
        assert not found.root_rotation_in_progress

        here = (await docker.system.info()).swarm
        assert (here.node_id, here.node_addr, here.local_node_state) == (node, "127.0.0.1", "active")
        assert (here.nodes, here.managers, here.control_available) == (1, 1, True)
        assert here.cluster.id == found.id
        assert [peer.addr for peer in here.remote_managers] == [SWARM]

        for call in (docker.swarm.init(SwarmInitRequest(listen_addr=SWARM)), docker.swarm.join(JOIN)):
            with pytest.raises(ServerError, match="already part of a swarm") as caught:
                await call
            assert caught.value.status == 503
        with pytest.raises(BadRequest, match="named"):
            await docker.swarm.update(found.spec.replace(name="other"), version=found.version.index)

        changed = found.spec.replace(labels={}, orchestration=SwarmOrchestration(task_history_retention_limit=1))
        await docker.swarm.update(changed, version=found.version.index)
        after = await docker.swarm.inspect()
        assert after.version.index > found.version.index
        assert after.updated_at != found.updated_at
        assert after.created_at == found.created_at
        assert after.spec.labels == {}
        assert after.spec.orchestration.task_history_retention_limit == 1
        assert after.spec.dispatcher.heartbeat_period == 6_000_000_000
        with pytest.raises(Conflict, match=STALE):
            await docker.swarm.update(changed, version=found.version.index)
        with pytest.raises(ServerError, match="Removing the last manager"):
            await docker.swarm.leave()
    assert (await docker.system.info()).swarm.local_node_state == "inactive"


def _another(before: SecretStr, after: SecretStr) -> bool:
    """Whether two secrets differ. A recording shows neither, so there it is true."""
    return after != before or after == SecretStr(REDACTED)


async def keys(docker: Docker) -> None:
    """There is an unlock key only with `auto_lock_managers`; each join token is rotated separately."""
    async with swarm(docker):
        assert not (await docker.swarm.unlock_key()).unlock_key
        with pytest.raises(Conflict, match="not locked"):
            await docker.swarm.unlock(UNLOCK)
        first = await docker.swarm.inspect()
        locks = first.spec.replace(encryption_config=SwarmEncryptionConfig(auto_lock_managers=True))
        await docker.swarm.update(locks, version=first.version.index)
        key = (await docker.swarm.unlock_key()).unlock_key
        assert key
        second = await docker.swarm.inspect()
        assert second.spec.encryption_config.auto_lock_managers
        await docker.swarm.update(locks, version=second.version.index, rotate_manager_unlock_key=True)
        assert _another(key, (await docker.swarm.unlock_key()).unlock_key)
        with pytest.raises(Conflict, match="not locked") as caught:
            await docker.swarm.unlock(SwarmUnlockRequest(unlock_key=key))
        assert "SWMKEY" not in caught.value.curl()

        third = await docker.swarm.inspect()
        tokens = third.join_tokens
        assert tokens == first.join_tokens
        assert tokens.worker
        assert tokens.manager
        await docker.swarm.update(first.spec, version=third.version.index, rotate_worker_token=True)
        assert not (await docker.swarm.unlock_key()).unlock_key
        fourth = await docker.swarm.inspect()
        assert _another(tokens.worker, fourth.join_tokens.worker)
        assert fourth.join_tokens.manager == tokens.manager
        await docker.swarm.update(first.spec, version=fourth.version.index, rotate_manager_token=True)
        fifth = await docker.swarm.inspect()
        assert fifth.join_tokens.worker == fourth.join_tokens.worker
        assert _another(tokens.manager, fifth.join_tokens.manager)
        assert "SWMTKN" not in repr(fifth)


async def _update(docker: Docker, id: str, change: Callable[[NodeSpec], NodeSpec]) -> None:
    """Update a node. Repeated on a version conflict, because the Engine still changes a new node itself."""
    while True:
        found = await docker.nodes.inspect(id)
        try:
            await docker.nodes.update(id, change(found.spec), version=found.version.index)
            return
        except ServerError as error:
            if STALE not in error.message:
                raise


async def nodes(docker: Docker) -> None:
    """The only node: listed, inspected, labelled and paused; it can be neither deleted nor demoted."""

    def labelled(spec: NodeSpec) -> NodeSpec:
        return spec.replace(labels={"disk": "slow"}, availability="pause")

    async def found(**filters: str) -> list[Node]:
        return await docker.nodes.list(filters={name.replace("_", "."): value for name, value in filters.items()})

    async with swarm(docker) as id:
        node = await docker.nodes.inspect(id)
        assert node.id == id
        assert (node.spec.role, node.spec.availability, node.spec.labels) == ("manager", "active", {})
        assert node.description.platform.os == "linux"
        assert node.description.resources.nano_cpus > 0
        assert node.description.engine.engine_version == (await docker.system.version()).version
        assert {"Log", "Network", "Volume"} <= {plugin.type for plugin in node.description.engine.plugins}
        assert node.status.addr == "127.0.0.1"
        assert node.manager_status is not None
        assert (node.manager_status.leader, node.manager_status.reachability) == (True, "reachable")
        assert (await docker.nodes.inspect(node.description.hostname)).id == id

        await _update(docker, id, labelled)
        (node,) = await found(node_label="disk=slow")
        assert (node.id, node.spec) == (id, NodeSpec(labels={"disk": "slow"}, availability="pause", role="manager"))
        for filters in ({"id": id}, {"name": node.description.hostname}, {"role": "manager"}):
            assert [item.id for item in await found(**filters)] == [id]
        assert await found(role="worker") == await found(node_label="disk=fast") == await found(label="disk") == []

        with pytest.raises(Conflict, match=STALE):
            await docker.nodes.update(id, node.spec, version=node.version.index - 1)
        with pytest.raises(BadRequest, match="last manager"):
            await docker.nodes.update(id, node.spec.replace(role="worker"), version=node.version.index)
        for force in (False, True):
            with pytest.raises(BadRequest, match="must be demoted"):
                await docker.nodes.delete(id, force=force)
        for call in (
            docker.nodes.inspect(NONE),
            docker.nodes.delete(NONE),
            docker.nodes.update(NONE, node.spec, version=1),
        ):
            with pytest.raises(NotFound, match=f"node {NONE} not found"):
                await call
        with pytest.raises(BadRequest, match="nonsense"):
            await found(nonsense="1")


async def volume(docker: Docker) -> None:
    """A cluster volume is updated by its id, and only its availability can change."""
    async with swarm(docker):
        access = AccessMode(scope="single", sharing="none", mount_volume=MountVolume())
        spec = ClusterVolumeSpec(group="one", access_mode=access, availability="active")
        name = "rawdock-s-cluster"
        config = VolumeCreateRequest(name=name, driver="rawdock-s-csi", cluster_volume_spec=spec)
        made = (await docker.volumes.create(config)).cluster_volume
        assert made is not None
        assert made.spec == spec
        assert made.info.volume_id == "", "there is no plugin to create it"
        (listed,) = (await docker.volumes.list(filters={"name": name})).volumes
        assert (listed.name, listed.driver, listed.scope) == (name, "rawdock-s-csi", "global")
        assert listed.cluster_volume == made

        update = VolumeUpdate(spec=spec.replace(group="two", availability="drain"))
        await docker.volumes.update(made.id, update, version=made.version.index)
        after = (await docker.volumes.inspect(name)).cluster_volume
        assert after is not None
        assert after.version.index > made.version.index
        assert after.spec == spec.replace(availability="drain")
        with pytest.raises(Conflict, match=STALE):
            await docker.volumes.update(made.id, update, version=made.version.index)
        for unknown in (NONE, name):
            with pytest.raises(NotFound, match=f"volume {unknown} not found"):
                await docker.volumes.update(unknown, update, version=after.version.index)
        await docker.volumes.delete(name, force=True)
        with pytest.raises(NotFound):
            await docker.volumes.inspect(name)
