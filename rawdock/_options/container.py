"""All options of a container, as the fields of its specification."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from .._shown import shown
from ..errors import InvalidArgument
from ..models.health import HealthConfig
from ..models.host_config import HostConfig, LogConfig, RestartPolicy
from ..models.networks import NetworkingConfig
from . import UNSET, devices, mounts, networks, ports, sizes
from .given import Parse, check_texts, flag, items, named, number, one_of, pairs, text, texts

__all__ = ["REFUSED", "fields"]


class _Field(NamedTuple):
    """An option that is one field."""

    name: str
    parse: Parse


def _capabilities(option: str, value: Any) -> list[str]:
    names = {text(option, item).strip().upper() for item in items(option, value, '["NET_ADMIN"] or ["ALL"]')}
    return sorted(name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}" for name in names)


def _absolute(option: str, value: Any) -> str:
    if not text(option, value).startswith("/"):
        raise InvalidArgument(f"{option}: {shown(value)} is not an absolute path of the container")
    return str.__str__(value)


def _entrypoint(option: str, value: Any) -> list[str]:
    """A program, or a list with its first arguments; an empty text runs `cmd` without an entrypoint."""
    if isinstance(value, str):
        return [str.__str__(value)]
    if not isinstance(value, (list, tuple)):
        raise InvalidArgument(f'{option}: expected "sh" or ["sh", "-c"], got {shown(value)}')
    words = cast("list[Any]", value)
    if not all(isinstance(word, str) for word in words):
        raise InvalidArgument(f'{option}: expected a list of texts, as ["sh", "-c"], got {shown(words)}')
    if words and not words[0]:
        raise InvalidArgument(f'{option}: the program is empty; for none write "" in place of the list')
    return [str.__str__(word) for word in words]


def _env(option: str, value: Any) -> list[str]:
    """A name alone is taken from the environment of this process; without a value there, it is removed."""
    if isinstance(value, Mapping):
        return [f"{name}={one}" for name, one in pairs("NAME=value")(option, value).items()]
    found: dict[str, str] = {}
    for item in cast("list[Any]", value) if isinstance(value, (list, tuple)) else [value]:
        if isinstance(value, (list, tuple)) and isinstance(item, str) and item and "=" not in item:
            found[item] = f"{item}={os.environ[item]}" if item in os.environ else str.__str__(item)
        else:
            given = [item] if isinstance(value, (list, tuple)) else value
            found |= {name: f"{name}={one}" for name, one in pairs("NAME=value")(option, given).items()}
    return list(found.values())


def _restart(option: str, value: Any) -> RestartPolicy:
    if isinstance(value, RestartPolicy):
        return value
    match = (
        re.fullmatch(r"(no|always|unless-stopped|on-failure)(?::([0-9]{1,9}))?", value)
        if isinstance(value, str)
        else None
    )
    if match is None or (match[2] and match[1] != "on-failure"):
        cure = '; in YAML write "no" in quotes' if value is False else ""
        expected = '"no", "always", "unless-stopped", "on-failure" or "on-failure:3"'
        raise InvalidArgument(f"{option}: expected {expected}, got {shown(value)}{cure}")
    return RestartPolicy(name=match[1], maximum_retry_count=int(match[2] or 0))


def _search(option: str, value: Any) -> list[str]:
    return [one if one == "." else one.rstrip(".") for one in texts('["example.com"]')(option, value)]


def _mode(*values: str, container: bool = False) -> Parse:
    """A namespace: one of some words, or that of a container."""

    def parse(option: str, value: Any) -> str:
        given = text(option, value)
        if given in values or (container and given.startswith("container:") and len(given) > len("container:")):
            return given
        words = [*values, *(["container:NAME"] if container else [])]
        raise InvalidArgument(f"{option}: {shown(value)} is not one of {', '.join(words)}")

    return parse


_CONFIG: dict[str, _Field] = {
    "domainname": _Field("domainname", text),
    "entrypoint": _Field("entrypoint", _entrypoint),
    "env": _Field("env", _env),
    "hostname": _Field("hostname", text),
    "labels": _Field("labels", pairs("name=value", key_alone=True)),
    "stop_signal": _Field("stop_signal", text),
    "stop_timeout": _Field("stop_timeout", number(-1)),
    "tty": _Field("tty", flag),
    "user": _Field("user", text),
    "working_dir": _Field("working_dir", _absolute),
}
_HOST: dict[str, _Field] = {
    "add_host": _Field("extra_hosts", networks.hosts),
    "annotations": _Field("annotations", pairs("name=value")),
    "blkio_weight": _Field("blkio_weight", devices.weight),
    "blkio_weight_device": _Field("blkio_weight_device", devices.weights),
    "cap_add": _Field("cap_add", _capabilities),
    "cap_drop": _Field("cap_drop", _capabilities),
    "cgroup_parent": _Field("cgroup_parent", text),
    "cgroupns": _Field("cgroupns_mode", _mode("host", "private")),
    "cpu_count": _Field("cpu_count", number(0)),
    "cpu_percent": _Field("cpu_percent", number(0, 100)),
    "cpu_period": _Field("cpu_period", number(0)),
    "cpu_quota": _Field("cpu_quota", number(-1)),
    "cpu_rt_period": _Field("cpu_realtime_period", number(0)),
    "cpu_rt_runtime": _Field("cpu_realtime_runtime", number(0)),
    "cpu_shares": _Field("cpu_shares", number(0)),
    "cpus": _Field("nano_cpus", sizes.nano_cpus),
    "cpuset_cpus": _Field("cpuset_cpus", text),
    "cpuset_mems": _Field("cpuset_mems", text),
    "device_cgroup_rule": _Field("device_cgroup_rules", devices.cgroup_rules),
    "device_read_bps": _Field("blkio_device_read_bps", devices.rates(bytes_=True)),
    "device_read_iops": _Field("blkio_device_read_iops", devices.rates(bytes_=False)),
    "device_write_bps": _Field("blkio_device_write_bps", devices.rates(bytes_=True)),
    "device_write_iops": _Field("blkio_device_write_iops", devices.rates(bytes_=False)),
    "dns": _Field("dns", networks.addresses),
    "dns_option": _Field("dns_options", texts('["ndots:2"]')),
    "dns_search": _Field("dns_search", _search),
    "group_add": _Field("group_add", texts('["audio"]')),
    "init": _Field("init", flag),
    "io_maxbandwidth": _Field("io_maximum_bandwidth", sizes.size),
    "io_maxiops": _Field("io_maximum_iops", number(0)),
    "ipc": _Field("ipc_mode", _mode("none", "private", "shareable", "host", container=True)),
    "isolation": _Field("isolation", one_of("default", "process", "hyperv")),
    "links": _Field("links", networks.links),
    "memory": _Field("memory", sizes.memory),
    "memory_reservation": _Field("memory_reservation", sizes.size),
    "memory_swap": _Field("memory_swap", sizes.size_or_unlimited),
    "memory_swappiness": _Field("memory_swappiness", number(-1, 100)),
    "oom_kill_disable": _Field("oom_kill_disable", flag),
    "oom_score_adj": _Field("oom_score_adj", number(-1000, 1000)),
    "pid": _Field("pid_mode", _mode("host", container=True)),
    "pids_limit": _Field("pids_limit", number(-1)),
    "privileged": _Field("privileged", flag),
    "publish_all": _Field("publish_all_ports", flag),
    "read_only": _Field("readonly_rootfs", flag),
    "restart": _Field("restart_policy", _restart),
    "rm": _Field("auto_remove", flag),
    "runtime": _Field("runtime", text),
    "shm_size": _Field("shm_size", sizes.size),
    "storage_opt": _Field("storage_opt", pairs("size=10G")),
    "sysctls": _Field("sysctls", pairs("net.ipv4.ip_forward=1")),
    "ulimits": _Field("ulimits", devices.ulimits),
    "userns": _Field("userns_mode", _mode("host")),
    "uts": _Field("uts_mode", _mode("host")),
    "volume_driver": _Field("volume_driver", text),
    "volumes_from": _Field("volumes_from", texts('["other:ro"]')),
}

REFUSED: dict[str, str] = {
    "cidfile": "the id is in the answer: created.id, or running.id",
    "command": "it is the second argument, a list: of(image, cmd)",
    "detach": "that is a matter of the call: containers.create and containers.start, or docker.run",
    "detach_keys": "it belongs to the call containers.attach",
    "disable_content_trust": "the docker command verifies signatures itself; the Engine has no such option",
    "env_file": "no file is read here; pass its lines as env",
    "kernel_memory": "API 1.42 has no such limit any more; memory limits both",
    "label_file": "no file is read here; pass its lines as labels",
    "name": "it belongs to the call: docker.run(spec, name=...) or containers.create(spec, name=...)",
    "platform": "it belongs to the call: docker.run(spec, platform=...) or containers.create(spec, platform=...)",
    "pull": "it belongs to the call: docker.run(spec, pull=...)",
    "quiet": "that is about the output of the docker command",
    "remove": "it belongs to the call: docker.run(spec, remove=...); rm=True lets the Engine remove the container",
    "sig_proxy": "that is about signals to the docker command",
    "timeout": "it belongs to the call: docker.run(spec, timeout=...)",
    "use_api_socket": "an experiment of the docker command, which passes the Engine's socket and credentials on",
}
"""Options of the docker command that are not of a container, each with its reason."""

_MEANT = {
    "annotation": "annotations", "auto_remove": "rm", "device": "devices", "environment": "env",
    "extra_hosts": "add_host", "health_cmd": "healthcheck", "health_interval": "healthcheck",
    "health_retries": "healthcheck",
    "health_start_interval": "healthcheck", "health_start_period": "healthcheck", "health_timeout": "healthcheck",
    "label": "labels", "link": "links", "mem_limit": "memory", "mount": "mounts", "nano_cpus": "cpus",
    "network_mode": "network", "networks": "network", "no_healthcheck": "healthcheck",
    "port_bindings": "ports", "publish": "ports", "readonly": "read_only", "restart_policy": "restart",
    "stdin_open": "interactive", "sysctl": "sysctls", "ulimit": "ulimits", "volume": "volumes",
    "workdir": "working_dir",
}  # fmt: skip


def unknown(name: str) -> InvalidArgument:
    """The error for an option that there is not."""
    if name in REFUSED:
        return InvalidArgument(f"{name} is no option of a container: {REFUSED[name]}")
    cure = f"; it is called {_MEANT[name]} here" if name in _MEANT else ""
    return InvalidArgument(f"{name} is no option of docker run{cure}")


def fields(image: Any, cmd: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ContainerSpec. Options that are UNSET are not given."""
    given = {name: value for name, value in options.items() if value is not UNSET}
    for name, value in given.items():
        if value is None:
            raise InvalidArgument(f"{name}: is None; leave the option out, or give a value")
        check_texts(name, value)
    check_texts("image", image)
    check_texts("cmd", cmd)
    found: dict[str, Any] = {"image": _image(image)}
    if cmd is not None:
        found["cmd"] = _cmd(cmd)
    host: dict[str, Any] = {}
    for name, value in given.items():
        if name in _CONFIG:
            found[_CONFIG[name].name] = _CONFIG[name].parse(name, value)
        elif name in _HOST:
            host[_HOST[name].name] = _HOST[name].parse(name, value)
        elif name not in _COMPOUND:
            raise unknown(name)
    for names, add in _GROUPS:
        if names & given.keys():
            add(given, found, host)
    _check_limits(host)
    if host:
        found["host_config"] = HostConfig(**host)
    return found


