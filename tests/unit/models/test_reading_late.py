"""Answers are read when they are looked at, and nobody can tell: over all recordings, in any order of looking."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Annotated, Any, cast

import attrs
import pytest
from eager import Plain, Unreadable, Wrong, agree, look, read, whole, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec.seen import answers

from rawdock import DecodeError, InvalidArgument, SecretStr, VersionError, decode, encode
from rawdock._models.codec import decoder, encode_json, line_decoder
from rawdock._models.model import Model, since, undecoded_json
from rawdock.models import ContainerInspect, ContainerSpec, ContainerSummary, HostConfig, Swarm

ANSWERS = {json.dumps(value, sort_keys=True): (kind, value) for _, kind, value in answers()}
"""Every JSON value of the recordings, once, with its type."""
TEXTS = sorted(ANSWERS)


def walk(data: st.DataObject, value: Any, plain: Any, paths: bool) -> tuple[Any, Any]:
    """Look at some part of an answer; gives a list or map in there, or a model."""
    while data.draw(st.booleans()):
        if isinstance(plain, Plain):
            name = data.draw(st.sampled_from(sorted(plain.fields)))
            inner = look(value, plain, name, paths), plain.fields[name]
        elif isinstance(plain, list) and plain:
            index = data.draw(st.integers(0, len(cast("list[Any]", plain)) - 1))
            inner = value[index], cast("list[Any]", plain)[index]
        elif isinstance(plain, dict) and plain:
            key = data.draw(st.sampled_from(sorted(cast("dict[str, Any]", plain))))
            inner = value[key], plain[key]
        else:
            break
        if not isinstance(inner[1], Plain | list | dict):
            break
        value, plain = inner
    return value, plain


def change(value: Any, plain: Any) -> None:
    if isinstance(plain, list):
        value.reverse()
        plain.reverse()
    elif isinstance(plain, dict) and plain:
        key = next(iter(cast("dict[str, Any]", plain)))
        del value[key], plain[key]


def wrong_somewhere(data: st.DataObject, value: Any) -> Any:
    """The same with some values of another type."""
    if data.draw(st.integers(0, 19)) == 0:
        return data.draw(st.sampled_from([None, True, 7, 1.5, "odd", [7], {"odd": 7}]))
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        keys = data.draw(st.sets(st.sampled_from(sorted(pairs)), max_size=3)) if pairs else ()
        return {key: wrong_somewhere(data, one) if key in keys else one for key, one in pairs.items()}
    if isinstance(value, list) and value:
        items = cast("list[Any]", value)
        index = data.draw(st.integers(0, len(items) - 1))
        return [*items[:index], wrong_somewhere(data, items[index]), *items[index + 1 :]]
    return value


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TEXTS), st.data())
def test_nobody_can_tell(text: str, data: st.DataObject) -> None:
    """Looking, changing, copying, pickling and encoding, in any order, give what reading all at once gives."""
    kind, came = ANSWERS[text]
    came = wrong_somewhere(data, came)
    plain = whole(kind, came)
    if isinstance(plain, Unreadable):
        with pytest.raises(DecodeError) as caught:
            decode(kind, json.dumps(came))
        assert caught.value.path == plain.path
        return
    value, paths = decode(kind, json.dumps(came)), True
    for move in data.draw(st.lists(st.sampled_from(["look", "change", "copy", "pickle", "replace", "encode"]))):
        part, its_plain = walk(data, value, plain, paths)
        if move == "change":
            change(part, its_plain)
        elif move == "encode":
            assert encode(value) == written(plain)
        elif move in ("copy", "pickle"):
            copied = copy.deepcopy(value) if move == "copy" else pickle.loads(pickle.dumps(value))
            assert copied == value
            value, paths = copied, False  # the path of a copy begins at the copy
        elif move == "replace" and isinstance(value, Model):
            before, value = value, value.replace()
            assert value == before
            change(*walk(data, before, copy.deepcopy(plain), paths))
    assert encode(value) == written(plain)
    agree(value, plain, paths)
    assert encode(value) == written(plain)
    assert repr(value)


@pytest.mark.parametrize("lines", [False, True])
def test_all_that_was_recorded(lines: bool) -> None:
    """Every recorded answer is read as the plain reader reads it, and written alike before and after."""
    for kind, came in ANSWERS.values():
        plain = read(kind, came)
        value = (line_decoder if lines else decoder)(kind)(json.loads(json.dumps(came)))
        assert encode(value) == written(plain)
        fresh = decode(kind, json.dumps(came), complete=True)
        agree(value, plain)
        assert value == fresh


# Rule by rule.


class Leaf(Model):
    id: str
    size: int = 0
    password: SecretStr = SecretStr("")


class Branch(Model):
    name: str = ""
    names: list[str] = []
    labels: dict[str, str] = {}
    leaves: list[Leaf] = []
    by_name: dict[str, Leaf] = {}
    child: Branch | None = None
    plain: HostConfig = HostConfig()
    newer: Annotated[list[HostConfig], since("1.44")] = []


def test_what_was_parsed_is_no_field() -> None:
    """attrs shows the fields of a model, and no more; a name with an underscore is looked for nowhere."""
    branch = decode(Branch, {"Name": "a", "Leaves": [{"Id": "x"}]})
    shown = {field.name for field in attrs.fields(cast("Any", Branch))}
    assert shown == {"extra", "name", "names", "labels", "leaves", "by_name", "child", "plain", "newer"}
    assert attrs.asdict(cast("Any", branch)).keys() == shown
    for one in (branch, Branch()):
        assert not hasattr(one, "_hidden")
        assert not hasattr(one, "__array__")
    assert not hasattr(Branch(), "_undecoded")


def test_a_field_that_cannot_be_read_is_no_missing_attribute() -> None:
    """`hasattr`, `getattr` with a default and `match` raise, as hiding it would be wrong."""
    branch = decode(Branch, {"Name": 7})
    with pytest.raises(DecodeError):
        hasattr(branch, "name")
    with pytest.raises(DecodeError):
        getattr(branch, "name", "")
    with pytest.raises(DecodeError):
        _matches(branch)


def _matches(branch: Branch) -> bool:
    match branch:
        case Branch(name="a"):
            return True
        case _:
            return False


def test_the_path_is_whole() -> None:
    """It leads from the answer to the value, also when nothing else of the answer is left."""
    containers = decode(list[ContainerSummary], [{"Id": str(n), "Ports": [{"PrivatePort": "80"}]} for n in range(4)])
    port = containers[3].ports[0]
    del containers
    with pytest.raises(DecodeError) as caught:
        _ = port.private_port
    assert caught.value.path == "$[3].Ports[0].PrivatePort"
    assert caught.value.model == "Port"
    found = decode(ContainerInspect, {"Id": "a", "NetworkSettings": {"Networks": {"a.b": {"Gateway": 1}}}})
    network = found.network_settings.networks["a.b"]
    with pytest.raises(DecodeError) as caught:
        _ = network.gateway
    assert caught.value.path == "$.NetworkSettings.Networks['a.b'].Gateway"


def test_a_late_error_says_what_it_knows() -> None:
    """The model and the path; and why there is no curl line."""
    with pytest.raises(DecodeError) as caught:
        _ = decode(Branch, {"Leaves": [{"Id": "a"}, {}]}).leaves
    assert (caught.value.operation, caught.value.model, caught.value.path) == ("", "Leaf", "$.Leaves[1].Id")
    assert str(caught.value) == "Id is missing (at $.Leaves[1].Id in Leaf)"
    assert caught.value.curl().startswith("# the request is not known")


def test_identities_are_checked_by_the_call() -> None:
    """Those of the answer, and of the items of a list that is the answer; not those of what is nested."""
    for kind, came, path in (
        (Leaf, {"Size": 1}, "$.Id"),
        (Leaf, {"Id": 1}, "$.Id"),
        (Leaf, 7, "$"),
        (list[Leaf], [{"Id": "a"}, {"Id": None}], "$[1].Id"),
        (list[Leaf], [{"Id": "a"}, "b"], "$[1]"),
        (list[Leaf], {}, "$"),
        (dict[str, Leaf], {"a": {}}, "$['a'].Id"),
    ):
        with pytest.raises(DecodeError) as caught:
            decode(kind, came)
        assert caught.value.path == path
    assert encode(decode(Branch, {"Leaves": [{}]})) == {"Leaves": [{}]}


def test_an_odd_value_is_written_as_it_came() -> None:
    """Unless somebody replaced it; and a caller's own value is still checked."""
    came: dict[str, Any] = {"Name": 7, "Leaves": [{"Id": "a"}, 7], "Plain": {"Memory": "1", "Binds": None}}
    branch = decode(Branch, came)
    assert encode(branch) == {"Name": 7, "Leaves": [{"Id": "a"}, 7], "Plain": {"Memory": "1"}}
    assert json.loads(encode_json(branch, kind=Branch)) == encode(branch)
    changed = branch.replace(name="b", leaves=[])
    assert encode(changed) == {"Name": "b", "Plain": {"Memory": "1"}}
    encode(changed)["Plain"]["Memory"] = 5
    assert encode(changed.plain) == {"Memory": "1"}
    with pytest.raises(InvalidArgument, match=r"\$\.Name: expected str, got int"):
        encode(branch.replace(name=7))


