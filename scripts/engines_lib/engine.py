"""One engine. It is pid 1 of its own mount, network, pid, ipc, uts and cgroup namespaces, so everything ends with it.

The launcher is the `unshare` process outside the namespaces; its only child is the engine. Before the pid in the pid
file is used, the process is checked, so another process that reuses the pid is never ended by mistake.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import cgroups, rootless
from .catalog import SPECS, Spec
from .dockerd import given_dockerd, unpack_dockerd
from .failure import NOT_ON_THIS_MACHINE, Failure
from .images import make_images
from .machine import BUSYBOX
from .netns import connect
from .root import build, exclusive
from .settings import FAULTY, FAULTY_WITH_TOKEN, REGISTRY_PORTS, Places, write_settings

_HERE = Path(__file__).resolve().parent
_UNSHARE = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--propagation=private", "--fork", "--kill-child")
_LONGEST_SOCKET_PATH = 107  # the kernel's limit, in bytes


class Engine:
    def __init__(self, spec: Spec, base: Path) -> None:
        self.spec = spec
        self.name = spec.name
        self.base = base
        self.places = Places(base / "roots" / spec.root_name, base / "state" / spec.name, base / "images/registry")
        if len(bytes(self.places.socket)) > _LONGEST_SOCKET_PATH:
            raise Failure(f"{self.places.socket} is too long for a socket: choose a shorter --base")

    @property
    def obstacle(self) -> str:
        """Why the engine cannot be set up and started on this machine, or nothing."""
        if self.spec.rootless:
            return rootless.obstacle(self.base)
        variable = self.spec.dockerd_variable
        return f"{variable} names no dockerd" if variable and not os.environ.get(variable) else ""

    def setup(self) -> str:
        """Create what is missing, and what is made of other packages than the catalog names now."""
        self._need_users()
        shared = [Engine(spec, self.base) for spec in SPECS.values() if spec.root_name == self.spec.root_name]
        if any(engine.running for engine in shared):
            return "was set up already"
        with exclusive(self.base / "setup.lock"):
            given = given_dockerd(self.spec) if self.spec.dockerd_variable else None
            built = build(self.spec, self.places.root)
            if given:
                unpack_dockerd(given, self.places.root / "usr/sbin/dockerd")
            make_images(self.places.images.parent)
        return "set up" if built else "was set up already"

    def start(self) -> str:
        """Start the engine and its registries, and wait until all of them answer."""
        with exclusive(self._lock):
            if self.running:
                return "was running already"
            if not (self.places.root.exists() and self.places.images.exists()):
                raise Failure(f"{self.name} is not set up: run `scripts/engines setup {self.name}` first")
            self._need_users()
            began = time.monotonic()
            try:
                self._launch()
            except BaseException:
                self._end(grace=0)
                raise
            return f"ready in {time.monotonic() - began:.1f} s on {self.places.socket}"

    def stop(self) -> str:
        """Stop the engine with SIGTERM, and kill it if it does not end."""
        with exclusive(self._lock):
            return "stopped" if self._end(grace=15) else "was not running"

    def kill(self) -> str:
        """Kill the engine, like a crash."""
        with exclusive(self._lock):
            return "killed" if self._end(grace=0) else "was not running"

    def wipe(self) -> str:
        """Kill the engine and delete its images, containers and volumes. This is faster than pruning."""
        with exclusive(self._lock):
            self._end(grace=0)
            shutil.rmtree(self.places.state, ignore_errors=True)
        return "wiped"

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def network(self) -> Path:
        """The engine's network namespace, for `nsenter` and `connect`.

        It is read from the launcher: Go may leave the first thread of Podman in the network of a container.
        """
        return Path(f"/proc/{self._launcher()}/ns/net")

    @property
    def pid(self) -> int | None:
        """The engine's pid in the machine's pid namespace."""
        launcher = self._launcher()
        try:
            children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def _need_users(self) -> None:
        if self.spec.rootless and self.obstacle:
            raise Failure(f"{self.name} cannot run on this machine: {self.obstacle}", NOT_ON_THIS_MACHINE)

    @property
    def _lock(self) -> Path:
        return self.places.state.with_name(f"{self.name}.lock")

    def _launcher(self) -> int | None:
        try:
            pid = int(self.places.launcher.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if command[0] == b"unshare" and b"STATE=" + bytes(self.places.state) in environment else None

    def _launch(self) -> None:
        places = self.places
        daemon = write_settings(self.spec, places)
        places.socket.unlink(missing_ok=True)
        places.log.unlink(missing_ok=True)
        with places.launch_log.open("w") as log:
            process = subprocess.Popen(
                [*_UNSHARE, "sh", str(_HERE / "launch.sh")],
                env=self._environment(daemon),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        places.launcher.write_text(str(process.pid))
        self._wait("did not answer", self._answers, process)
        self._start_faulty_registry(FAULTY)
        self._start_faulty_registry(FAULTY_WITH_TOKEN, "--token")
        self._wait("has a registry that does not answer", self._registries_answer, process)

    def _environment(self, daemon: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "ROOT": str(self.places.root),
            "STATE": str(self.places.state),
            "IMAGES": str(self.places.images),
            "BUSYBOX": str(BUSYBOX),
            "CGROUP": "v2" if self.spec.cgroup2_alone else cgroups.version(),
            "CGROUPS": " ".join(map(str, cgroups.create(self.places.state))),
            "V1": " ".join(cgroups.V1),
            "DAEMON": daemon,
            "USER_NAME": rootless.USER if self.spec.rootless else "",
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
            **(rootless.environment(self.places.state) if self.spec.rootless else {}),
        }

    def _wait(self, trouble: str, ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + 40
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise Failure(
                    f"{self.name} {trouble} (exit code {process.poll()}); the end of its log:\n{self._log_tail()}"
                )
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.places.socket))
                connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
                return b" 200 " in connection.recv(100)
        except OSError:
            return False

    def _start_faulty_registry(self, port: int, *flags: str) -> None:
        """Start a faulty registry in the engine's network and pid namespaces, so it ends with the engine."""
        command = [sys.executable, str(_HERE / "faulty_registry.py"), str(port), str(self.places.images), *flags]
        with (self.places.state / f"faulty-{port}.log").open("w") as log:
            subprocess.Popen(
                ["nsenter", "--target", str(self.pid), f"--net={self.network}", "--pid", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _registries_answer(self) -> bool:
        try:
            for port in REGISTRY_PORTS:
                connect(self.network, "127.0.0.1", port).close()
        except OSError:
            return False
        return True

    def _log_tail(self) -> str:
        texts = [log.read_text(errors="replace") for log in (self.places.launch_log, self.places.log) if log.exists()]
        return "".join(texts)[-3000:]

    def _end(self, grace: float) -> bool:
        launcher, pid = self._launcher(), self.pid
        if launcher and pid:
            os.kill(pid, signal.SIGTERM if grace else signal.SIGKILL)
            self._wait_for_end(grace or 5)
        if launcher and self._launcher():
            os.kill(launcher, signal.SIGKILL)  # --kill-child then kills pid 1, and so all processes of the engine
            self._wait_for_end(5)
        self.places.launcher.unlink(missing_ok=True)
        cgroups.remove(self.places.state)
        return launcher is not None

    def _wait_for_end(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._launcher() and time.monotonic() < end:
            time.sleep(0.02)
