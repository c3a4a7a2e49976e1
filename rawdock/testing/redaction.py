"""Secrets leave a recording when it is written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, cast

from ..errors import SECRET_HEADERS

__all__ = ["REDACTED", "forms", "redact_body", "redact_headers"]

REDACTED = "***"
# Helpers mark what they start with another number each time; a replay must find the same requests all the same.
_MARKS = re.compile(rb"(RAWDOCK_EXECUTION=|\"rawdock\.run\":\s*\")[0-9a-f]{16}")
_SECRETS = re.compile(r"(?:/v[0-9.]+)?/secrets(?:[/?]|$)")
_KEYS = frozenset(
    {
        "auth",
        "identitytoken",
        "jointoken",
        "jointokens",
        "password",
        "registrytoken",
        "secret",
        "signingcakey",
        "token",
        "unlockkey",
    }
)


def redact_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Headers as `Name: value`, without credentials."""
    texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    return [f"{name}: {REDACTED if name.lower() in SECRET_HEADERS else value}" for name, value in texts]


def redact_body(body: bytes, target: str = "") -> bytes:
    """A JSON body, or one of JSON lines, without secrets; the same bytes if there are none.

    `target` tells what it is about: what a swarm's secret holds is under a name that means something else elsewhere.
    """
    keys = _KEYS | {"data"} if _SECRETS.search(target) else _KEYS
    body = _MARKS.sub(rb"\g<1>0000000000000000", body)
    try:
        return _redact_value(body, keys)
    except ValueError:
        return b"".join(_redact_line(line, keys) for line in body.splitlines(keepends=True))


def _redact_line(line: bytes, keys: frozenset[str]) -> bytes:
    try:
        return _redact_value(line, keys)
    except ValueError:
        return line


def _redact_value(text: bytes, keys: frozenset[str]) -> bytes:
    if text.lstrip()[:1] not in (b"{", b"["):
        raise ValueError("not an object")
    value: Any = json.loads(text)
    redacted = _redacted(value, keys, secret=False)
    if redacted == value:
        return text
    return json.dumps(redacted, separators=(",", ":")).encode() + (b"\n" if text.endswith(b"\n") else b"")


def _redacted(value: Any, keys: frozenset[str], *, secret: bool) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _redacted(item, keys, secret=secret or key.lower() in keys) for key, item in items}
    if isinstance(value, list):
        return [_redacted(item, keys, secret=secret) for item in cast("list[Any]", value)]
    return REDACTED if secret and isinstance(value, str) and value else value


def forms(secret: str) -> set[str]:
    """How a secret may look in a text: itself, in JSON, and in base64 at each of its three alignments."""
    found = {secret, json.dumps(secret)[1:-1]}
    data = secret.encode()
    for offset in range(3):
        # Characters that also hold bits of the neighbours cannot be known.
        first = -(-offset * 8 // 6)
        last = (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * offset + data).decode()[first:last]
            if len(core) >= _TELLING:
                found.add(core)
    return found


# Fewer characters of base64 stand in any text by chance.
_TELLING = 4