def test_what_was_not_read_is_checked_for_its_version() -> None:
    """A field that this API version lacks is refused, whether it was looked at or not, and also if it is odd."""
    for newer in ([{"Memory": 1}], 7):
        branch = decode(Branch, {"Newer": newer})
        with pytest.raises(VersionError):
            encode(branch, version=(1, 43))
        assert encode(branch, version=(1, 44)) == {"Newer": newer}
    looked = decode(Branch, {"Newer": [{"Memory": 1}]})
    assert looked.newer[0].memory == 1
    with pytest.raises(VersionError):
        encode(looked, version=(1, 43))


def test_nothing_is_shared_with_what_was_parsed() -> None:
    """What a caller gave is not changed by reading, nor by changing what was read; and what was read is dropped."""
    came: dict[str, Any] = {
        "Names": ["a"], "Labels": {"a": "b"}, "Leaves": [{"Id": "x"}], "Child": {"Names": ["b"]}, "New": [1]
    }  # fmt: skip
    before = copy.deepcopy(came)
    branch = decode(Branch, came)
    branch.names.append("b")
    branch.labels["c"] = "d"
    branch.leaves.clear()
    assert branch.child is not None
    branch.child.names.clear()
    cast("list[Any]", branch.extra["New"]).append(2)
    assert came == before
    assert [undecoded_json(branch, wire) for wire in ("Names", "Labels", "Leaves", "Child")] == [None] * 4
    assert encode(branch) == {"Names": ["a", "b"], "Labels": {"a": "b", "c": "d"}, "New": [1, 2], "Child": {}}


