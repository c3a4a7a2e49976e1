"""Remove secrets from recordings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote

from ..errors import SECRET_HEADERS

__all__ = ["REDACTED", "encodings_of", "redact_body", "redact_headers", "redact_target"]

REDACTED = "***"
# Random markers of `run` and `execute`, and their keys to detach. They are replaced, so that a replay finds the same
# requests.
_MARKERS = re.compile(rb"(RAWDOCK_EXECUTION=|\"rawdock\.run\":\s*\")[0-9a-f]{16}(?:\.[-\w.~%]+)?")
_KEYS = re.compile(rb"(\"DetachKeys\":\s*\"ctrl-)[\^_](,[a-z]){11}(?=\")")
_KEYS_IN_TARGET = re.compile(r"(\bdetachKeys=ctrl-)(?:%5E|_)(?:%2C[a-z]){11}(?=&|$)")
_SAME_KEYS = "_" + ",a" * 11
_SECRETS_ROUTE = re.compile(r"(?:/v[0-9.]+)?/secrets(?:[/?]|$)")
_SECRET_KEYS = frozenset(
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


def redact_target(target: str) -> str:
    """The path and query of a request with the random keys of `run` replaced."""
    return (
        _KEYS_IN_TARGET.sub(rf"\g<1>{quote(_SAME_KEYS, safe='')}", target) if "detachKeys=ctrl-" in target else target
    )


def redact_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Headers as `Name: value`, with credentials redacted."""
    texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    return [f"{name}: {REDACTED if name.lower() in SECRET_HEADERS else value}" for name, value in texts]


def redact_body(body: bytes, target: str = "") -> bytes:
    """A body of JSON or JSON lines with secrets redacted; the same bytes if there are none.

    `target` is the path of the request: the value of a swarm secret is under the key `Data`, which is not a secret in
    other requests.
    """
    keys = _SECRET_KEYS | {"data"} if _SECRETS_ROUTE.search(target) else _SECRET_KEYS
    body = _MARKERS.sub(rb"\g<1>0000000000000000", body)
    body = _KEYS.sub(rb"\g<1>" + _SAME_KEYS.encode(), body)
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


def encodings_of(secret: str) -> set[str]:
    """The encodings in which a secret may be in a text: plain, JSON, and base64 at each of its three alignments."""
    encodings = {secret, json.dumps(secret)[1:-1]}
    data = secret.encode()
    for offset in range(3):
        # The first and last characters also encode bits of neighbouring bytes, which are not known.
        first = -(-offset * 8 // 6)
        last = (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * offset + data).decode()[first:last]
            if len(core) >= _MIN_LENGTH:
                encodings.add(core)
    return encodings


# Shorter base64 text may be in any text by chance.
_MIN_LENGTH = 4