def _image(image: Any) -> str:
    if isinstance(image, str) and image:
        return str.__str__(image)
    raise InvalidArgument(f"image: expected the name or the id of an image, got {shown(image)}")


def _cmd(cmd: Any) -> list[str]:
    if isinstance(cmd, (list, tuple)):
        for item in cast("list[Any]", cmd):
            if not isinstance(item, str):
                raise InvalidArgument(f"cmd: expected a list of texts, got {shown(item)} in it; write it as text")
        return [str.__str__(item) for item in cast("list[str]", cmd)]
    cure = f'; for a shell write ["sh", "-c", {shown(cmd)}]' if isinstance(cmd, str) else ""
    raise InvalidArgument(f'cmd: expected a list like ["echo", "hello"], got {shown(cmd)}{cure}')


# Options that are several fields, or parts of one.

_Add = Callable[[Mapping[str, Any], dict[str, Any], dict[str, Any]], None]


def _add_streams(given: Mapping[str, Any], found: dict[str, Any], _: dict[str, Any]) -> None:
    words = [text("attach", item).lower() for item in items("attach", given.get("attach", []), '["stdout", "stderr"]')]
    for word in words:
        found[f"attach_{one_of('stdin', 'stdout', 'stderr')('attach', word)}"] = True
    if flag("interactive", given.get("interactive", False)):
        found["open_stdin"] = True
        if given.get("attach"):
            found |= {"attach_stdin": True, "stdin_once": True}  # it ends when who gave it leaves