def test_odd_values_are_equal_by_what_came() -> None:
    """And never to a zero, nor to a value that can be read."""
    assert decode(Branch, {"Name": 7}) == decode(Branch, {"Name": 7})
    assert decode(Branch, {"Leaves": [{"Id": "a"}, 7]}) == decode(Branch, {"Leaves": [{"Id": "a"}, 7]})
    for one, other in (({"Name": 7}, {}), ({"Name": 0}, {}), ({"Name": 1}, {"Name": True}), ({"Child": 1}, {})):
        assert decode(Branch, one) != decode(Branch, other)
        assert decode(Branch, other) != decode(Branch, one)
    assert decode(Branch, {"Name": 7}) != Branch(name=cast("Any", 7))
    unread, looked = (decode(Branch, {"Child": {"Child": {"Name": "a"}}}) for _ in range(2))
    assert looked.child is not None
    assert looked.child.child is not None
    assert unread == looked


def test_repr_shows_what_came_and_no_secret() -> None:
    """An odd value is shown as it came, but as stars where a secret may be in it, at whatever depth."""
    assert repr(decode(Branch, {"Name": 7})) == "Branch(name=7)"
    for came in ({"Leaves": "hunter2"}, {"ByName": {"a": "hunter2"}}, {"Child": ["hunter2"]}):
        shown = repr(decode(Branch, came))
        assert "hunter2" not in shown
        assert "***" in shown
    assert "hunter2" not in repr(decode(Branch, {"Leaves": [{"Id": "a", "Password": "hunter2"}]}))
    assert "hunter2" not in repr(decode(Leaf, {"Id": "a", "Password": ["hunter2"]}))
    assert "hunter2" not in repr(decode(Swarm, {"Spec": ["hunter2"]}))
    given = Branch(leaves=cast("Any", [{"Password": "hunter2"}]), by_name=cast("Any", "hunter2"))
    assert "hunter2" not in repr(given)


def test_repr_and_equality_of_what_is_nested_deeply() -> None:
    """They raise nothing, whatever an Engine sent."""
    depth = 900 if sys.version_info < (3, 12) else 3000  # more than can be encoded, and not too much for the parser
    deep = b'{"New":' + b"[" * depth + b"]" * depth + b',"Name":' + b"[" * depth + b"]" * depth + b"}"
    one, other = decode(Branch, deep), decode(Branch, deep)
    assert repr(one).startswith("Branch(")
    assert isinstance(one == other, bool)
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        encode_json(decode(Branch, deep))


class Later(Model):
    """As `Leaf`, in another version."""

    id: str
    added: list[str] = []


