"""The host: whether engines can run on it, and the tools that building a root folder needs."""

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
    """Engines need namespaces, mounts and cgroups, so they need Linux and root."""
    if sys.platform != "linux":
        raise Failure(f"the engines run on Linux only, and this is {sys.platform}")
    if os.geteuid() != 0:
        raise Failure("the engines need root: they are made of namespaces, mounts and cgroups (try sudo)")


def require_tools() -> None:
    """Install what is missing of `TOOLS`."""
    if shutil.which("mmdebstrap") and _is_static(BUSYBOX) and KEYRING.exists():
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise Failure("the engines are built from Debian's packages with apt, and this machine has no apt-get")
    print(f"installing {', '.join(TOOLS)} with apt-get", flush=True)
    run(["apt-get", "update"], "apt-get update failed")
    run(["apt-get", "install", "--yes", "--no-install-recommends", *TOOLS], f"apt-get could not install {TOOLS}")


def is_debian() -> bool:
    """True on Debian itself, false on Ubuntu and other relatives, whose mirror is not Debian's."""
    return platform.freedesktop_os_release().get("ID") == "debian"


def architecture() -> str:
    """The machine's architecture in the words of image configurations."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def run(command: list[str], trouble: str) -> None:
    """Run a command quietly; if it fails, say so with the end of what it wrote."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise Failure(f"{trouble} (exit code {done.returncode}); its last lines:\n{done.stdout[-2000:]}")


def _is_static(program: Path) -> bool:
    """A program that is linked dynamically names its loader near its beginning."""
    if not program.exists():
        return False
    with program.open("rb") as file:
        return b"/ld-" not in file.read(4096)
