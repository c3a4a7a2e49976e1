"""Create an engine's root folder from Debian's packages, which are unpacked but not configured."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .catalog import Spec
from .machine import KEYRING, run
from .mirror import debian_mirror
from .rootless import SUBORDINATE_IDS, USER, USER_ID

_PACKAGES = ".packages"
"""Holds the names of the packages in a root folder."""


def build(spec: Spec, root: Path) -> bool:
    """Create the root folder unless it is there with the packages of the catalog. Returns whether it was created."""
    wanted = " ".join(spec.packages)
    if root.exists():
        if (root / _PACKAGES).exists() and (root / _PACKAGES).read_text() == wanted:
            _configure(root)  # an older version of this may have made it
            return False
        print(f"{spec.name}: the catalog names other packages now", flush=True)
        shutil.rmtree(root)
    partial = root.with_name(f".{root.name}.partial")  # so that the incomplete folder of a killed run is not used
    shutil.rmtree(partial, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    mirror = debian_mirror()
    place = mirror or "the default mirror of mmdebstrap"
    print(f"{spec.name}: unpacking the packages of Debian {spec.suites} from {place}", flush=True)
    run(_mmdebstrap(spec, partial, mirror), f"{spec.name}: mmdebstrap could not unpack {spec.suites} from {place}")
    _configure(partial)
    (partial / _PACKAGES).write_text(wanted)
    partial.rename(root)
    return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file, so that concurrent runs of this command take turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _mmdebstrap(spec: Spec, target: Path, mirror: str | None) -> list[str]:
    command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(spec.packages)}"]
    suites = spec.suites.split()
    if "sid" in suites:
        # A mirror that is not updated may be past its Valid-Until. Signatures are still checked.
        command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    if len(suites) > 1:
        command.append(f'--aptopt=APT::Default-Release "{suites[-1]}"')
    command += [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale", "info")]
    command += [suites[0], str(target)]
    if mirror:
        command += [f"deb [signed-by={KEYRING}] {mirror} {suite} main" for suite in suites]
    return command


def _configure(root: Path) -> None:
    """Do what engines need of the packages' own installation scripts. Nothing is touched that is as it should be."""
    for tool in ("iptables", "ip6tables"):
        for verb in ("", "-save", "-restore"):
            _link(root / f"usr/sbin/{tool}{verb}", "xtables-nft-multi")
    if not (root / "bin/sh").exists():
        _link(root / "bin/sh", "busybox")
    _link(root / "etc/mtab", "/proc/mounts")
    etc = root / "etc"
    user = f"{USER}:x:{USER_ID}:{USER_ID}::/home/{USER}:/bin/sh\n"
    _write(etc / "passwd", f"root:x:0:0:root:/root:/bin/sh\n{user}nobody:x:65534:65534::/:/bin/false\n")
    _write(etc / "group", f"root:x:0:\n{USER}:x:{USER_ID}:\nnogroup:x:65534:\n")
    for file in ("subuid", "subgid"):
        _write(etc / file, SUBORDINATE_IDS)
    _write(etc / "hosts", "127.0.0.1 localhost\n")
    _write(etc / "resolv.conf", "nameserver 192.0.2.1\n")  # without a route, so that lookups fail at once


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def _link(path: Path, target: str) -> None:
    if not path.is_symlink() or str(path.readlink()) != target:
        path.unlink(missing_ok=True)
        path.symlink_to(target)
