"""Names and ids in paths: what an Engine gives is taken, and what would reach another endpoint is refused."""

from __future__ import annotations

from typing import Any

import pytest

from rawdock import InvalidArgument
from rawdock._declare.path_names import container_text, path_encoder

CONTAINER = path_encoder("GET /containers/{id}/json", "id", False)
DELETED = path_encoder("DELETE /containers/{id}", "id", False)
NETWORK = path_encoder("GET /networks/{id}", "id", False)
VOLUME = path_encoder("GET /volumes/{name}", "name", False)
CHECKPOINT = path_encoder("DELETE /containers/{id}/checkpoints/{checkpoint}", "checkpoint", False)
IMAGE = path_encoder("GET /images/{name}/json", "name", True)


@pytest.mark.parametrize(
    ("encode", "given", "expected"),
    [
        (CONTAINER, "/web", "web"),
        (CONTAINER, "web", "web"),
        (CONTAINER, "ü", "%C3%BC"),
        (DELETED, "/web", "web"),
        (DELETED, "web/db", "web%2Fdb"),
        (DELETED, "/web/db", "web%2Fdb"),
        (NETWORK, "test 01", "test%2001"),
        (NETWORK, "team/net", "team%2Fnet"),
        (NETWORK, "50%", "50%25"),
        (NETWORK, "a?b#c", "a%3Fb%23c"),
        (NETWORK, "-x", "-x"),
        (VOLUME, "data", "data"),
        (IMAGE, "busybox:1", "busybox:1"),
        (IMAGE, "[fd00::5]:5000/x:1", "%5Bfd00::5%5D:5000/x:1"),
        (IMAGE, "[::1]/team/x", "%5B::1%5D/team/x"),
        (container_text, "/web", "web"),
        (container_text, "web", "web"),
    ],
)
def test_taken(encode: Any, given: str, expected: str) -> None:
    assert encode("x", given) == expected


@pytest.mark.parametrize(
    ("encode", "given", "wrong"),
    [
        (CONTAINER, "a/b", "'/'"),
        (CONTAINER, "//web", "'/'"),
        (CONTAINER, "/", "empty"),
        (CONTAINER, "..", "'..'"),
        (CONTAINER, "/..", "'..'"),
        (CONTAINER, "web?x", "'?'"),
        (DELETED, "web/..", "'..'"),
        (DELETED, "../web", "'..'"),
        (DELETED, "web/db/x", "'/'"),
        (DELETED, "web/", "empty"),
        (NETWORK, "a/../b", "'..'"),
        (NETWORK, "/a", "''"),
        (NETWORK, ".", "'.'"),
        (NETWORK, "a\nb", r"'\\n'"),
        (VOLUME, "/data", "'/'"),
        (VOLUME, "50%", "'%'"),
        (CHECKPOINT, "/one", "'/'"),
        (IMAGE, "a b", "' '"),
        (IMAGE, "[x]/a", r"'\['"),
        (IMAGE, "[::1", r"'\['"),
        (IMAGE, "a/[::1]/b", r"'\['"),
        (IMAGE, "[::1]:5000/../b", "'..'"),
        (IMAGE, "[::1]", "image"),
        (container_text, "", "empty"),
    ],
)
def test_refused(encode: Any, given: str, wrong: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(InvalidArgument, match=wrong):
        encode("x", given)
