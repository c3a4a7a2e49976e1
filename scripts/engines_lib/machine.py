"""The machine: whether engines can run on it, and the tools that creating a root folder needs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from .failure import Failure

BUSYBOX = Path("/usr/bin/busybox")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TOOLS = ("mmdebstrap", "busybox-static", "debian-archive-keyring")


def require_root() -> None:
    """Fail unless this is Linux and the user is root, because engines need namespaces, mounts and cgroups."""
    if sys.platform != "linux":
        raise Failure(f"the engines run only on Linux, and this is {sys.platform}")
    if os.geteuid() != 0:
        raise Failure("the engines need root for namespaces, mounts and cgroups (try sudo)")


def require_tools() -> None:
    """Install `TOOLS` if any of them is missing."""
    if shutil.which("mmdebstrap") and _is_static(BUSYBOX) and KEYRING.exists():
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Failure("the engines are built from Debian's packages with apt, and this machine has no apt-get")
    print(f"installing {', '.join(TOOLS)} with apt-get", flush=True)
    run(["apt-get", "update"], "apt-get update failed")
    run(["apt-get", "install", "--yes", "--no-install-recommends", *TOOLS], f"apt-get could not install {TOOLS}")


def is_debian() -> bool:
    """True on Debian itself, false on derivatives like Ubuntu, which have other mirrors."""
    return platform.freedesktop_os_release().get("ID") == "debian"


def architecture() -> str:
    """The machine's architecture, as named in image configurations."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def run(command: list[str], trouble: str) -> None:
    """Run a command without output. If it fails, raise a Failure with the end of its output."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise Failure(f"{trouble} (exit code {done.returncode}); its last lines:\n{done.stdout[-2000:]}")


def _is_static(program: Path) -> bool:
    """Whether a program is linked statically: a dynamic one has the path of its loader near its beginning."""
    if not program.exists():
        return False
    with program.open("rb") as file:
        return b"/ld-" not in file.read(4096)
