"""Generates answers with the size and fields of those of Docker 20.10."""

from __future__ import annotations

import json
from typing import Any

HEX = "0123456789abcdef" * 4
_OF_ENDPOINTS = {"IPAMConfig", "Links", "Aliases", "NetworkID", "DriverOpts"}


def endpoint() -> dict[str, Any]:
    return {
        "IPAMConfig": None, "Links": None, "Aliases": None, "NetworkID": HEX, "EndpointID": HEX,
        "Gateway": "172.17.0.1", "IPAddress": "172.17.0.2", "IPPrefixLen": 16, "IPv6Gateway": "",
        "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "MacAddress": "02:42:ac:11:00:02", "DriverOpts": None,
    }  # fmt: skip


def summary(number: int) -> dict[str, Any]:
    return {
        "Id": HEX, "Names": [f"/job-{number}"], "Image": "busybox:1.36", "ImageID": f"sha256:{HEX}",
        "Command": "sh -c 'while true; do date; sleep 1; done'", "Created": 1795489342 + number,
        "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8000 + number, "Type": "tcp"}],
        "Labels": {"org.example.project": "bench", "org.example.service": f"job-{number}", "org.example.number": "1"},
        "State": "running", "Status": "Up 26 seconds", "HostConfig": {"NetworkMode": "default"},
        "NetworkSettings": {"Networks": {"bridge": endpoint()}},
        "Mounts": [{"Type": "volume", "Name": f"data-{number}", "Source": "", "Destination": "/data",
                    "Driver": "local", "Mode": "z", "RW": True, "Propagation": ""}],
    }  # fmt: skip


def inspected() -> dict[str, Any]:
    nulls = (
        "Binds CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd SecurityOpt Devices DeviceCgroupRules "
        "DeviceRequests Ulimits BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps "
        "BlkioDeviceWriteIOps VolumesFrom PidsLimit OomKillDisable MemorySwappiness Links"
    )
    zeros = (
        "CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime KernelMemory "
        "KernelMemoryTCP MemoryReservation MemorySwap CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth OomScoreAdj"
    )
    empties = (
        "ContainerIDFile VolumeDriver Cgroup PidMode UTSMode UsernsMode CgroupParent CpusetCpus CpusetMems Isolation"
    )
    host: dict[str, Any] = dict.fromkeys(nulls.split())
    host |= dict.fromkeys(zeros.split(), 0) | dict.fromkeys(empties.split(), "")
    host |= {
        "LogConfig": {"Type": "json-file", "Config": {}}, "NetworkMode": "default", "PortBindings": {},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False, "CgroupnsMode": "private",
        "IpcMode": "private", "Privileged": False, "PublishAllPorts": False, "ReadonlyRootfs": False,
        "ShmSize": 67108864, "Runtime": "runc", "ConsoleSize": [0, 0],
        "MaskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
        "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    }  # fmt: skip
    return {
        "Id": HEX, "Created": "2026-11-24T03:02:20.123456789Z", "Path": "sh", "Args": ["-c", "sleep 1000"],
        "State": {"Status": "running", "Running": True, "Paused": False, "Restarting": False, "OOMKilled": False,
                  "Dead": False, "Pid": 4242, "ExitCode": 0, "Error": "",
                  "StartedAt": "2026-11-24T03:02:21.123456789Z", "FinishedAt": "0001-01-01T00:00:00Z"},
        "Image": f"sha256:{HEX}", "ResolvConfPath": f"/data/{HEX}/resolv.conf", "HostnamePath": f"/data/{HEX}/hostname",
        "HostsPath": f"/data/{HEX}/hosts", "LogPath": f"/data/{HEX}/{HEX}-json.log", "Name": "/job", "RestartCount": 0,
        "Driver": "overlay2", "Platform": "linux", "MountLabel": "", "ProcessLabel": "", "AppArmorProfile": "",
        "ExecIDs": None, "HostConfig": host,
        "GraphDriver": {"Name": "overlay2", "Data": {"LowerDir": f"/data/{HEX}", "UpperDir": f"/data/{HEX}"}},
        "Mounts": [],
        "Config": {"Hostname": HEX[:12], "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False,
                   "AttachStderr": False, "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": ["PATH=/bin"],
                   "Cmd": ["sh", "-c", "sleep 1000"], "Image": "busybox:1.36", "Volumes": None, "WorkingDir": "",
                   "Entrypoint": None, "OnBuild": None, "Labels": {"org.example": "bench"}},
        "NetworkSettings": {"Bridge": "", "SandboxID": HEX, "HairpinMode": False, "LinkLocalIPv6Address": "",
                            "LinkLocalIPv6PrefixLen": 0, "Ports": {}, "SandboxKey": "/var/run/docker/netns/0123",
                            "SecondaryIPAddresses": None, "SecondaryIPv6Addresses": None,
                            **{k: v for k, v in endpoint().items() if k not in _OF_ENDPOINTS},
                            "Networks": {"bridge": endpoint()}},
    }  # fmt: skip


def pull_line(number: int) -> bytes:
    current, total = number * 7919 % 78901234, 78901234
    bar = "=" * (50 * current // total)
    return (
        json.dumps(
            {
                "status": "Downloading",
                "progressDetail": {"current": current, "total": total},
                "progress": f"[{bar + '>':51}] {current / 1e6:.2f}MB/{total / 1e6:.2f}MB",
                "id": f"95cf1a2e{number % 16:04x}",
            },
            separators=(",", ":"),
        ).encode()
        + b"\r\n"
    )


def event_line() -> bytes:
    actor = {"ID": HEX, "Attributes": {"image": "busybox:1.36", "name": "job", "org.example": "bench"}}
    event = {
        "status": "start", "id": HEX, "from": "busybox:1.36", "Type": "container", "Action": "start", "Actor": actor,
        "scope": "local", "time": 1795489342, "timeNano": 1795489342123456789,
    }  # fmt: skip
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"