def _add_ports(given: Mapping[str, Any], found: dict[str, Any], host: dict[str, Any]) -> None:
    bindings = ports.published("ports", given["ports"]) if "ports" in given else {}
    exposed = ports.exposed("expose", given["expose"]) if "expose" in given else []
    if bindings:
        host["port_bindings"] = bindings
    if bindings or exposed:
        found["exposed_ports"] = {port: {} for port in dict.fromkeys([*bindings, *exposed])}


def _add_mounts(given: Mapping[str, Any], found: dict[str, Any], host: dict[str, Any]) -> None:
    volumes = mounts.volumes("volumes", given.get("volumes", []))
    more = mounts.mounts("mounts", given.get("mounts", []))
    memory = mounts.tmpfs("tmpfs", given.get("tmpfs", []))
    targets = [("volumes", path) for path in [*volumes.targets, *(one.target for one in volumes.mounts)]]
    targets += [("mounts", mount.target) for mount in more]
    mounts.check_targets([*targets, *(("tmpfs", path) for path in memory)])
    if volumes.binds:
        host["binds"] = volumes.binds
    if volumes.anonymous:
        found["volumes"] = {path: {} for path in volumes.anonymous}
    if volumes.mounts or more:
        host["mounts"] = [*volumes.mounts, *more]
    if memory:
        host["tmpfs"] = memory


