"""Plugins managed by the Engine."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported, ServerError, StreamError
from rawdock.models import HostConfig, PluginPrivilege

from .kit import BUSYBOX, OPEN, container, engine_of, tar

NONE = "rawdock-s-none"
FIRST, SECOND = f"{OPEN}/rawdock-s-plugin:1", f"{OPEN}/rawdock-s-plugin:2"
RENAMED = "rawdock-s-renamed:latest"
RIGHTS = [
    PluginPrivilege(name="network", description="permissions to access a network", value=["host"]),
    PluginPrivilege(name="mount", description="host path to mount", value=["/tmp"]),
    PluginPrivilege(
        name="capabilities", description="list of additional capabilities required", value=["CAP_SYS_ADMIN"]
    ),
]


def _config(description: str, **more: object) -> bytes:
    config = {
        "description": description,
        "entrypoint": ["/rawdock-s-none"],
        "workdir": "/",
        "interface": {"types": ["docker.volumedriver/1.0"], "socket": "rawdock-s.sock"},
        "network": {"type": "none"},
        **more,
    }
    return json.dumps(config).encode()


def _archive(description: str) -> bytes:
    """A plugin that cannot be started. Each has different files, because Engines fail on a layer that they have."""
    config = _config(
        description,
        network={"type": "host"},
        linux={"capabilities": ["CAP_SYS_ADMIN"]},
        args={"name": "words", "settable": ["value"], "value": ["x"]},
        env=[
            {"name": "FREE", "description": "one to set", "settable": ["value"], "value": "0"},
            {"name": "FIXED", "value": "1"},
        ],
        mounts=[
            {
                "name": "folder",
                "source": "/tmp",
                "destination": "/host",
                "type": "bind",
                "options": ["bind"],
                "settable": ["source"],
            }
        ],
    )
    return tar({"config.json": config, "rootfs": None, "rootfs/hello": description.encode()})


async def _no_plugins(docker: Docker) -> None:
    for plugin in await docker.plugins.list():
        if plugin.name in (FIRST, SECOND, RENAMED):
            await docker.plugins.delete(plugin.name, force=True)


@asynccontextmanager
async def _without(docker: Docker) -> AsyncGenerator[None, None]:
    """Remove the plugins of these scenarios, before and after the block."""
    await _no_plugins(docker)
    try:
        yield
    finally:
        await _no_plugins(docker)


async def made(docker: Docker) -> None:
    """Create a plugin from an archive, inspect it and change its settings; without its program it cannot start."""
    async with _without(docker):
        await docker.plugins.create(_archive("made"), name=FIRST)
        plugin = await docker.plugins.inspect(FIRST)
        assert (plugin.name, plugin.plugin_reference, plugin.enabled) == (FIRST, FIRST, False)
        assert (plugin.config.description, plugin.config.entrypoint) == ("made", ["/rawdock-s-none"])
        assert (plugin.config.interface.types, plugin.config.interface.socket) == (
            ["docker.volumedriver/1.0"],
            "rawdock-s.sock",
        )
        assert plugin.config.network.type == "host"
        assert plugin.config.linux.capabilities == ["CAP_SYS_ADMIN"]
        assert [(item.name, item.value, item.settable) for item in plugin.config.env] == [
            ("FREE", "0", ["value"]),
            ("FIXED", "1", []),
        ]
        (layer,) = plugin.config.root_fs.diff_ids
        assert layer.startswith("sha256:")
        assert plugin.settings.env == ["FREE=0", "FIXED=1"]
        assert plugin.settings.args == ["x"]
        assert plugin.settings.mounts == plugin.config.mounts
        for name in (plugin.id, plugin.id[:12]):
            assert await docker.plugins.inspect(name) == plugin
        for filters in ({"enabled": False}, {"capability": "volumedriver"}):
            assert plugin in await docker.plugins.list(filters=filters)
        for filters in ({"enabled": True}, {"capability": "networkdriver"}):
            assert plugin not in await docker.plugins.list(filters=filters)

        await docker.plugins.set(FIRST, ["FREE=1", "folder.source=/var", "words=y z"])
        settings = (await docker.plugins.inspect(FIRST)).settings
        assert settings.env == ["FREE=1", "FIXED=1"]
        assert settings.args == ["y", "z"]
        assert [mount.source for mount in settings.mounts] == ["/var"]
        for wrong, why in (("FIXED=2", "not settable"), (f"{NONE}=1", "not found")):
            with pytest.raises(ServerError, match=why):
                await docker.plugins.set(FIRST, [wrong])

        with pytest.raises(ServerError, match="rawdock-s-none"):
            await docker.plugins.enable(FIRST, timeout=1)
        with pytest.raises(Conflict, match="already disabled"):
            await docker.plugins.disable(FIRST)
        assert not (await docker.plugins.inspect(FIRST)).enabled
        await docker.plugins.delete(FIRST)
        with pytest.raises(NotFound):
            await docker.plugins.inspect(FIRST)


async def pulled(docker: Docker) -> None:
    """Push a plugin, pull it under another name with the privileges that it requires, and upgrade it."""
    async with _without(docker):
        for name in (FIRST, SECOND):
            await docker.plugins.create(_archive(name), name=name)
            async with docker.plugins.push(name) as push:
                seen = [line.status async for line in push]
                pushed = await push.result()
            assert "Upload complete" in seen or "Already exists" in seen
            assert pushed.tag == name[-1]
            assert pushed.digest.startswith("sha256:")
            assert pushed.size > 0
            await docker.plugins.delete(name)
        rights = await docker.plugins.get_privileges(remote=FIRST)
        assert rights == RIGHTS

        with pytest.raises(StreamError, match="incorrect privileges"):
            await docker.plugins.pull([], remote=FIRST, name=RENAMED)
        async with docker.plugins.pull(rights, remote=FIRST, name=RENAMED) as pull:
            lines = [line async for line in pull]
            result = await pull.result()
        # The digest varies if another Engine pushes the same names at the same time.
        assert [line for line in lines if line.status.startswith("Digest: sha256:")]
        assert "Complete" in [line.status for line in lines]
        assert result.progress.fraction == 1.0
        plugin = await docker.plugins.inspect(RENAMED)
        assert (plugin.name, plugin.plugin_reference, plugin.enabled) == (RENAMED, FIRST, False)
        assert plugin.config.description == FIRST
        with pytest.raises(Conflict, match="already exists"):
            await docker.plugins.pull(rights, remote=FIRST, name=RENAMED)

        await docker.plugins.set(RENAMED, ["FREE=2"])
        with pytest.raises(StreamError, match="incorrect privileges"):
            await docker.plugins.upgrade(RENAMED, [], remote=SECOND)
        await docker.plugins.upgrade(RENAMED, rights, remote=SECOND)
        upgraded = await docker.plugins.inspect(RENAMED)
        assert (upgraded.id, upgraded.name, upgraded.plugin_reference) == (plugin.id, RENAMED, SECOND)
        assert upgraded.config.description == SECOND
        assert upgraded.settings.env == ["FREE=2", "FIXED=1"]


async def errors(docker: Docker) -> None:
    """Errors: missing plugins, data that is not a plugin, and names in use."""
    calls: list[Awaitable[Any]] = [
        docker.plugins.inspect(NONE),
        docker.plugins.delete(NONE),
        docker.plugins.enable(NONE),
        docker.plugins.disable(NONE),
        docker.plugins.set(NONE, ["A=1"]),
        docker.plugins.push(NONE),
        docker.plugins.upgrade(NONE, [], remote=FIRST),
    ]
    if not (await engine_of(docker)).can("have plugins"):
        calls += [
            docker.plugins.create(_archive("errors"), name=NONE),
            docker.plugins.pull([], remote=FIRST),
            docker.plugins.get_privileges(remote=FIRST),
        ]
        for call in calls:
            with pytest.raises(NotSupported):
                await call
        with pytest.raises(NotSupported, match="not supported"):
            await docker.plugins.list()
        return
    for call in calls:
        with pytest.raises(NotFound, match=f'plugin "{NONE}(:latest)?" not found'):
            await call
    async with _without(docker):
        await docker.plugins.create(_archive("errors"), name=FIRST)
        with pytest.raises(Conflict, match="already exists"):
            await docker.plugins.create(_archive("errors again"), name=FIRST)
    with pytest.raises(ServerError, match="config not found"):
        await docker.plugins.create(tar({"rootfs": None}), name=FIRST)
    with pytest.raises(ServerError, match="failed to read from tar"):
        await docker.plugins.create(b"x" * 1024, name=FIRST)
    with pytest.raises((BadRequest, ServerError), match="must be lowercase"):
        await docker.plugins.create(_archive("named"), name="NoName")
    with pytest.raises(BadRequest, match="nonsense"):
        await docker.plugins.list(filters={"nonsense": "1"})

    gone = f"{OPEN}/{NONE}:1"
    assert await docker.plugins.get_privileges(remote=gone) == [], "a missing plugin requires no privileges"
    with pytest.raises((NotFound, ServerError), match=NONE):
        await docker.plugins.pull([], remote=gone)
    with pytest.raises(ServerError, match="did not find plugin config"):
        await docker.plugins.get_privileges(remote=BUSYBOX)
    with pytest.raises(StreamError, match="config is missing"):
        await docker.plugins.pull([], remote=BUSYBOX, name=RENAMED)


# Copies docker-registry and its libraries from the Engine's machine: the only program there that listens on a socket.
_COLLECT = """
cd /plugin/rootfs && mkdir bin lib lib64 &&
cp -L /engine/usr/bin/docker-registry bin/registry &&
cp -L /engine/lib/*/libc.so.6 lib/ && cp -L /engine/lib/*/ld-linux-* lib64/
"""
_LISTEN = b"""
version: 0.1
storage: {inmemory: {}}
http: {net: unix, addr: /run/docker/plugins/rawdock-s.sock}
"""


async def enabled(docker: Docker) -> None:
    """A plugin with a running program is enabled and disabled; while enabled, it can be neither deleted nor set."""
    binds = ["/usr:/engine/usr:ro", "/lib:/engine/lib:ro"]
    config = _config("listens", entrypoint=["/bin/registry", "serve", "/settings.yml"])
    files = tar({"plugin": None, "plugin/config.json": config, "plugin/rootfs": None})
    settings = tar({"plugin/rootfs/settings.yml": _LISTEN})
    collector = container(docker, "rawdock-s-collector", ["sh", "-c", _COLLECT], host_config=HostConfig(binds=binds))
    async with _without(docker), collector as id:
        await docker.containers.put_archive(id, files, path="/")
        await docker.containers.put_archive(id, settings, path="/")
        await docker.containers.start(id)
        if (await docker.containers.wait(id)).status_code:
            pytest.skip("the Engine's machine has no docker-registry to make a plugin of")
        async with docker.containers.archive(id, path="/plugin/.") as archive:
            await docker.plugins.create(archive, name=FIRST)
        await docker.plugins.enable(FIRST, timeout=5)
        assert (await docker.plugins.inspect(FIRST)).enabled
        assert [plugin.name for plugin in await docker.plugins.list(filters={"enabled": True})] == [FIRST]
        with pytest.raises(Conflict, match="already enabled"):
            await docker.plugins.enable(FIRST)
        with pytest.raises(Conflict, match="is enabled"):
            await docker.plugins.delete(FIRST)
        with pytest.raises((Conflict, ServerError), match="cannot set on an active plugin"):
            await docker.plugins.set(FIRST, ["A=1"])
        await docker.plugins.disable(FIRST)
        assert not (await docker.plugins.inspect(FIRST)).enabled
        await docker.plugins.enable(FIRST)
        await docker.plugins.disable(FIRST, force=True)
        await docker.plugins.enable(FIRST)
        await docker.plugins.delete(FIRST, force=True)
        assert FIRST not in [plugin.name for plugin in await docker.plugins.list()]


enabled.live_only = True  # type: ignore[attr-defined]  # its recording would have more than 20 MB
