"""Devices, graphics cards, rates of devices, and limits of processes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any, cast

from .._checks import is_whole_number
from .._shown import shown
from ..errors import InvalidArgument
from ..models.host_config import DeviceMapping, DeviceRequest, ThrottleDevice, Ulimit, WeightDevice
from .given import Parse, comma_separated, items, named, number, pairs, text
from .sizes import size

__all__ = ["cgroup_rules", "devices", "gpus", "rates", "ulimits", "weights"]

_CDI = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w.-]*=[\w.:-]+", re.ASCII)
_MODE = re.compile(r"(?!.*(.).*\1)[rwm]{1,3}")
_RULE = re.compile(r"[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}")


def devices(option: str, value: Any) -> tuple[list[DeviceMapping], list[DeviceRequest]]:
    """Texts like `/dev/fuse`, `/dev/sda:/dev/xvda:r`, or a name of the Container Device Interface; or DeviceMapping."""
    found: list[DeviceMapping] = []
    names: list[str] = []
    for item in items(option, value, '["/dev/fuse"]'):
        if isinstance(item, DeviceMapping):
            found.append(item)
        elif _CDI.fullmatch(text(option, item)):
            names.append(item)
        else:
            found.append(_device(option, item))
    return found, [DeviceRequest(driver="cdi", device_ids=names)] if names else []


def _device(option: str, given: str) -> DeviceMapping:
    parts = given.split(":")
    host, rest = parts[0], parts[1:]
    mode = rest.pop() if rest and _MODE.fullmatch(rest[-1]) else "rwm"
    inside = rest[0] if rest else host
    if len(rest) > 1 or not host or not inside.startswith("/"):
        example = '"/dev/fuse", "/dev/sda:/dev/xvda" or "/dev/sda:/dev/xvda:r"'
        raise InvalidArgument(f"{option}: {shown(given)} is not like {example}")
    if host.endswith("*"):
        raise InvalidArgument(f"{option}: {shown(given)}: name each device; glob.glob finds them")
    if inside is host:
        host = inside = posixpath.normpath(host)
    else:
        inside = posixpath.normpath(inside)
    return DeviceMapping(path_on_host=host, path_in_container=inside, cgroup_permissions=mode)


def cgroup_rules(option: str, value: Any) -> list[str]:
    """Rules like `c 13:* rwm`."""
    found = [text(option, item) for item in items(option, value, '["c 13:* rwm"]')]
    for one in found:
        if not _RULE.fullmatch(one):
            raise InvalidArgument(f'{option}: {shown(one)} is not a rule like "c 13:* rwm"')
    return found


_GPU = {name: name for name in ("driver", "count", "device", "capabilities", "options")}


def gpus(option: str, value: Any) -> list[DeviceRequest]:
    """`all`, a number, or fields like `device=0` or `driver=nvidia,count=2`; a mapping of them; or DeviceRequest."""
    if isinstance(value, DeviceRequest):
        return [value]
    request: Any = value
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int, Mapping)):
        raise InvalidArgument(f'{option}: expected "all", a number, "device=0" or a dict, got {shown(value)}')
    if value == "all" or isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit()):
        request = {"count": cast("Any", value)}
    elif isinstance(value, str):  # a field without a name is the count
        quoted = [one.replace('"', '""') for one in comma_separated(option, text(option, value))]
        request = ",".join(f'"{one}"' if "=" in one else f'"count={one}"' for one in quoted)
    given = named(option, request, _GPU)
    if len({name for name, _ in given}) < len(given):
        raise InvalidArgument(f"{option}: a name is given twice; several values are in quotes, like '\"device=0,1\"'")
    fields = dict(given)
    if "count" in fields and "device" in fields:
        raise InvalidArgument(f"{option}: count and device exclude each other; several are '\"device=0,1\"' in quotes")
    capabilities = _words(option, fields.get("capabilities", []))
    found = DeviceRequest(
        driver=text(f"{option}: driver", fields["driver"]) if "driver" in fields else "",
        count=_count(option, fields.get("count", 0 if "device" in fields else 1)),
        device_ids=_words(option, fields.get("device", [])),
        capabilities=[[*(one for one in capabilities if one != "gpu"), "gpu"]],
        options=_options(option, fields.get("options", {})),
    )
    return [found]


def _words(option: str, value: Any) -> list[str]:
    words = value.split(",") if isinstance(value, str) else items(option, value, '["0", "1"]')
    return [text(option, one) for one in words]


def _count(option: str, value: Any) -> int:
    if value == "all":
        return -1
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return cast("int", number(-1)(f"{option}: count", value))


def _options(option: str, value: Any) -> dict[str, str]:
    given = comma_separated(option, value) if isinstance(value, str) else value
    return cast("dict[str, str]", pairs("name=value")(f"{option}: options", given))


def _by_path(option: str, value: Any, example: str) -> list[tuple[str, Any]]:
    """`["/dev/sda:VALUE"]` or `{"/dev/sda": VALUE}`."""
    given: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        given += cast("Mapping[Any, Any]", value).items()
    else:
        for item in items(option, value, f'["/dev/sda:{example}"]'):
            path, _, rest = text(option, item).partition(":")
            given.append((path, rest))
    for path, _ in given:
        if not isinstance(path, str) or not path.startswith("/dev/"):
            raise InvalidArgument(f'{option}: {shown(path)} is not a device; write ["/dev/sda:{example}"]')
    return given


def _whole(option: str, value: Any, highest: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return cast("int", number(0, highest)(option, value))


def rates(*, bytes_: bool) -> Parse:
    """The maximum rate of devices, in bytes or operations per second."""

    def parse(option: str, value: Any) -> list[ThrottleDevice]:
        found: list[ThrottleDevice] = []
        for path, rate in _by_path(option, value, "1mb" if bytes_ else "1000"):
            number_ = size(option, rate) if bytes_ else _whole(option, rate, 2**63 - 1)
            found.append(ThrottleDevice(path=path, rate=number_))
        return found

    return parse


def weight(option: str, value: Any) -> int:
    """The weight of I/O."""
    found = _whole(option, value, 1000)
    if 0 < found < 10:
        raise InvalidArgument(f"{option}: expected 0, or from 10 to 1000, got {found}")
    return found


def weights(option: str, value: Any) -> list[WeightDevice]:
    """The weight of I/O at devices."""
    given = _by_path(option, value, "200")
    return [WeightDevice(path=path, weight=weight(f"{option}: {path}", one)) for path, one in given]


_LIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip
_ULIMITS = '["nofile=1024:2048"] or {"nofile": (1024, 2048)}'


def ulimits(option: str, value: Any) -> list[Ulimit]:
    """`["nofile=1024:2048"]`, `{"nofile": 1024}`, `{"nofile": (1024, 2048)}`, or Ulimit."""
    found: list[Ulimit] = []
    given: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        given += cast("Mapping[Any, Any]", value).items()
    else:
        for item in items(option, value, '["nofile=1024:2048"]'):
            if isinstance(item, Ulimit):
                found.append(item)
            else:
                name, _, rest = text(option, item).partition("=")
                given.append((name, rest))
    for name, limit in given:
        if name not in _LIMITS:
            raise InvalidArgument(f"{option}: {shown(name)} is not one of {', '.join(_LIMITS)}")
        soft, hard = _pair(option, name, limit)
        if hard != -1 and (soft == -1 or soft > hard):
            raise InvalidArgument(f"{option}: {name}: the soft limit {soft} is above the hard limit {hard}")
        found.append(Ulimit(name=name, soft=soft, hard=hard))
    return found


def _pair(option: str, name: str, limit: Any) -> tuple[int, int]:
    parts: list[Any] = [limit]
    whole: object = limit
    if isinstance(limit, str):
        parts = [int(x) if re.fullmatch("-1|[0-9]{1,18}", x) else x for x in limit.split(":")]
    elif isinstance(limit, (tuple, list)):
        parts = list(cast("list[Any]", limit))
    if len(parts) not in (1, 2) or not all(is_whole_number(part, -1) for part in parts):
        raise InvalidArgument(f"{option}: {name}: expected {_ULIMITS}, got {shown(whole)}")
    return parts[0], parts[-1]