def _add_devices(given: Mapping[str, Any], _: dict[str, Any], host: dict[str, Any]) -> None:
    requests = devices.gpus("gpus", given["gpus"]) if "gpus" in given else []
    mapped, named_devices = devices.devices("devices", given.get("devices", []))
    if mapped:
        host["devices"] = mapped
    if requests or named_devices:
        host["device_requests"] = [*requests, *named_devices]


_ENDPOINT: dict[str, _Field] = {
    "network_alias": _Field("aliases", texts('["web"]')),
    "ip": _Field("ip", networks.ip(4)),
    "ip6": _Field("ip6", networks.ip(6)),
    "link_local_ip": _Field("link_local_ip", networks.addresses),
    "mac_address": _Field("mac_address", networks.mac),
    "links": _Field("links", networks.links),
}


def _add_networks(given: Mapping[str, Any], found: dict[str, Any], host: dict[str, Any]) -> None:
    first = {_ENDPOINT[name].name: _ENDPOINT[name].parse(name, given[name]) for name in _ENDPOINT if name in given}
    mode, endpoints = networks.networks("network", given.get("network", "default"), first)
    if mode:
        host["network_mode"] = mode
    if endpoints:
        found["networking_config"] = NetworkingConfig(endpoints_config=endpoints)


def _add_log(given: Mapping[str, Any], _: dict[str, Any], host: dict[str, Any]) -> None:
    driver = text("log_driver", given["log_driver"]) if "log_driver" in given else ""
    config = pairs("max-size=10m")("log_opt", given.get("log_opt", {}))
    if driver == "none" and config:
        raise InvalidArgument('log_opt: the log_driver "none" has no options')
    host["log_config"] = LogConfig(type=driver, config=config)


