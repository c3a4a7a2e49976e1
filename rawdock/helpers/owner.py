"""Which process a container belongs to: what of its label tells whether that process is still there.

A label is `TOKEN.HOST.BOOT.NAMESPACE.PROCESS.START`. The token is of one container. The host is a hash of the machine's
name; the boot is the beginning of the kernel's boot id, since numbers of processes begin anew with each; the namespace
is that of the process numbers, which containers of the same machine do not share; the start is the time of the process
in ticks since the boot, since numbers of processes are used again. What this system does not tell is 0.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

__all__ = ["new_label"]

_PROC = Path("/proc")


def new_label() -> str:
    """A label of its own for a container of this process."""
    return f"{secrets.token_hex(8)}.{_host()}.{_boot()}.{_namespace()}.{os.getpid()}.{_start()}"


def _host() -> str:
    return hashlib.sha256(os.uname().nodename.encode(errors="surrogateescape")).hexdigest()[:12]


def _boot() -> str:
    return _read("sys/kernel/random/boot_id").replace("-", "").strip()[:12] or "0"


def _namespace() -> int:
    try:
        return (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _start() -> str:
    # The name of the process, in parentheses, may contain spaces.
    fields = _read("self/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else "0"


def _read(path: str) -> str:
    try:
        return (_PROC / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
