"""Any value of any recorded answer, changed to another type: nothing is lost but that value, with either parser."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, cast

import pytest
from eager import Unreadable, agree, whole, written
from spec.seen import answers

from rawdock import DecodeError, decode, encode
from rawdock._models.codec import line_decoder, loads, use_json

VALUES: list[Any] = [None, True, 7, -1.5, 10**30, "odd", "", [], ["odd"], [None], [{}], {}, {"odd": "odd"}, {"odd": {}}]


@pytest.fixture(params=["json", "msgspec"])
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    assert use_json(request.param) == request.param
    yield request.param
    use_json()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Whatever holds a value, and under which key or index."""
    pairs = cast("dict[str, Any]", value).items() if isinstance(value, dict) else enumerate(cast("list[Any]", value))
    for key, item in pairs:
        yield value, key
        if isinstance(item, (dict, list)):
            yield from places(item)


def mutants() -> Iterator[tuple[Any, Any]]:
    """Declared types, and answers in which one value is wrong."""
    chance = random.Random(24)
    for text, kind in {json.dumps(value): kind for _, kind, value in answers()}.items():
        holder = [json.loads(text)]
        inside, key = chance.choice([*places(holder)])
        inside[key] = chance.choice([one for one in VALUES if type(one) is not type(inside[key])])
        yield kind, holder[0]


def test_mutants(parser: str) -> None:
    """The call succeeds unless it is an identity; looking at the place raises with its path; nothing else is lost."""
    survived = odd = refused = 0
    for kind, came in mutants():
        text = json.dumps(came)
        plain = whole(kind, came)
        if isinstance(plain, Unreadable):
            with pytest.raises(DecodeError) as caught:
                decode(kind, text)
            assert caught.value.path == plain.path
            refused += 1
            continue
        survived += 1
        value = decode(kind, text)
        agree(value, plain)
        assert encode(value) == encode(decode(kind, text)) == written(plain)
        assert repr(value)
        agree(line_decoder(kind)(loads(text)), plain)
        try:
            decode(kind, text, complete=True)
        except DecodeError:
            odd += 1
    assert refused > 50
    assert odd > 500
    assert survived > 2 * refused