def test_a_pickle_survives_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the class and has plain values: a field that went is in `extra`, and one that came is read."""
    stored = pickle.dumps(decode(Leaf, {"Id": "a", "Size": 5, "Added": ["b"]}))
    monkeypatch.setattr(f"{__name__}.Leaf", Later)
    assert pickle.loads(stored) == Later(id="a", added=["b"], extra={"Size": 5})


def test_copies_of_what_a_caller_made_wrongly() -> None:
    """A value that cannot be written is copied as it is."""
    one = ContainerSpec(image=cast("Any", 5), cmd=cast("Any", ("a",)), labels={"a": "b"}, extra={"X": {1, 2}})
    for copied in (copy.deepcopy(one), pickle.loads(pickle.dumps(one)), copy.copy(one), one.replace()):
        assert copied == one
        assert copied.labels is not one.labels


def test_replace() -> None:
    """It changes what it is given, shares nothing with the first, and leaves unread what is unread."""
    branch = decode(Branch, {"Name": "a", "Names": ["x"], "Leaves": [{"Id": "b"}], "Child": {"Leaves": 7}, "New": [1]})
    assert branch.leaves
    changed = branch.replace(name="b")
    assert (changed.name, branch.name) == ("b", "a")
    changed.names.append("y")
    changed.leaves.clear()
    cast("list[Any]", changed.extra["New"]).clear()
    assert encode(branch) == {
        "Name": "a", "Names": ["x"], "Leaves": [{"Id": "b"}], "Child": {"Leaves": 7}, "New": [1]
    }  # fmt: skip
    assert undecoded_json(changed, "Child") == {"Leaves": 7}
    assert undecoded_json(changed, "Child") is not undecoded_json(branch, "Child")
    assert changed.child is not None
    with pytest.raises(DecodeError) as caught:
        _ = changed.child.leaves
    assert caught.value.path == "$.Child.Leaves"
    with pytest.raises(TypeError, match="Branch has no field 'nmae'"):
        branch.replace(nmae="b")
    assert Branch.__replace__ is Branch.replace
    assert Branch(name="a").replace(extra={"X": 1}) == Branch(name="a", extra={"X": 1})


def test_threads_that_look_at_once() -> None:
    """They get equal values, never a torn one."""
    came: dict[str, Any] = {
        "Child": {"Child": {"Leaves": [{"Id": str(n)} for n in range(20)], "Names": None, "Name": 7}},
        "ByName": {str(n): {"Id": str(n)} for n in range(20)},
    }
    expected, begin, seen = decode(Branch, came, complete=False), threading.Barrier(4), list[Any]()
    branches = [decode(Branch, came) for _ in range(100)]

    def look_at_all() -> None:
        begin.wait()
        for one in branches:
            assert one.child is not None
            assert one.child.child is not None
            one.child.child.names.append("a")
            seen.append((one.by_name, one.child.child.leaves, one.child.child.names))

    threads = [threading.Thread(target=look_at_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert expected.child is not None
    assert expected.child.child is not None
    assert len(seen) == 400
    assert all(one[:2] == (expected.by_name, expected.child.child.leaves) for one in seen)
    assert all(one.child and one.child.child and one.child.child.names == ["a"] * 4 for one in branches)


def test_reading_everything_now() -> None:
    """`complete` finds what is wrong wherever it is."""
    came = {"Child": {"Child": {"Leaves": [{"Id": "a", "Size": "b"}]}}}
    assert decode(Branch, came).child
    with pytest.raises(DecodeError) as caught:
        decode(Branch, came, complete=True)
    assert caught.value.path == "$.Child.Child.Leaves[0].Size"
    assert decode(list[Leaf], [{"Id": "a"}], complete=True)[0].id == "a"


def test_what_holds_itself_cannot_be_read() -> None:
    came: list[Any] = []
    came.append(came)
    with pytest.raises(DecodeError, match="nested too deeply"):
        decode(list[object], came)


def test_a_wrong_value_in_a_line_is_set_aside() -> None:
    """A line is read at once, but what is wrong in it is found where it is looked at."""
    line = line_decoder(Branch)({"Name": 7, "Leaves": [{}], "Child": {"Leaves": [{"Id": "a", "Size": "b"}]}})
    assert line.child.leaves[0].id == "a"
    for look_at, path in (
        (lambda: line.name, "$.Name"),
        (lambda: line.leaves, "$.Leaves[0].Id"),
        (lambda: line.child.leaves[0].size, "$.Child.Leaves[0].Size"),
    ):
        with pytest.raises(DecodeError) as caught:
            look_at()
        assert caught.value.path == path
    assert isinstance(read(Branch, {"Name": 7}).fields["name"], Wrong)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps, lambda model: model.replace(name="x")])
def test_copies_of_what_is_nested_deeply(how: Callable[[Any], object]) -> None:
    depth = 900 if sys.version_info < (3, 12) else 3000
    model = decode(Branch, b'{"New":' + b"[" * depth + b"]" * depth + b',"Name":"n"}')
    with pytest.raises(InvalidArgument, match="nested too deeply to be copied"):
        how(model)


def test_the_path_of_a_key_that_is_no_text() -> None:
    """Keys of JSON are texts; but anything may be given to `decode`, and the error can be printed."""
    for key in (10**5000, None, b"x", "\ud800"):
        with pytest.raises(DecodeError) as caught:
            decode(dict[str, int], {key: "x"})
        str(caught.value).encode()