def _add_security(given: Mapping[str, Any], _: dict[str, Any], host: dict[str, Any]) -> None:
    options: list[str] = []
    for one in texts('["no-new-privileges"]')("security_opt", given["security_opt"]):
        if one == "systempaths=unconfined":
            host |= {"masked_paths": [], "readonly_paths": []}
            continue
        name, separator, rest = one.partition("=") if "=" in one else one.partition(":")
        if not separator and name != "no-new-privileges":
            raise InvalidArgument(f'security_opt: {shown(one)} is not like "apparmor=unconfined"')
        options.append(f"seccomp={_profile(rest)}" if name == "seccomp" else one)
    host["security_opt"] = options


def _profile(given: str) -> str:
    if given in ("unconfined", "builtin"):
        return given
    try:
        return json.dumps(json.loads(given), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        cure = f'f"seccomp={{Path({given!r}).read_text()}}"'
        raise InvalidArgument(
            f"security_opt: no file is read here: for a profile in a file write {cure[:200]}"
        ) from None


_HEALTH = {
    "cmd": "cmd", "test": "cmd", "interval": "interval", "timeout": "timeout", "retries": "retries",
    "start-period": "start_period", "start-interval": "start_interval",
}  # fmt: skip


def _add_health(given: Mapping[str, Any], found: dict[str, Any], _: dict[str, Any]) -> None:
    found["healthcheck"] = _health("healthcheck", given["healthcheck"])


def _health(option: str, value: Any) -> HealthConfig:
    """False for none; the text of a shell command, or a list of words; a mapping with `cmd`, times and `retries`."""
    if isinstance(value, HealthConfig):
        return value
    if value is False:
        return HealthConfig(test=["NONE"])
    if isinstance(value, (str, list, tuple)):
        return HealthConfig(test=_test(option, value))
    if not isinstance(value, Mapping) or not value:
        expected = 'a command, {"cmd": "...", "interval": "30s"}, or False for none'
        raise InvalidArgument(f"{option}: expected {expected}, got {shown(cast('object', value))}")
    parts: dict[str, Any] = {}
    for name, one in named(option, value, _HEALTH):
        where = f"{option}: {name}"
        if name == "cmd":
            parts["test"] = _test(where, one)
        else:
            parts[name] = number(0)(where, one) if name == "retries" else sizes.nanoseconds(where, one)
    return HealthConfig(**parts)


def _test(option: str, value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)):
        return ["CMD-SHELL", text(option, value)]
    words = texts('["curl", "-f", "http://localhost"]')(option, value)
    if not words:
        raise InvalidArgument(f"{option}: is empty; leave it out")
    return words if words[0] in ("CMD", "CMD-SHELL", "NONE") else ["CMD", *words]


_GROUPS: tuple[tuple[set[str], _Add], ...] = (
    ({"attach", "interactive"}, _add_streams),
    ({"ports", "expose"}, _add_ports),
    ({"volumes", "mounts", "tmpfs"}, _add_mounts),
    ({"devices", "gpus"}, _add_devices),
    ({"network", *_ENDPOINT}, _add_networks),
    ({"log_driver", "log_opt"}, _add_log),
    ({"security_opt"}, _add_security),
    ({"healthcheck"}, _add_health),
)
_COMPOUND = frozenset(name for names, _ in _GROUPS for name in names)


def _check_limits(host: Mapping[str, Any]) -> None:
    """What the Engine would refuse, in the names of the options."""
    memory, swap, soft = (host.get(name, 0) for name in ("memory", "memory_swap", "memory_reservation"))
    if swap and not memory:
        raise InvalidArgument("memory_swap: needs memory too; it limits memory and swap together")
    if 0 < swap < memory:
        raise InvalidArgument("memory_swap: is less than memory; it limits memory and swap together")
    if memory and soft > memory:
        raise InvalidArgument("memory_reservation: is more than memory")
    if host.get("nano_cpus") and (host.get("cpu_period") or host.get("cpu_quota")):
        raise InvalidArgument("cpus: cannot be set together with cpu_period or cpu_quota, which say the same")
    policy = host.get("restart_policy")
    if host.get("auto_remove") and policy is not None and policy.name not in ("", "no"):
        raise InvalidArgument(
            "rm: cannot be set together with restart: a container that is removed does not start again"
        )
