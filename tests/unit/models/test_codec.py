"""Decoding and encoding: nothing is lost, absent fields are zero, errors have a path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rawdock
from rawdock import DecodeError, InvalidArgument
from rawdock._models.codec import decode, decoder, encode, encode_json, line_decoder, load_lines, loads, use_json
from rawdock._models.model import Model, SecretStr, Timestamp, secret, since, until, wire
from rawdock.models import (
    ContainerInspect,
    ContainerSpec,
    ContainerStats,
    ContainerSummary,
    HostConfig,
    ImageSearchResult,
    SystemInfo,
)


class Leaf(Model):
    id: str
    size: int = 0


class Gone(Model):
    limit: Annotated[int, until("1.42", guards=True)] = 0


class Tree(Model):
    name: str = ""
    on: bool = False
    share: float = 0.0
    at: Timestamp = Timestamp("")
    password: SecretStr = SecretStr("")
    limit: int | None = None
    entrypoint: list[str] | None = None
    names: list[str] = []
    labels: dict[str, str] = {}
    ports: dict[str, dict[str, object]] = {}
    leaves: list[Leaf] = []
    by_name: dict[str, Leaf] = {}
    child: Tree | None = None
    sub: Annotated[list[list[str]], wire("SUB")] = []
    anything: Any = None
    newer: Annotated[str, since("1.44")] = ""
    older: Annotated[str, until("1.42")] = ""


@pytest.fixture(params=["json", "msgspec"])
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    use_json(request.param)
    yield request.param
    use_json()


def test_absent_and_null_read_as_zero() -> None:
    """A field that is absent or null has the zero value of its type."""
    nulls = {name: None for name in ("Name", "On", "Share", "At", "Names", "Labels", "Leaves", "Limit", "Child")}
    assert decode(Tree, {}) == decode(Tree, nulls) == Tree()


def test_null_inside_lists_and_maps() -> None:
    """A null element is the zero of the element's type."""
    tree = decode(Tree, {"Names": ["a", None], "Labels": {"x": None}, "SUB": [None, ["b"]]})
    assert (tree.names, tree.labels, tree.sub) == (["a", ""], {"x": ""}, [[], ["b"]])


def test_optional_keeps_its_zero() -> None:
    """An explicit zero of an optional field is kept and written back."""
    assert decode(Tree, {"Limit": 0, "Entrypoint": []}) == Tree(limit=0, entrypoint=[])
    assert encode(Tree(limit=0, entrypoint=[])) == {"Limit": 0, "Entrypoint": []}


def test_encode_leaves_out_zeros_but_not_inside_maps() -> None:
    """Zeros are left out, but everything inside a map or list is written."""
    assert encode(Tree(name="", ports={"80/tcp": {}}, labels={"a": ""})) == {
        "Ports": {"80/tcp": {}},
        "Labels": {"a": ""},
    }


def test_unknown_fields_survive() -> None:
    """Unknown fields are kept, written back, and accepted from callers."""
    data = {"Name": "a", "Brand": {"New": [1, None]}}
    tree = decode(Tree, data)
    assert tree.extra == {"Brand": {"New": [1, None]}}
    assert encode(tree) == data
    assert encode(Tree(extra={"Privileged": False})) == {"Privileged": False}


