"""Objects that come in the same shape often get a decoder of their own, which must not be told from the general one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rawdock import DecodeError, _codec
from rawdock._codec import decode, decoder
from rawdock._model import Model, Timestamp


class Part(Model):
    id: str
    size: int = 0


class Whole(Model):
    name: str = ""
    at: Timestamp = Timestamp("")
    limit: int | None = None
    names: list[str] = []  # noqa: RUF012
    labels: dict[str, str] = {}  # noqa: RUF012
    part: Part | None = None
    parts: list[Part] = []  # noqa: RUF012
    child: Whole | None = None
    anything: Any = None


def forget() -> None:
    _codec._model_decoders.clear()
    decoder.cache_clear()


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """A shape counts as frequent when it is seen for the first time."""
    before = _codec._SHAPE_AFTER
    _codec._SHAPE_AFTER = 1
    forget()
    yield
    _codec._SHAPE_AFTER = before
    forget()


texts = st.text(max_size=4)
parts = st.fixed_dictionaries({"Id": texts | st.integers()}, optional={"Size": st.none() | st.integers(), "Odd": texts})
values = st.fixed_dictionaries(
    {},
    optional={
        "Name": st.none() | texts | st.integers(),
        "At": st.none() | texts,
        "Limit": st.none() | st.integers(),
        "Names": st.none() | st.lists(st.none() | texts, max_size=2),
        "Labels": st.none() | st.dictionaries(texts, st.none() | texts, max_size=2),
        "Part": st.none() | parts,
        "Parts": st.lists(st.none() | parts, max_size=2),
        "Child": st.none() | st.fixed_dictionaries({}, optional={"Name": texts, "Unknown": texts}),
        "Anything": st.none() | texts,
        'odd "name" \\ {x}\n': st.integers(),
    },
)


def outcome(data: Any) -> Any:
    try:
        return decode(Whole, data)
    except DecodeError as error:
        return str(error), error.path


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(values, max_size=4))
def test_shapes_decode_alike(objects: list[dict[str, Any]]) -> None:
    """By the general decoder the first time and by the shape's own from then on: the result or error is the same."""
    for data in objects:
        first = outcome(data)
        assert outcome(data) == first
        assert outcome(data) == first


def test_order_makes_no_difference() -> None:
    """Fields may come in any order; each order is a shape."""
    for _ in range(3):
        assert decode(Part, {"Id": "a", "Size": 1}) == decode(Part, {"Size": 1, "Id": "a"}) == Part(id="a", size=1)


def test_a_wrong_value_in_a_known_shape() -> None:
    """The path leads to what is wrong."""
    decode(Whole, {"Parts": [{"Id": "a", "Size": 1}] * 3})
    with pytest.raises(DecodeError) as caught:
        decode(Whole, {"Parts": [{"Id": "a", "Size": 1}, {"Id": "b", "Size": "c"}]})
    assert caught.value.path == "$.Parts[1].Size"


def test_unknown_fields_in_a_known_shape() -> None:
    """They are kept, and not shared between objects."""
    one, two, three = decode(list[Part], [{"Id": "a", "New": n} for n in range(3)])
    assert [one.extra, two.extra, three.extra] == [{"New": 0}, {"New": 1}, {"New": 2}]


def test_shapes_do_not_pile_up() -> None:
    """An Engine that names its fields anew each time costs no memory, and nothing is compiled for it for ever."""
    made: list[object] = []
    compile_shape = _codec._compile_shape
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_codec, "_compile_shape", lambda *args: made.append(args) or compile_shape(*args))
        for number in range(100):
            assert decode(Part, {"Id": "a", f"new{number}": 1}).extra == {f"new{number}": 1}
            decode(Part, {"Id": "a", **{f"{number} {x}": x for x in range(20)}})
            decode(Part, {"Id": "a", "x" * 1000: 1})
    assert len(made) == _codec._SHAPES
