"""Models: frozen, keyword arguments, equality by value, hidden secrets, exact timestamps."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import attrs
import pytest

from rawdock._models.model import NO_EXTRA, Model, SecretStr, Timestamp, fields_of, since, until, wire


class Inner(Model):
    text: str = ""
    items: list[str] = []


class Tree(Model):
    """A model that contains itself."""

    name: str = ""
    child: Tree | None = None


class Sample(Model):
    id: str
    count: int = 0
    inner: Inner = Inner()
    names: list[str] = []
    labels: dict[str, str] = {}
    limit: int | None = None
    root_fs: Annotated[str, wire("RootFS"), since("1.41"), until("1.52")] = ""
    password: SecretStr = SecretStr("")


class Wider(Sample):
    more: bool = False


class Gated(Model):
    newer: Annotated[int, since("1.44")] = 0
    older: Annotated[int, until("1.44")] = 0


def test_versions_of_fields_are_not_mixed_up() -> None:
    """Python 3.11.2 (Debian 12) treats two `Annotated` as the same type if their marks are equal."""
    assert since("1.44") != until("1.44")
    newer, older = fields_of(Gated)
    assert (newer.since, newer.until) == ((1, 44), None)
    assert (older.since, older.until) == (None, (1, 44))


def test_frozen() -> None:
    """A field cannot be assigned."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Sample(id="a").count = 1  # type: ignore[misc]


def test_keywords_only() -> None:
    """Positional, unknown and missing arguments are refused."""
    with pytest.raises(TypeError):
        Sample("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Sample(id="a", cuont=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Sample()  # type: ignore[call-arg]


def test_defaults_are_not_shared() -> None:
    """Changing a list in one instance does not change others."""
    one, other = Sample(id="a"), Sample(id="a")
    one.names.append("x")
    one.inner.items.append("y")
    assert other.names == []
    assert other.inner.items == []
    assert Sample(id="a").inner == Inner()


def test_equality_is_by_value_and_class() -> None:
    """Two models are equal if their classes and all values are, also of unknown fields."""
    assert Sample(id="a", labels={"x": "y"}) == Sample(id="a", labels={"x": "y"})
    assert Sample(id="a") != Sample(id="b")
    assert Sample(id="a", extra={"New": 1}) != Sample(id="a")
    assert Wider(id="a") != Sample(id="a")


def test_repr_shows_set_fields_only() -> None:
    """Fields that equal their zero are left out; required and unknown fields are shown."""
    assert repr(Sample(id="a")) == "Sample(id='a')"
    assert repr(Sample(id="a", count=2, extra={"New": 1})) == "Sample(id='a', count=2, extra={'New': 1})"


def test_repr_never_shows_a_secret() -> None:
    """A secret prints as stars, by itself and inside a model; `reveal` returns its text."""
    secret = SecretStr("hunter2")
    for shown in (repr(Sample(id="a", password=secret)), str(secret), repr(secret), f"{secret}", f"{secret:>9}"):
        assert "hunter2" not in shown
        assert "***" in shown
    assert secret.reveal() == "hunter2"


def test_shared_extra_cannot_be_changed() -> None:
    """The empty `extra`, which all models share, is read-only."""
    with pytest.raises(TypeError, match="frozen"):
        Sample(id="a").extra["New"] = 1


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies(how: object) -> None:
    """Copies and pickles are equal to what they came from."""
    one = Sample(id="a", names=["x"], inner=Inner(text="t"), extra={"New": [1]})
    assert how(one) == one  # type: ignore[operator]
    assert how(Sample(id="a")).extra is NO_EXTRA  # type: ignore[operator]


def test_replace() -> None:
    """`replace` makes a changed copy, as `attrs.evolve` does."""
    assert Sample(id="a").replace(count=3) == attrs.evolve(Sample(id="a"), count=3) == Sample(id="a", count=3)


def test_fields() -> None:
    """Fields have their JSON name, versions and default; those of the bases come first."""
    fields = {field.name: field for field in fields_of(Wider)}
    assert list(fields) == [
        "id", "count", "inner", "names", "labels", "limit", "root_fs", "password", "more",
    ]  # fmt: skip
    assert fields["id"].required
    assert fields["root_fs"].wire == "RootFS"
    assert (fields["root_fs"].since, fields["root_fs"].until) == ((1, 41), (1, 52))
    assert fields["count"].wire == "Count"
    assert fields_of(Tree)[1].type == Tree | None


@pytest.mark.parametrize(
    ("text", "nanoseconds", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("2024-01-02T03:04:05.678901234Z", 1704164645678901234, datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
        (
            "2024-01-02T03:04:05.5+02:00",
            1704157445500000000,
            datetime(2024, 1, 2, 3, 4, 5, 500000, tzinfo=timezone(timedelta(hours=2))),
        ),
        (
            "2024-01-02T03:04:05-05:30",
            1704184445000000000,
            datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
        ),
        ("1969-12-31T23:59:59.999999999Z", -1, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (
            "2026-11-24 15:40:22.736885741 +0000 UTC",  # as Go prints it; a cluster volume's
            1795534822_736885741,
            datetime(2026, 11, 24, 15, 40, 22, 736885, tzinfo=UTC),
        ),
    ],
)
def test_timestamp(text: str, nanoseconds: int, moment: datetime) -> None:
    """A time keeps its text, and gives exact nanoseconds and a datetime cut to microseconds."""
    time = Timestamp(text)
    assert (time, time.nanoseconds, time.datetime) == (text, nanoseconds, moment)
    assert time


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00:00Z"])
def test_timestamp_not_set(text: str) -> None:
    """Nothing, and Go's year 1, mean "never"."""
    assert not Timestamp(text)
    assert Timestamp("").datetime is None


def test_invalid_timestamp() -> None:
    """Text that is not a time has neither nanoseconds nor a datetime."""
    for text in ("yesterday", "2024-13-01T00:00:00Z", "1704164645"):
        assert Timestamp(text).datetime is None
        assert Timestamp(text).nanoseconds is None


def test_repr_hides_a_secret_given_as_plain_text() -> None:
    """A field is hidden by its type, not by the class of the caller's value."""
    assert "hunter2" not in repr(Sample(id="a", password="hunter2"))  # type: ignore[arg-type]


class Volume(Model):
    """Has the name of one of rawdock's models."""

    mine: int = 0


class Holder(Model):
    volume: Volume = Volume()


def test_a_module_s_own_names_come_first() -> None:
    """A name in an annotation is first looked up in its own module, then among rawdock's models."""
    assert fields_of(Holder)[0].type is Volume


def test_timestamp_with_an_impossible_offset() -> None:
    """A time with an impossible offset has no datetime, and raises nothing."""
    assert Timestamp("2024-01-01T00:00:00+99:00").datetime is None
    assert Timestamp("2024-01-01T00:00:00+99:00").nanoseconds is None
