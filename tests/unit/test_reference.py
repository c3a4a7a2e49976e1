"""Image references under the official rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rawdock
from rawdock._reference import parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "registry", "name", "tag", "digest", "pulled"),
    [
        ("busybox", "docker.io", "busybox", "", "", "busybox:latest"),
        ("busybox:1.36", "docker.io", "busybox", "1.36", "", "busybox:1.36"),
        ("library/busybox", "docker.io", "library/busybox", "", "", "library/busybox:latest"),
        ("localhost/app", "localhost", "localhost/app", "", "", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000", "localhost:5000/app", "", "", "localhost:5000/app:latest"),
        ("127.0.0.1:5000/a/b:x", "127.0.0.1:5000", "127.0.0.1:5000/a/b", "x", "", "127.0.0.1:5000/a/b:x"),
        ("[::1]:5000/app:1", "[::1]:5000", "[::1]:5000/app", "1", "", "[::1]:5000/app:1"),
        (f"app@{DIGEST}", "docker.io", "app", "", DIGEST, f"app@{DIGEST}"),
        (f"r.io/app:1@{DIGEST}", "r.io", "r.io/app", "1", DIGEST, f"r.io/app@{DIGEST}"),
        ("a__b/c-d/e.f", "docker.io", "a__b/c-d/e.f", "", "", "a__b/c-d/e.f:latest"),
        ("Host/app", "Host", "Host/app", "", "", "Host/app:latest"),
    ],
)
def test_parts(text: str, registry: str, name: str, tag: str, digest: str, pulled: str) -> None:
    """A reference is parsed into its parts, and a pull sends exactly one image."""
    reference = parse_reference(text)
    assert (reference.registry, reference.name, reference.tag, reference.digest) == (registry, name, tag, digest)
    assert reference.pulled == pulled
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ":", "app:", ":tag", "App", "r.io/App", "app:ta g", "app:" + "x" * 129, "app:.x", "app:-x",
        "app@sha256:12", "app@md5", f"app@{DIGEST}0", "a//b", "/app", "app/", "a/../b", "..", "a..b", "a___b", "-a",
        "app\n", "http://r.io/app", "r.io:port/app", "0123456789abcdef" * 4, "x" * 256, "a b",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    """Invalid references are refused before anything is sent."""
    with pytest.raises(rawdock.InvalidArgument):
        parse_reference(text)


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Any text is either a reference that is written back unchanged, or an InvalidArgument."""
    try:
        reference = parse_reference(text)
    except rawdock.InvalidArgument:
        return
    assert parse_reference(str(reference)) == reference
    assert parse_reference(reference.pulled).pulled == reference.pulled
