"""Plugins that the Engine manages: what they are made of, what can be set, and the rights they ask for."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, until, wire


class PluginArgs(Model):
    """The arguments that a plugin is started with."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Has "value" in it if an operator may change them."""
    value: list[str] = []


class PluginDevice(Model):
    """A device of the host that a plugin gets."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Has "path" in it if an operator may change it."""
    path: str = ""


class PluginEnv(Model):
    """An environment variable of a plugin."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Has "value" in it if an operator may change it."""
    value: str | None = None
    """None leaves the variable without a value."""


class PluginMount(Model):
    """A mount that a plugin gets."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Has "source" in it if an operator may change it."""
    source: str = ""
    destination: str = ""
    type: str = ""
    """As mount(8) knows it, like "bind" or "tmpfs"."""
    options: list[str] = []


class PluginInterface(Model):
    """How the Engine talks with a plugin."""

    types: list[str] = []
    """What it is, like "docker.volumedriver/1.0"."""
    socket: str = ""
    """Name of its socket."""
    protocol_scheme: str = ""
    """What is spoken over it: moby.plugins.http/v1, or empty for the usual one."""


class PluginLinux(Model):
    """What a plugin may do on Linux."""

    capabilities: list[str] = []
    """Added to the usual ones, like "CAP_SYS_ADMIN"."""
    allow_all_devices: bool = False
    devices: list[PluginDevice] = []


class PluginNetwork(Model):
    """The network of a plugin."""

    type: str = ""
    """host, bridge or none."""


class PluginUser(Model):
    """Whom a plugin runs as."""

    uid: Annotated[int, wire("UID")] = 0
    gid: Annotated[int, wire("GID")] = 0


class PluginRootFS(Model):
    """The layers of a plugin."""

    type: Annotated[str, wire("type")] = ""
    """Always "layers"."""
    diff_ids: Annotated[list[str], wire("diff_ids")] = []
    """Digests, the lowest layer first."""


class PluginConfig(Model):
    """A plugin as its author made it."""

    description: str = ""
    documentation: str = ""
    docker_version: Annotated[str, until("1.52")] = ""
    """The Engine that made it."""
    interface: PluginInterface = PluginInterface()
    entrypoint: list[str] = []
    args: PluginArgs = PluginArgs()
    work_dir: str = ""
    env: list[PluginEnv] = []
    user: PluginUser = PluginUser()
    network: PluginNetwork = PluginNetwork()
    linux: PluginLinux = PluginLinux()
    mounts: list[PluginMount] = []
    propagated_mount: str = ""
    """The path at which what it mounts is seen by the host."""
    ipc_host: bool = False
    pid_host: bool = False
    root_fs: Annotated[PluginRootFS, wire("rootfs")] = PluginRootFS()


class PluginSettings(Model):
    """What holds for a plugin here, as its operator may have set it."""

    args: list[str] = []
    env: list[str] = []
    """Like "NAME=value"."""
    mounts: list[PluginMount] = []
    devices: list[PluginDevice] = []


class Plugin(Model):
    """A plugin."""

    id: str = ""
    name: str = ""
    """With its tag."""
    enabled: bool = False
    plugin_reference: str = ""
    """Where it was pulled from."""
    settings: PluginSettings = PluginSettings()
    config: PluginConfig = PluginConfig()


class PluginPrivilege(Model):
    """A right that a plugin asks for. To pull one is to grant it all that it asks for."""

    name: str = ""
    """Like network, mount, device or capabilities."""
    description: str = ""
    value: list[str] = []
