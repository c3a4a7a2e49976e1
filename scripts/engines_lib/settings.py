"""The configuration files of an engine and of the registries in its network, written at each start."""

from __future__ import annotations

import json
import os
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

from .catalog import Spec
from .certificates import make_certificates
from .rootless import RUNTIME_FOLDER, USER_ID

TLS_PORT = 2376
"""Where a Docker engine listens with TLS, on 127.0.0.1 in its own network."""

OPEN, WITH_PASSWORD, FAULTY, FAULTY_WITH_TOKEN = REGISTRY_PORTS = (5000, 5001, 5002, 5003)

# user ada, password s3cret; bcrypt, because the registry supports no other hash
_HTPASSWD = "ada:$2b$05$rawdockrawdockrawdocku3VhtrzFT7LkRPETrru18AVHv.9hHuU.\n"


_TLS_FILES = {"cacert": "ca", "cert": "cert", "key": "key"}

# A rootless dockerd has a network of its own inside the engine's, so the registries are started there once more.
_ROOTLESS_DOCKERD = """\
#!/bin/sh
for registry in open auth; do docker-registry serve "$HOME/registry-$registry.yml" >/dev/null 2>&1 & done
exec dockerd "$@"
"""


@dataclass(frozen=True)
class Places:
    """The paths of an engine's files."""

    root: Path
    state: Path
    images: Path  # the storage of the registries, shared by all engines

    @property
    def socket(self) -> Path:
        return self.state / "docker.sock"

    @property
    def certificates(self) -> Path:
        """The folder with `server` and `client`, for the engine's TLS port."""
        return self.state / "tls"

    @property
    def launcher(self) -> Path:
        return self.state / "launcher.pid"

    @property
    def log(self) -> Path:
        return self.state / "engine.log"

    @property
    def launch_log(self) -> Path:
        return self.state / "launch.log"


def write_settings(spec: Spec, places: Places) -> str:
    """Write all configuration files. Returns the engine's command line."""
    (places.state / "tmp").mkdir(parents=True, exist_ok=True)
    (places.state / "htpasswd").write_text(_HTPASSWD)
    _write_registry(places, "open", OPEN, {})
    auth = {"htpasswd": {"realm": "tests", "path": str(places.state / "htpasswd")}}
    _write_registry(places, "auth", WITH_PASSWORD, {"auth": auth})
    if spec.rootless:
        for folder in (places.state, places.state / "tmp"):
            os.chown(folder, USER_ID, USER_ID)
    return _docker(spec, places) if spec.kind == "docker" else _podman(spec, places)


def _write_registry(places: Places, name: str, port: int, more: dict[str, object]) -> None:
    settings = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(places.images)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "x"},
        **more,
    }
    (places.state / f"registry-{name}.yml").write_text(json.dumps(settings))  # JSON is YAML


def _docker(spec: Spec, places: Places) -> str:
    state = places.state
    settings: dict[str, object] = {
        "hosts": [f"unix://{places.socket}"],
        "data-root": f"{state}/data",
        "exec-root": f"{state}/exec",
        "pidfile": f"{state}/docker.pid",
        "bip": f"{spec.subnet(0)}.0.1/24",
        "default-address-pools": [{"base": f"{spec.subnet(1)}.0.0/16", "size": 24}],
        "experimental": True,
        "registry-mirrors": [f"http://127.0.0.1:{OPEN}"],  # a mirror of docker.io, so that `busybox:1` is found
        "storage-driver": "overlayfs" if spec.containerd_store else "overlay2",
    }
    if spec.containerd_store:
        settings["features"] = {"containerd-snapshotter": True}
    if spec.rootless:
        (state / "dockerd.sh").write_text(_ROOTLESS_DOCKERD)
        (state / "dockerd.sh").chmod(0o755)
    elif make_certificates(places.certificates):
        server = places.certificates / "server"
        settings["hosts"] = [f"unix://{places.socket}", f"tcp://127.0.0.1:{TLS_PORT}"]
        settings["tlsverify"] = True
        settings |= {f"tls{name}": f"{server}/{file}.pem" for name, file in _TLS_FILES.items()}
    # Remove pid files of earlier runs, because other processes may have these pids by now.
    (state / "docker.pid").unlink(missing_ok=True)
    shutil.rmtree(state / "exec", ignore_errors=True)
    (state / "daemon.json").write_text(json.dumps(settings))
    program = "/usr/share/docker.io/contrib/dockerd-rootless.sh" if spec.rootless else "dockerd"
    return f"{program} --config-file {state}/daemon.json"


def _podman(spec: Spec, places: Places) -> str:
    system = places.root / "etc/containers"
    system.mkdir(exist_ok=True)
    (system / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}\n')
    folder = places.state if spec.rootless else system  # the root folder is shared
    (folder / "containers.conf").write_text(_containers_conf(spec))
    (folder / "registries.conf").write_text(_registries_conf())
    run = RUNTIME_FOLDER if spec.rootless else "/run"
    return (
        f"podman --root {places.state}/data --runroot {run}/containers system service --time=0 unix://{places.socket}"
    )


def _registries_conf() -> str:
    own = "".join(f'[[registry]]\nlocation="127.0.0.1:{port}"\ninsecure=true\n' for port in REGISTRY_PORTS)
    return f"""\
unqualified-search-registries=["docker.io"]
short-name-mode="permissive"
{own}[[registry]]
location="docker.io"
[[registry.mirror]]  # a mirror of docker.io, so that `busybox:1` is found
location="127.0.0.1:{OPEN}"
insecure=true
"""


def _containers_conf(spec: Spec) -> str:
    # Without CAP_SYS_RESOURCE podman's builds and ulimits fail unless the defaults stay under our hard limits.
    files, processes = (resource.getrlimit(what)[1] for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    # Podman sets a limit of processes unless told not to, and fails where the tree of cgroup v2 has no controllers.
    groups = f'cgroups="{"disabled" if spec.rootless else "enabled"}"\npids_limit=0\n' if spec.cgroup2_alone else ""
    return f"""\
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="crun"
[containers]
log_driver="k8s-file"
{groups}default_ulimits=["nofile={files}:{files}","nproc={processes}:{processes}"]
[network]
network_backend="netavark"
default_subnet="{spec.subnet(0)}.0.0/24"
default_subnet_pools=[{{"base"="{spec.subnet(1)}.0.0/16","size"=24}}]
"""
