"""Which process an object on the Engine belongs to: what of its label tells whether that process is still there.

A label is `TOKEN.HOST.BOOT.NAMESPACE.PROCESS.START.DEADLINE.NAME`. The token is of one object. The host is a hash of
the machine's name; the boot is the beginning of the kernel's boot id, since numbers of processes begin anew with each;
the namespace is that of the process numbers, which containers of the same machine do not share; the start is the time
of the process in ticks since the boot, since numbers of processes are used again. What this system does not tell is 0.
The deadline is in seconds since 1970, 0 for none. The name is the object's own, percent-encoded, and `-` if it was not
known: a label that an object has inherited, as a container does from an image, names another one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

__all__ = ["LABEL", "Owner", "OwnerState", "new_label", "owner_of"]

LABEL = "rawdock.run"
"""The label of what the helpers make; each object has a value of its own."""

OwnerState = Literal["alive", "gone", "unknown"]
"""`unknown` is for the owner of another machine, boot or pid namespace, of which nothing can be known here."""

_PROC = Path("/proc")
_FIRST_TIME_NAMESPACE = 4026531834  # the kernel's own number; in any other one, starts are told with another zero
_FORM = re.compile(r"[0-9a-f]{16}(\.[0-9a-f]{1,16}){2}(\.[0-9]{1,20}){4}\.[-\w.~%]+", re.ASCII)


class Owner(NamedTuple):
    """What a label says."""

    token: str
    host: str
    boot: str
    namespace: str
    process: int
    start: str
    deadline: int
    name: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Where numbers of processes mean the same."""
        return self.host, self.boot, self.namespace

    def names(self, name: str) -> bool:
        """Whether the label is of an object with this name, or was written when no name was known."""
        return self.name in ("-", _written(name))

    def state(self) -> OwnerState:
        """Whether the process is still there."""
        if "0" in self.place or self.start == "0" or self.place != (_host(), _boot(), str(_namespace())):
            return "unknown"
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return "gone"
        except OSError:
            pass  # it is another user's
        except OverflowError:
            return "unknown"  # no system has a process of this number
        fields = _fields(str(self.process))
        if not fields:
            return "alive"  # this user may not look at it
        return "alive" if fields[19] == self.start and not _is_dead(self.process, fields[0]) else "gone"


def new_label(name: str | None = None, lifetime: float | None = None) -> str:
    """A label of its own for an object of this process, with its name and its lifetime in seconds, if it has any."""
    deadline = 0 if lifetime is None else int(time.time() + lifetime) + 1
    place = f"{_host()}.{_boot()}.{_namespace()}"
    return f"{secrets.token_hex(8)}.{place}.{os.getpid()}.{_start()}.{deadline}.{_written(name)}"


def owner_of(labels: Mapping[str, str]) -> Owner | None:
    """What the label of an object says; None if it has none, or one that was not written here."""
    label = labels.get(LABEL)
    if not isinstance(label, str) or _FORM.fullmatch(label) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
        return None
    token, host, boot, namespace, process, start, deadline, name = label.split(".", 7)
    return Owner(token, host, boot, namespace, int(process), start, int(deadline), name)


def _written(name: str | None) -> str:
    return quote(name, safe="", errors="replace") if isinstance(name, str) and name else "-"


def _host() -> str:
    return hashlib.sha256(os.uname().nodename.encode(errors="surrogateescape")).hexdigest()[:12]


def _boot() -> str:
    return _read("sys/kernel/random/boot_id").replace("-", "").strip()[:12] or "0"


def _namespace() -> int:
    try:
        time_namespace = _PROC / "self/ns/time"
        if time_namespace.exists() and time_namespace.stat().st_ino != _FIRST_TIME_NAMESPACE:
            return 0
        return (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _start() -> str:
    fields = _fields("self")
    return fields[19] if fields else "0"


def _fields(process: str) -> list[str]:
    """The fields of a process after its name; the first is its state. Empty if they cannot be read."""
    # The name of the process, in parentheses, may contain spaces.
    fields = _read(f"{process}/stat").rpartition(")")[2].split()
    return fields if len(fields) > 19 else []


def _is_dead(process: int, state: str) -> bool:
    """Whether a process has ended and is only not waited for yet. One whose first thread has ended looks the same."""
    if state not in ("Z", "X"):
        return False
    try:
        return len(os.listdir(_PROC / str(process) / "task")) <= 1
    except OSError:
        return True


def _read(path: str) -> str:
    try:
        return (_PROC / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