@pytest.mark.parametrize(
    ("kind", "data", "path", "words"),
    [
        (Tree, {"Name": 5}, "$.Name", "expected str, got int"),
        (Tree, {"On": 1}, "$.On", "expected bool, got int"),
        (Leaf, {"Id": "a", "Size": True}, "$.Size", "expected int, got bool"),
        (Leaf, {"Id": "a", "Size": 1.5}, "$.Size", "expected int, got float"),
        (Tree, {"At": 1704164645}, "$.At", "expected str, got int"),
        (Tree, {"Names": "a"}, "$.Names", "expected list, got str"),
        (Tree, {"Names": ["a", 5]}, "$.Names[1]", "expected str, got int"),
        (Tree, {"Labels": {"x": 5}}, "$.Labels['x']", "expected str, got int"),
        (Tree, {"Leaves": [{"Id": "a"}, {}]}, "$.Leaves[1].Id", "Id is missing"),
        (Tree, {"ByName": {"x": {"Id": 1}}}, "$.ByName['x'].Id", "expected str, got int"),
        (Tree, {"Child": {"Child": {"Name": []}}}, "$.Child.Child.Name", "expected str, got list"),
        (list[Leaf], [{"Id": "a"}, 7], "$[1]", "expected an object, got int"),
        (Leaf, [], "$", "expected an object, got list"),
    ],
)
def test_decode_errors_have_a_path(kind: Any, data: Any, path: str, words: str) -> None:
    """A value of the wrong type is named by its path and both types."""
    with pytest.raises(rawdock.DecodeError) as caught:
        decode(kind, data, complete=True)
    assert caught.value.path == path
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ContainerSpec(image=5), "$.Image: expected str, got int"),  # type: ignore[arg-type]
        (ContainerSpec(host_config=HostConfig(memory="1")), "$.HostConfig.Memory: expected int, got str"),  # type: ignore[arg-type]
        (ContainerSpec(cmd="sleep 1"), "$.Cmd: expected list, got str"),  # type: ignore[arg-type]
        (ContainerSpec(cmd=("sleep",)), "$.Cmd: expected list, got tuple"),  # type: ignore[arg-type]
        (ContainerSpec(labels={1: "a"}), "$.Labels: expected str as a key, got int"),  # type: ignore[dict-item]
        (ContainerSpec(host_config={"Memory": 1}), "$.HostConfig: expected HostConfig, got dict"),  # type: ignore[arg-type]
        (ContainerSpec(extra={"X": object()}), "cannot be written as JSON"),
        (Tree(on=1), "$.On: expected bool, got int"),  # type: ignore[arg-type]
        (Leaf(id=None), "$.Id: expected str, got null"),  # type: ignore[arg-type]
    ],
)
def test_requests_are_strict(model: Model, words: str) -> None:
    """A caller's value of the wrong type is refused with its path."""
    with pytest.raises(rawdock.InvalidArgument) as caught:
        encode(model)
    assert words in str(caught.value)


def test_versions_gate_what_is_set() -> None:
    """A field that the API version does not have is refused only if it is set."""
    assert encode(Tree(name="a"), version=(1, 40)) == {"Name": "a"}
    assert encode(Tree(newer="a"), version=(1, 44)) == {"Newer": "a"}
    with pytest.raises(rawdock.VersionError) as caught:
        encode(Tree(child=Tree(newer="a")), version=(1, 43))
    assert "$.Child.Newer" in str(caught.value)
    assert (caught.value.needed, caught.value.actual) == ("1.44", "1.43")
    with pytest.raises(rawdock.VersionError, match=r"\$\.Limit was removed in API 1\.42"):
        encode(Gone(limit=7), version=(1, 42))
    assert encode(Gone(limit=7), version=(1, 41)) == {"Limit": 7}


def test_secrets_are_sent_as_they_are() -> None:
    """Secrets are hidden in output, but sent."""
    assert encode_json(Tree(password=SecretStr("hunter2"))) == b'{"Password":"hunter2"}'


def test_exact_integers(parser: str) -> None:
    """Integers beyond what a float holds stay exact, with either parser."""
    assert decode(Leaf, b'{"Id":"a","Size":9007199254740993}').size == 9007199254740993
    assert decode(Leaf, b'{"Id":"a","Size":18446744073709551615}').size == 18446744073709551615


def test_parsers_agree_on_invalid_json(parser: str) -> None:
    """Invalid JSON is a DecodeError that shows its beginning."""
    with pytest.raises(rawdock.DecodeError, match="<html>"):
        loads(b"<html><body>login</body></html>")
    with pytest.raises(rawdock.DecodeError, match="got nothing"):
        loads(b"")
    with pytest.raises(rawdock.DecodeError):
        loads(b'{"a":')
    with pytest.raises(rawdock.DecodeError):
        loads(b"[" * 100_000)


def test_names_in_another_case() -> None:
    """A few models read them; the usual name comes first, and what is no name of a field is kept as it came."""
    came = {"Index": "a:5000", "Name": "a:5000/b", "Description": "", "Stars": 3, "Official": "", "Tag": ""}
    found = decode(ImageSearchResult, came)
    assert (found.name, found.star_count, found.is_official) == ("a:5000/b", 3, False)
    assert found.extra == {"Index": "a:5000", "Official": "", "Tag": ""}
    assert encode(found) == {"name": "a:5000/b", "star_count": 3, **found.extra}
    assert decode(list[ImageSearchResult], [came])[0] == found
    both = decode(ImageSearchResult, {"Name": "one", "name": "two", "NAME": "three"})
    assert (both.name, both.extra) == ("two", {"Name": "one", "NAME": "three"})
    neither = decode(ImageSearchResult, {"Name": "one", "NAME": "three"})
    assert (neither.name, neither.extra) == ("", {"Name": "one", "NAME": "three"})
    wrong = decode(ImageSearchResult, {"Name": 7})
    with pytest.raises(rawdock.DecodeError) as caught:
        _ = wrong.name
    assert caught.value.path == "$.name"
    for read in (decoder, line_decoder):
        assert read(ContainerStats)({"Id": "1", "name": "/a", "cpu_stats": {"System_cpu_usage": 1}}).id == "1"
    assert decode(Leaf, {"Id": "1", "size": 7}).extra == {"size": 7}


