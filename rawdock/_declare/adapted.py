"""Arguments that depend on which Engine is asked: what it would do without a word, against what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .._engine import UNKNOWN, Engine
from .._models.model import Model, field_or_wrong, is_from_engine
from .._versions import Version
from ..errors import NotSupported, RawdockError

if TYPE_CHECKING:
    from .._types import Filters

__all__ = ["EngineUnknown", "adapt", "refuse_ignored", "volume_prune_filters"]


class EngineUnknown(RawdockError):
    """The Engine has to be asked what it is, and the arguments encoded again. Never reaches a caller."""


class adapt(NamedTuple):
    """A parameter whose value depends on the Engine. The function is given the version, which knows the Engine."""

    function: Callable[[Version, Any], Any]


def _engine(version: Version) -> Engine:
    engine: Engine = getattr(version, "engine", UNKNOWN)
    if not engine.flavour:
        raise EngineUnknown("the Engine has not said what it is")
    return engine


# What Podman takes at the creation of a container, and ignores (5.4 to 6.1).
_IGNORED = {
    "masked_paths": 'security_opt=["mask=/path"] masks a path, and ["systempaths=unconfined"] unmasks all',
    "readonly_paths": 'security_opt=["systempaths=unconfined"] makes all of them writable',
    "device_requests": "devices names the devices",
}


def refuse_ignored(version: Version, spec: Any) -> Any:
    """Refuse what Podman would take and ignore. What an Engine has sent passes, and so does what is in `extra`."""
    from ..models import ContainerConfig, ContainerSpec, HostConfig

    if not isinstance(spec, ContainerConfig):
        return spec  # which is refused when it is encoded
    config = field_or_wrong(spec, "host_config") if isinstance(spec, ContainerSpec) else None
    asked = [name for name in _IGNORED if isinstance(config, HostConfig) and _is_asked(config, name)]
    mac_address = bool(field_or_wrong(spec, "mac_address")) and not is_from_engine(spec, "mac_address")
    if not (asked or mac_address) or _engine(version).flavour != "podman":
        return spec
    if asked:
        what, remedy = f"host_config.{asked[0]}", _IGNORED[asked[0]]
    else:
        what, remedy = "mac_address", "the one in networking_config.endpoints_config works"
    raise NotSupported(f"containers.create: Podman takes {what} and ignores it; {remedy}", status=501)


def _is_asked(config: Model, name: str) -> bool:
    value = field_or_wrong(config, name)
    # No paths at all is something to ask for, no devices is not.
    return value is not None and (value != [] or name != "device_requests") and not is_from_engine(config, name)


def volume_prune_filters(version: Version, filters: Filters | None) -> Filters | None:
    """The filters with which an Engine deletes the volumes that were asked for, and no others.

    Docker below API 1.42, and Podman below 6, delete volumes with a name always. Podman 6 does so as soon as there is a
    filter, but for `anonymous`.
    """
    if filters is not None and not isinstance(filters, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        return filters  # which is refused when it is encoded
    engine = _engine(version)
    podman = engine.flavour == "podman"
    every = filters is not None and _is_true(filters.get("all"))
    rest = {name: value for name, value in (filters or {}).items() if name != "all"}
    if version < (1, 42) or (podman and _major(engine.version) < 6):
        if not every:
            who = f"Podman {engine.version}" if podman else f"API {version[0]}.{version[1]}"
            raise NotSupported(
                f"volumes.prune: with {who} this deletes volumes that have a name as well; "
                "filters={'all': True} says that they may be deleted",
                status=501,
            )
        return rest or None
    if podman:
        return rest or None if every else {**rest, "anonymous": True}
    return filters


def _is_true(value: Any) -> bool:
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return any(one is True or one in ("1", "true", "True") for one in values)


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0
