"""Rootless engines: who runs them, and whether this machine lets a user without privileges do it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

USER, USER_ID = "ada", 20_000
"""Who runs rootless engines. The name is known in their root folders alone, and the id should be free elsewhere."""

SUBORDINATE_IDS = f"{USER}:{10 * USER_ID}:65536\n"

RUNTIME_FOLDER = f"/run/user/{USER_ID}"

_NOBODY = 65534
_SWITCHES = {
    "user/max_user_namespaces": "0",
    "kernel/unprivileged_userns_clone": "0",
    "kernel/apparmor_restrict_unprivileged_userns": "1",
}


def environment(state: Path) -> dict[str, str]:
    """The variables for the engine, as a login of the user would set them, and of Docker's script and Podman."""
    return {
        "XDG_RUNTIME_DIR": RUNTIME_FOLDER,
        "DOCKERD": f"{state}/dockerd.sh",
        "CONTAINERS_CONF": f"{state}/containers.conf",
        "CONTAINERS_REGISTRIES_CONF": f"{state}/registries.conf",
    }


def obstacle(base: Path) -> str:
    """What keeps this machine from running rootless engines below `base`, or nothing."""
    return next(_obstacles(base), "")


def _obstacles(base: Path) -> Iterator[str]:
    probe = [shutil.which("unshare") or "unshare", "--user", "--map-root-user", "true"]
    done = subprocess.run(probe, user=_NOBODY, group=_NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True)
    if done.returncode:
        set_so = [name.replace("/", ".") for name, value in _SWITCHES.items() if _is_set(name, value)]
        because = f" (see sysctl {' and '.join(set_so)})" if set_so else ""
        yield f"a user without privileges cannot make user namespaces here{because}: {done.stderr.strip()}"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        yield f"/dev/net/tun, which their networks need, cannot be opened ({error.strerror}); try `modprobe tun`"
    there = next(folder for folder in (base, *base.parents) if folder.exists())
    if os.statvfs(there).f_flag & os.ST_NOSUID:
        yield f"{there} is mounted with nosuid, so that newuidmap does not work there: choose another --base"
    closed = next((folder for folder in (there, *there.parents) if not folder.stat().st_mode & 0o001), None)
    if closed:
        yield f"{closed} lets no other user through: choose another --base"


def _is_set(name: str, value: str) -> bool:
    switch = Path("/proc/sys", name)
    return switch.exists() and switch.read_text().strip() == value
