"""The models say what the official files say, except where `spec/deviations.py` gives a reason."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from typing import Any, get_args, get_origin

import pytest
from made import example
from spec.deviations import DEVIATIONS, NO_MODEL
from spec.facts import ENGINE, declared, differences, models, schemas

import rawdock.models
from rawdock import VersionError, decode, encode
from rawdock._annotations import without_none
from rawdock._index import MODELS
from rawdock._models.model import FieldInfo, Model, fields_of
from rawdock._versions import NEWEST, version_text

# The only fields that an answer has to have: without them it is of no use.
IDENTITIES = {
    "Committed.id",
    "Config.id",
    "ContainerCreated.id",
    "ContainerInspect.id",
    "ContainerSummary.id",
    "ExecCreated.id",
    "ExecInspect.id",
    "IdResponse.id",
    "ImageInspect.id",
    "ImageSummary.id",
    "Network.id",
    "NetworkCreated.id",
    "NetworkInspect.id",
    "NetworkSummary.id",
    "Node.id",
    "Secret.id",
    "Service.id",
    "ServiceCreated.id",
    "Task.id",
}


def _meant(model: str) -> set[str]:
    return {name for name in DEVIATIONS if name.partition(" ")[0].partition(".")[0] == model}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_differs_from_the_files_only_where_a_reason_is_given(name: str) -> None:
    """Names, types and versions of all fields are the official ones, or the difference is in the table."""
    assert _meant(name) == {difference for difference, _ in differences(models()[name])}, (
        f"change {name} in rawdock/{MODELS[name].replace('.', '/')}.py, or give the reason in DEVIATIONS of "
        "tests/spec/deviations.py; the official name of a schema that is called otherwise stands in SCHEMAS of facts.py"
    )


def test_every_deviation_is_one_of_a_model() -> None:
    """Every deviation is of a model that exists."""
    of_models = {name for name in DEVIATIONS if ": " not in name}
    assert {name.partition(" ")[0].partition(".")[0] for name in of_models} <= MODELS.keys()


def test_every_schema_has_a_model() -> None:
    """Every schema in the official files has a model, except those with a reason."""
    covered = {schema for name in models() for schema in schemas(name)}
    assert set(ENGINE["schemas"]) - covered == set(NO_MODEL), (
        "write a model in rawdock/models (scripts/draft NAME prints a first text) and run scripts/index, or give the "
        "reason in NO_MODEL of tests/spec/deviations.py"
    )


def test_the_newest_version_is_that_of_the_files() -> None:
    assert ENGINE["versions"][-1] == version_text(NEWEST), "scripts/spec sets NEWEST in rawdock/_versions.py"


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_field_survives(name: str) -> None:
    """A model with every field filled is read, written with all of them, and read again as the same."""
    full: Any = example(models()[name])
    model = decode(models()[name], full)
    assert encode(model) == full
    assert decode(models()[name], encode(model)) == model
    assert model.extra == {}


def newer_fields() -> list[tuple[type[Model], FieldInfo]]:
    """Every field that not all API versions have."""
    return [(model, field) for model in models().values() for field in fields_of(model) if field.since or field.until]


def test_a_field_is_not_sent_to_an_engine_without_it() -> None:
    """A field under its `since`, or from its `until` on if it guards something, is a VersionError with its path,
    whatever its type; another one is left out from its `until` on."""
    for model, field in newer_fields():
        required = {other.wire: example(other.type) for other in fields_of(model) if other.required}
        value = decode(model, required | {field.wire: shallow(field.type)})
        for gate, refused, taken in ((field.since, -1, 0), (field.until, 0, -1)):
            if gate is None:
                continue
            if gate is field.until and not field.guards:
                assert field.wire not in encode(value, version=(gate[0], gate[1] + refused))
                continue
            with pytest.raises(VersionError, match=rf"\$\.{field.wire}\b"):
                encode(value, version=(gate[0], gate[1] + refused))
            assert field.wire in encode(value, version=(gate[0], gate[1] + taken))
    assert len(newer_fields()) > 100


def test_what_must_not_be_left_out() -> None:
    """Of what requests can have and a version has no more, all that limits, protects or separates something."""
    gone = {f"{model.__name__}.{field.name}" for model, field in newer_fields() if field.guards}
    assert gone == {
        "ContainerConfig.mac_address",
        "ContainerSpec.mac_address",
        "ContainerUpdate.kernel_memory",
        "ContainerUpdate.kernel_memory_tcp",
        "HostConfig.capabilities",
        "HostConfig.kernel_memory",
        "HostConfig.kernel_memory_tcp",
        "Resources.kernel_memory",
        "Resources.kernel_memory_tcp",
        "ServiceSpec.networks",
    }


def shallow(kind: Any) -> Any:
    """A value of a type that differs from its zero, in which no other field has a version."""
    kind, _ = without_none(kind)
    if get_origin(kind) in (list, dict):
        item = shallow(get_args(kind)[-1])
        return [item] if get_origin(kind) is list else {"a": item}
    if isinstance(kind, type) and issubclass(kind, Model):
        return {field.wire: example(field.type) for field in fields_of(kind) if field.required} | {"Tomorrow": 1}
    return example(kind)


def test_every_deviation_has_a_reason() -> None:
    """A reason is a few words at least."""
    assert [name for name, reason in DEVIATIONS.items() if len(reason.split()) < 3] == []


def test_the_facts_hold_no_sentences() -> None:
    """Only routes, names, types, versions and the values of enums were drawn from the files."""
    kind = re.compile(r"[\[{]*[A-Za-z][\w.]*[\]}]*")
    rows = [row for part in ("schemas", "operations") for row in ENGINE[part].values()]
    types = {field["type"] for row in rows for field in (row.get("fields") or row.get("parameters") or {}).values()}

    assert set() == {text for text in types if not kind.fullmatch(text)}
    enums = {text for row in rows for field in (row.get("fields") or {}).values() for text in field.get("enum", [])}
    assert set() == {text for text in enums if not re.fullmatch(r"[\w./-]*", text)}
    assert {"type", "nullable", "enum", "required", "since", "until"} >= {
        key for row in rows for field in (row.get("fields") or row.get("parameters") or {}).values() for key in field
    }


def test_the_index_names_every_model() -> None:
    """A new class in a module is public as soon as the index has it, and the index is complete and sorted."""
    found = {}
    for module in sorted(set(MODELS.values())):
        for name, value in vars(importlib.import_module(f"rawdock.{module}")).items():
            if inspect.isclass(value) and issubclass(value, Model) and value.__module__ == f"rawdock.{module}":
                found[name] = module

    assert found == MODELS, "run scripts/index"
    assert sorted(found) == rawdock.models.__all__
    assert set(found) < set(dir(rawdock.models))


def test_a_name_that_is_no_model_is_an_attribute_error() -> None:
    """Looking up anything else fails the way modules do."""
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        rawdock.models.Nothing  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_loads_no_model() -> None:
    """The index can be read, and one model used, without paying for the others."""
    code = (
        "import sys, rawdock.models\n"
        "loaded = lambda: sorted(name for name in sys.modules if name.startswith('rawdock.models.'))\n"
        "assert rawdock._index.MODELS['PortBinding'] == 'models.networks' and loaded() == [], loaded()\n"
        "rawdock.models.PortBinding\n"
        "assert loaded() == ['rawdock.models.networks'], loaded()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_is_documented_and_asks_for_its_identity_alone(name: str) -> None:
    """Each has a sentence, no field takes the place of `extra`, and all but an id may be left out."""
    model: Any = models()[name]
    required = {
        f"{name}.{parameter.name}"
        for parameter in inspect.signature(model).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.KEYWORD_ONLY
    }

    assert (model.__doc__ or "").rstrip().endswith(".")
    assert "Extra" not in declared(model)
    assert required == {field for field in IDENTITIES if field.partition(".")[0] == name}, (
        "give the field a default, or add it to IDENTITIES if an answer without it is of no use"
    )
