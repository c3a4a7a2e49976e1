"""Plugins that the Engine manages: their configuration, settings and privileges."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, until, wire


class PluginArgs(Model):
    """The arguments that a plugin is started with."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Contains "value" if an operator may change them."""
    value: list[str] = []


class PluginDevice(Model):
    """A device of the host that a plugin gets."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Contains "path" if an operator may change it."""
    path: str = ""


class PluginEnv(Model):
    """An environment variable of a plugin."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Contains "value" if an operator may change it."""
    value: str | None = None
    """None leaves the variable without a value."""


class PluginMount(Model):
    """A mount that a plugin gets."""

    name: str = ""
    description: str = ""
    settable: list[str] = []
    """Contains "source" if an operator may change it."""
    source: str = ""
    destination: str = ""
    type: str = ""
    """A type of mount(8), like "bind" or "tmpfs"."""
    options: list[str] = []


class PluginInterface(Model):
    """The interface between the Engine and a plugin."""

    types: list[str] = []
    """The type of the interface, like "docker.volumedriver/1.0"."""
    socket: str = ""
    """Name of its socket."""
    protocol_scheme: str = ""
    """The protocol: moby.plugins.http/v1, or empty for the default."""


class PluginLinux(Model):
    """The Linux capabilities and devices of a plugin."""

    capabilities: list[str] = []
    """Added to the default ones, like "CAP_SYS_ADMIN"."""
    allow_all_devices: bool = False
    devices: list[PluginDevice] = []


class PluginNetwork(Model):
    """The network of a plugin."""

    type: str = ""
    """host, bridge or none."""


class PluginUser(Model):
    """The user of a plugin's process."""

    uid: Annotated[int, wire("UID")] = 0
    gid: Annotated[int, wire("GID")] = 0


class PluginRootFS(Model):
    """The layers of a plugin."""

    type: Annotated[str, wire("type")] = ""
    """Always "layers"."""
    diff_ids: Annotated[list[str], wire("diff_ids")] = []
    """Digests, the lowest layer first."""


class PluginConfig(Model):
    """The configuration of a plugin, as published by its author."""

    description: str = ""
    documentation: str = ""
    docker_version: Annotated[str, until("1.52")] = ""
    """The version of the Engine that created it."""
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
    """The path in the plugin whose mounts are visible to the host."""
    ipc_host: bool = False
    pid_host: bool = False
    root_fs: Annotated[PluginRootFS, wire("rootfs")] = PluginRootFS()


class PluginSettings(Model):
    """The settings of an installed plugin, which its operator may have changed."""

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
    """The reference that it was pulled from."""
    settings: PluginSettings = PluginSettings()
    config: PluginConfig = PluginConfig()


class PluginPrivilege(Model):
    """A privilege that a plugin needs. Pulling a plugin grants it all its privileges."""

    name: str = ""
    """Like network, mount, device or capabilities."""
    description: str = ""
    value: list[str] = []
