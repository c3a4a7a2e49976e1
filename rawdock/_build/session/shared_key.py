"""The key by which the Engine finds again what it has of a folder from earlier builds.

Whoever knows the key of a folder can build from what the Engine has of it. So it is made with a secret of the user.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["fresh_key", "shared_key", "user_secret"]

_SIZE = 32
_KEY_SIZE = 16


def shared_key(folder: str, secret: bytes) -> str:
    """The key of a folder, the same whatever links lead to it. Never empty, and printable."""
    path = os.fsencode(os.path.realpath(folder))
    return hashlib.blake2b(path, key=secret, digest_size=_KEY_SIZE).hexdigest()


def fresh_key() -> str:
    """A key that no other build has, so that all is sent."""
    return secrets.token_hex(_KEY_SIZE)


def user_secret(environment: Mapping[str, str]) -> bytes | None:
    """The user's secret, from a file in `$XDG_STATE_HOME/rawdock` that is made on first use; None where it cannot be.

    Called in a worker thread.
    """
    state = environment.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        home = environment.get("HOME", "")
        if not os.path.isabs(home):
            return None
        state = os.path.join(home, ".local", "state")
    path = os.path.join(state, "rawdock", "session-secret")
    try:
        return _read(path) or _make(path)
    except OSError:
        return None


def _read(path: str) -> bytes | None:
    """The secret in the file; None if there is no file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(file)
        secret = os.read(file, _SIZE) if stat.S_ISREG(found.st_mode) else b""
        if found.st_uid != os.geteuid() or found.st_mode & 0o077 or len(secret) != _SIZE:
            raise OSError("not a secret of this user")
        return secret
    finally:
        os.close(file)


def _make(path: str) -> bytes | None:
    """Make the file, unless another process is faster; then that one's secret counts."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    new = f"{path}.{secrets.token_hex(8)}"
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(file, "wb") as out:
            out.write(secrets.token_bytes(_SIZE))
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        os.unlink(new)
    return _read(path)
