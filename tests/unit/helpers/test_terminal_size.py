"""Wrong sizes of a terminal, and times in filters, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rawdock import Docker, InvalidArgument
from rawdock._declare.params import filters_text


@pytest.mark.parametrize("size", [(24,), (24, 80, 1), ("24", "80"), (0, 80), (24, 65536), "24x80", 24, (True, 80)])
def test_wrong_sizes(size: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"execute: size: expected \(rows, columns\), as \(24, 80\)"):
        Docker("/x").execute("c", ["sh"], tty=True, size=size)


def test_without_a_terminal() -> None:
    with pytest.raises(InvalidArgument, match="only a terminal has one; set tty=True"):
        Docker("/x").execute("c", ["sh"], size=(24, 80))


def test_times_in_filters() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert filters_text("f", {"until": moment}) == '{"until":["1767225600.000000000"]}'
    with pytest.raises(InvalidArgument, match="a datetime needs a time zone"):
        filters_text("f", {"until": moment.replace(tzinfo=None)})