def test_absent_is_not_zero() -> None:
    """A list without sizes does not say that nothing was written."""
    assert decode(ContainerSummary, {"Id": "1"}).size_rw is None
    sized = decode(ContainerSummary, {"Id": "1", "SizeRw": 0, "SizeRootFs": 7})
    assert (sized.size_rw, sized.size_root_fs) == (0, 7)
    assert encode(sized) == {"Id": "1", "SizeRw": 0, "SizeRootFs": 7}


def test_decoders_are_compiled_once() -> None:
    """The same type gives the same decoder."""
    assert decoder(Tree) is decoder(Tree)


texts = st.text(max_size=8)
leaves = st.fixed_dictionaries({"Id": texts}, optional={"Size": st.integers(), "Odd": st.integers()})


def trees(child: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "Name": st.none() | texts,
            "On": st.booleans(),
            "Share": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            "At": texts,
            "Limit": st.none() | st.integers(),
            "Entrypoint": st.none() | st.lists(texts, max_size=2),
            "Names": st.none() | st.lists(texts, max_size=3),
            "Labels": st.none() | st.dictionaries(texts, st.none() | texts, max_size=2),
            "Ports": st.dictionaries(texts, st.just({}), max_size=2),
            "Leaves": st.lists(leaves, max_size=2),
            "ByName": st.dictionaries(texts, leaves, max_size=2),
            "Child": st.none() | child,
            "SUB": st.lists(st.lists(texts, max_size=2), max_size=2),
            "Anything": st.recursive(st.none() | st.integers() | texts, lambda x: st.lists(x, max_size=2)),
            "Unknown": st.integers() | texts,
        },
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.just({}), trees, max_leaves=3))
def test_round_trip(data: dict[str, Any]) -> None:
    """Decoding an encoded model gives the same model; no key is lost unless its value is zero or null."""
    once = decode(Tree, data)
    again = encode(once)
    assert decode(Tree, again) == once
    assert decode(Tree, json.dumps(again)) == once
    for key, value in data.items():
        # A nested model of zeros is itself a zero.
        if value not in (None, 0, "", [], {}, False) and not (key == "Child" and once.child == Tree()):
            assert key in again


@pytest.mark.parametrize("kind", [ContainerInspect, ContainerSummary, SystemInfo, ContainerSpec])
def test_empty_answers_of_real_models(kind: type[Model]) -> None:
    """An answer with only the required fields can be decoded, and all nested models can be read."""
    data = {"Id": "x", "ID": "x"} if kind is not SystemInfo else {}
    one = decode(kind, data)
    assert decode(kind, encode(one)) == one


def test_null_for_a_model_with_required_fields() -> None:
    """A model with required fields has no zero, so null in its place is an error with the path."""
    with pytest.raises(rawdock.DecodeError, match="expected an object, got null") as caught:
        decode(list[Leaf], b'[{"Id":"a"},null]')
    assert caught.value.path == "$[1]"
    with pytest.raises(rawdock.DecodeError):
        decode(Leaf, b"null")


def test_nothing_is_a_type() -> None:
    """`None` accepts only null."""
    assert decode(None, b"null") is None
    with pytest.raises(rawdock.DecodeError, match="expected null, got int"):
        decode(None, b"1")


def test_a_float_field_keeps_an_integer_exact() -> None:
    """An integer is never converted to a float, however large it is."""
    assert decode(Tree, {"Share": 2**53 + 1}).share == 2**53 + 1
    assert decode(Tree, {"Share": 10**400}).share == 10**400


