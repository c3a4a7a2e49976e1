"""An sshd of the tests' own on this machine, and a program `ssh` that knows it. They need root and OpenSSH."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PrivateSshd", "missing_for_sshd", "private_sshd"]

_SSHD = "/usr/sbin/sshd"
# A host of the client's configuration for each thing that may be wrong; `command` is what its key is allowed to run.
_FORCED = {
    "engine": "",
    "nodocker": 'command="no-such-docker system dial-stdio" ',
    "noise": 'command="echo Welcome; eval \\"$SSH_ORIGINAL_COMMAND\\"" ',
}


class PrivateSshd:
    """Names for `ssh://`: `engine` works, as does `shared`, where ssh may share a connection with others.

    `nodocker`, `noise`, `badkey`, `badhost`, `closed` and `unknown` do not work.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        """The value of PATH with which `ssh` uses the configuration of these tests."""


def missing_for_sshd() -> str:
    """Why there cannot be one; empty if there can."""
    if os.geteuid() != 0:
        return "sshd needs root"
    if not Path(_SSHD).exists():
        return f"there is no {_SSHD} (Debian: openssh-server)"
    return next((f"there is no {name}" for name in ("ssh", "ssh-keygen", "nsenter") if shutil.which(name) is None), "")


@contextmanager
def private_sshd(docker: str, engine: str) -> Iterator[PrivateSshd]:
    """`docker` is what runs where the docker command is called, as a line of a shell; `engine` its DOCKER_HOST."""
    place = Path(tempfile.mkdtemp(prefix="rdssh"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        _write(place, port, docker, engine)
        Path("/run/sshd").mkdir(exist_ok=True)
        process = subprocess.Popen([_SSHD, "-D", "-f", str(place / "sshd_config"), "-E", str(place / "log")])
        try:
            _wait(port, process, place / "log")
            yield PrivateSshd(place, port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _write(place: Path, port: int, docker: str, engine: str) -> None:
    for name in ("host", "badkey", *_FORCED):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)], check=True)
    keys = "".join(forced + (place / f"{name}.pub").read_text() for name, forced in _FORCED.items())
    (place / "authorized").write_text(keys)
    host_key = " ".join((place / "host.pub").read_text().split()[:2])
    (place / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    _program(place / "remote" / "docker", docker)
    _program(place / "bin" / "ssh", f'exec "{shutil.which("ssh")}" -F "{place}/ssh_config" "$@"')
    (place / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/authorized\n"
        f"PidFile {place}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"SetEnv DOCKER_HOST={engine} PATH={place}/remote:/usr/sbin:/usr/bin:/sbin:/bin\n"
    )
    known = f" HostName 127.0.0.1\n Port {port}\n User root\n IdentitiesOnly yes\n UserKnownHostsFile {place}/known\n"
    hosts = [f"Host {name}\n{known} IdentityFile {place}/{name}\n" for name in ("badkey", *_FORCED)]
    hosts.append(f"Host badhost\n HostName 127.0.0.1\n Port {port}\n UserKnownHostsFile /dev/null\n")
    hosts.append("Host closed\n HostName 127.0.0.1\n Port 1\n")
    hosts.append(
        f"Host shared\n{known} IdentityFile {place}/engine\n ControlMaster auto\n ControlPath {place}/shared\n"
    )
    (place / "ssh_config").write_text("".join(hosts))


def _program(path: Path, line: str) -> None:
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            text = log.read_text() if log.exists() else ""
            assert process.poll() is None, text
            assert time.monotonic() < end, text
            time.sleep(0.02)
        else:
            return
