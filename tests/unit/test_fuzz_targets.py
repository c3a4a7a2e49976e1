"""What `scripts/fuzz` runs, for a moment; and what it found."""

from __future__ import annotations

import pytest
from fuzz_targets import TARGETS
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=2000))
def test_any_bytes(name: str, data: bytes) -> None:
    """Rawdock's errors alone, and the same result for any cut."""
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_can_fail(name: str) -> None:
    """Each target takes bytes and returns nothing, also for none."""
    assert TARGETS[name](b"") is None  # type: ignore[func-returns-value]