def test_numbers_that_json_lacks(parser: str) -> None:
    """NaN and Infinity are neither read nor written."""
    for text in (b"NaN", b"[Infinity]", b'{"a":-Infinity}'):
        with pytest.raises(rawdock.DecodeError):
            loads(text)
    with pytest.raises(rawdock.InvalidArgument, match=r"\$\.Share: JSON has no nan"):
        encode_json(Tree(share=float("nan")))
    with pytest.raises(rawdock.InvalidArgument, match=r"\$\['X'\]\[0\]: JSON has no inf"):
        encode_json(Tree(extra={"X": [float("inf")]}))


def test_half_a_character_is_not_sent() -> None:
    """Text that cannot be encoded as UTF-8 is refused."""
    with pytest.raises(rawdock.InvalidArgument):
        encode_json(Tree(name="\ud800"))


def test_false_is_not_taken_for_zero_in_a_nested_model() -> None:
    """A nested model that equals its default is checked too: it may hold a value of the wrong type."""
    with pytest.raises(rawdock.InvalidArgument, match=r"\$\.HostConfig\.Memory: expected int, got bool"):
        encode(ContainerSpec(host_config=HostConfig(memory=False)))


def test_absent_models_are_not_shared() -> None:
    """Lists in an absent model can be changed without changing another answer."""
    one, other = decode(ContainerSpec, {}), decode(ContainerSpec, {})
    one.host_config.binds.append("/a:/b")
    assert other.host_config.binds == []
    assert decode(ContainerSpec, {}) == ContainerSpec()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(st.just({}), trees, max_leaves=3))
def test_parsers_read_alike(data: dict[str, Any]) -> None:
    """Both parsers decode the same text to the same model."""
    text, read = json.dumps(data).encode(), []
    try:
        for name in ("json", "msgspec"):
            assert use_json(name) == name
            read.append(decode(Tree, text))
    finally:
        use_json()
    assert read[0] == read[1] == decode(Tree, data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1e400", None),
        (b"[-1e400]", None),
        (b'{"a":"\\ud800"}', None),
        (b'"\\udc00\\ud800"', None),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        (b"1e-400", 0.0),
        (b"1" * 4300, int("1" * 4300)),
        (b"1" * 4301, None),
        (b"-" + b"9" * 5000, None),
        (b"[" * 200 + b"]" * 200, ...),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, None),
    ],
    ids=lambda one: repr(one)[:20],
)
def test_parsers_have_one_law(parser: str, text: bytes, value: Any) -> None:
    """Both parsers accept the same numbers, characters and depths; None is what they refuse."""
    if value is None:
        with pytest.raises(rawdock.DecodeError):
            decode(object, text)
        with pytest.raises((ValueError, RecursionError)):
            load_lines(b'{"x":' + text + b"}\n")
    else:
        assert value in (..., decode(object, text))


class Stored(Model):
    data: bytes = b""
    hidden: Annotated[bytes, secret] = b""


def test_bytes_are_sent_in_base64() -> None:
    assert encode(Stored(data=b"password", hidden=b"\xff\0")) == {"Data": "cGFzc3dvcmQ=", "Hidden": "/wA="}
    assert encode(Stored(data=b"")) == {}
    found = decode(Stored, b'{"Data": "cGFzc3dvcmQ=", "Hidden": "/wA="}')
    assert (found.data, found.hidden) == (b"password", b"\xff\0")
    assert found == Stored(data=b"password", hidden=b"\xff\0")
    assert decode(Stored, b'{"Data": null}').data == b""


def test_text_in_the_place_of_bytes_is_refused() -> None:
    """It would be taken for base64: `password` is six bytes of garbage then."""
    with pytest.raises(InvalidArgument, match=r"\$\.Data: expected bytes, got str; call \.encode\(\) on it"):
        encode(Stored(data="password"))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="expected bytes, got int"):
        encode(Stored(data=1))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["***", "abc", "YW I="])
def test_text_that_is_not_base64(text: str) -> None:
    """It is a wrong value like any other: told where it is read, and sent back as it came."""
    found = decode(Stored, json.dumps({"Data": text}).encode())
    with pytest.raises(DecodeError, match="base64") as caught:
        found.data  # noqa: B018
    assert caught.value.path == "$.Data"
    assert encode(found) == {"Data": text}


def test_secret_bytes_are_not_shown() -> None:
    for one in (Stored(hidden=b"hush"), decode(Stored, b'{"Hidden": "aHVzaA=="}')):
        assert "hush" not in f"{one!r} {one} {one.hidden if type(one.hidden) is not bytes else ''}"
        assert "***" in repr(one)
