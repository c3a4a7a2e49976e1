"""Volumes, mounts and file systems in memory."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from .._shown import shown
from ..errors import InvalidArgument
from ..models.common import Driver
from ..models.host_config import BindOptions, ImageOptions, Mount, TmpfsOptions, VolumeOptions
from .given import flag, items, named, one_of, text
from .sizes import size

__all__ = ["Volumes", "check_targets", "mounts", "tmpfs", "volumes"]

_VOLUME = '["data:/data", "./src:/src:ro"]'


class Volumes(NamedTuple):
    """Volumes as the Engine takes them: in three places."""

    binds: list[str]
    anonymous: list[str]
    mounts: list[Mount]
    targets: list[str]


def volumes(option: str, value: Any) -> Volumes:
    """Texts like `source:/target:ro` or `/target`, or mounts. A source that begins with a dot is a path from the
    current folder."""
    found = Volumes([], [], [], [])
    for item in items(option, value, _VOLUME):
        if isinstance(item, Mount):
            found.mounts.append(_checked(option, item))
            continue
        if not isinstance(item, str):
            raise InvalidArgument(f"{option}: expected a list like {_VOLUME} or of Mount, got {shown(item)} in it")
        parts = text(option, item).split(":")
        if len(parts) > 3 or not all(parts):
            raise InvalidArgument(f'{option}: {shown(item)} is not "source:/target", "source:/target:ro" or "/target"')
        if len(parts) == 1:
            found.anonymous.append(_absolute(option, parts[0], item))
            found.targets.append(parts[0])
            continue
        source, target = parts[:2]
        if source.startswith("~"):
            raise InvalidArgument(f'{option}: {shown(item)}: no shell replaces the ~; write f"{{Path.home()}}/..."')
        found.targets.append(_absolute(option, target, item))
        found.binds.append(":".join([_from_here(source), *parts[1:]]))
    return found


def _from_here(source: str) -> str:
    return os.path.abspath(source) if source.startswith(".") else source


def _absolute(option: str, path: str, given: Any) -> str:
    if not path.startswith("/"):
        raise InvalidArgument(f"{option}: {shown(given)}: {shown(path)} is not an absolute path of the container")
    if posixpath.normpath(path).lstrip("/") == "":
        raise InvalidArgument(f"{option}: {shown(given)}: the root folder of a container cannot be replaced")
    return path


def tmpfs(option: str, value: Any) -> dict[str, str]:
    """Paths, each with its options: `["/run:size=64m"]` or `{"/run": "size=64m"}`."""
    if isinstance(value, Mapping):
        given = dict(cast("Mapping[Any, Any]", value))
        for path, options in given.items():
            if not isinstance(path, str) or not isinstance(options, str):
                raise InvalidArgument(f'{option}: expected {{"/run": "size=64m"}}, got {shown(given)}; "" is no option')
        pairs = [(path, options) for path, options in given.items()]
    else:
        pairs = [text(option, item).partition(":")[::2] for item in items(option, value, '["/run:size=64m"]')]
    return {_absolute(option, str(path), path): str.__str__(options) for path, options in pairs}


def check_targets(targets: list[tuple[str, str]]) -> None:
    """Raise InvalidArgument if two options mount something at one path."""
    seen: dict[str, str] = {}
    for option, target in targets:
        path = posixpath.normpath(target)
        if path in seen:
            also = f" and {seen[path]}" if seen[path] != option else ""
            raise InvalidArgument(f"{option}{also}: two mounts have the target {shown(target)}; give each its own")
        seen[path] = option


_MOUNT = {
    "type": "type", "source": "source", "src": "source", "target": "target", "dst": "target", "destination": "target",
    "readonly": "read_only", "ro": "read_only", "read-only": "read_only", "consistency": "consistency",
    "bind-propagation": "bind propagation", "bind-nonrecursive": "bind non_recursive",
    "bind-recursive": "bind recursive", "bind-create-src": "bind create_mountpoint",
    "volume-nocopy": "volume no_copy", "volume-label": "volume labels",
    "volume-driver": "volume driver", "volume-opt": "volume options", "volume-subpath": "volume subpath",
    "image-subpath": "image subpath", "tmpfs-size": "tmpfs size_bytes", "tmpfs-mode": "tmpfs mode",
}  # fmt: skip
_EXAMPLE = '["type=bind,source=/host,target=/inside,readonly"]'
_FLAGS = {"read_only", "bind non_recursive", "bind create_mountpoint", "volume no_copy"}
_TYPES = one_of("bind", "volume", "tmpfs", "image", "cluster", "npipe")


def mounts(option: str, value: Any) -> list[Mount]:
    """Mounts, or texts like `type=bind,source=/host,target=/inside`, or mappings with these names."""
    found: list[Mount] = []
    for item in items(option, value, _EXAMPLE):
        if not isinstance(item, (Mount, str, Mapping)):
            raise InvalidArgument(f"{option}: expected a list like {_EXAMPLE} or of Mount, got {shown(item)} in it")
        found.append(_checked(option, item if isinstance(item, Mount) else _mount(option, item)))
    return found


def _checked(option: str, mount: Mount) -> Mount:
    if not isinstance(mount.target, str) or not mount.target:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"{option}: {shown(mount)} has no target; give the path in the container")
    _absolute(option, mount.target, mount.target)
    if mount.type == "bind" and not mount.source:
        raise InvalidArgument(f"{option}: a bind to {mount.target} has no source; give a path of the host")
    return mount


def _mount(option: str, given: Any) -> Mount:
    fields: dict[str, Any] = {"type": "volume"}
    parts: dict[str, dict[str, Any]] = {}
    for name, one in named(option, given, _MOUNT):
        value = _field(option, name, one)
        kind, blank, field = name.rpartition(" ")
        if not blank:
            fields[name] = value
        elif field in ("labels", "options"):
            parts.setdefault(kind, {}).setdefault(field, {}).update(value)
        else:
            parts.setdefault(kind, {})[field] = value
    _TYPES(f"{option}: type", fields["type"])
    if fields["type"] == "bind" and fields.get("source"):
        fields["source"] = _from_here(fields["source"])
    for kind in parts:
        if kind != fields["type"]:
            names = f"{kind}-* options"
            raise InvalidArgument(
                f"{option}: {shown(given)}: {names} are for mounts of type {kind}, not {fields['type']}"
            )
    return _with_options(option, fields, parts)


def _field(option: str, name: str, value: Any) -> Any:
    """One field of a mount, whose value may be text also if it is a number or a flag."""
    where = f"{option}: {name.rpartition(' ')[2]}"
    if name in _FLAGS:
        return _truth(where, value)
    if name == "tmpfs size_bytes":
        return size(where, value)
    if name == "tmpfs mode":
        return _mode(where, value)
    if name in ("volume labels", "volume options"):
        if isinstance(value, Mapping):
            pairs = cast("Mapping[Any, Any]", value).items()
            return {text(where, key): text(where, one) for key, one in pairs}
        key, _, rest = text(where, value).partition("=")
        return {key: rest}
    found = text(where, value)
    return found.lower() if name in ("type", "consistency", "bind propagation") else found


def _truth(where: str, value: Any) -> bool:
    """A flag, as the command reads one: alone it is set."""
    if isinstance(value, str) and value.lower() in ("true", "1", "t", "false", "0", "f"):
        return value.lower() in ("true", "1", "t")
    return True if value is None else flag(where, value)


def _mode(where: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
        return value
    if isinstance(value, str) and 0 < len(value) <= 5 and set(value) <= set("01234567"):
        return int(value, 8)
    raise InvalidArgument(f'{where}: expected permission bits like 0o1770 or "1770", got {shown(value)}')


def _with_options(option: str, fields: dict[str, Any], parts: dict[str, dict[str, Any]]) -> Mount:
    if bind := parts.get("bind"):
        recursive = bind.pop("recursive", "enabled")
        allowed = ("enabled", "disabled", "writable", "readonly")
        one_of(*allowed)(f"{option}: bind-recursive", recursive)
        if recursive == "disabled":
            bind["non_recursive"] = True
        elif recursive == "writable":
            bind["read_only_non_recursive"] = True
        elif recursive == "readonly":
            bind["read_only_force_recursive"] = True
        fields["bind_options"] = BindOptions(**bind)
    if volume := parts.get("volume"):
        driver, options = volume.pop("driver", ""), volume.pop("options", {})
        fields["volume_options"] = VolumeOptions(**volume, driver_config=Driver(name=driver, options=options))
    if "image" in parts:
        fields["image_options"] = ImageOptions(**parts["image"])
    if "tmpfs" in parts:
        fields["tmpfs_options"] = TmpfsOptions(**parts["tmpfs"])
    return Mount(**fields)
