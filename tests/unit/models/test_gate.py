"""What an API version has not, or not any more: refused, left out with a warning, or sent back to where it is from."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import Annotated, Any

import httpx
import pytest

from rawdock import Docker, VersionError
from rawdock._declare.endpoint import Endpoint
from rawdock._engine import Engine
from rawdock._models.codec import decode, decoder, encode, line_decoder
from rawdock._models.model import Model, is_from_engine, since, until
from rawdock._versions import Spoken
from rawdock.models import AuthConfig, ContainerSpec, HealthConfig, HostConfig, NetworkCreateRequest

PODMAN = Engine("podman", "5.4.2", "1.41")
DOCKER = Engine("docker", "28.5.2", "1.41")


class Inner(Model):
    limit: Annotated[int, until("1.42", guards=True)] = 0
    habit: Annotated[str, until("1.42")] = ""
    label: Annotated[str, since("1.44")] = ""


class Outer(Model):
    name: str = ""
    inner: Inner = Inner()
    inners: list[Inner] = []  # noqa: RUF012 - each instance has its own copy


def from_engine(kind: Any, value: Any) -> Any:
    """As the answer of a call is read."""
    return decoder(kind)(json.loads(json.dumps(value)))


def spoken(version: tuple[int, int], engine: Engine = DOCKER) -> Spoken:
    return Spoken(version, engine)


# Gone.


def test_what_is_gone_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """One WARNING a client and field, wherever the field is."""
    client, other = spoken((1, 42)), spoken((1, 42))
    value = Outer(name="a", inner=Inner(habit="x"), inners=[Inner(habit="y"), Inner(habit="z")])
    left = {"Name": "a", "Inners": [{}, {}]}
    with caplog.at_level(logging.WARNING, "rawdock"):
        assert encode(value, version=client) == left
        assert encode(value, version=client) == left
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("rawdock", "WARNING")
        assert record.getMessage() == "$.Inner.Habit was removed in API 1.42 and is left out; this Engine has 1.42"
        encode(value, version=other)
        assert len(caplog.records) == 2
    assert encode(value, version=spoken((1, 41)))["Inner"] == {"Habit": "x"}


def test_a_limit_is_not_left_out() -> None:
    """If the caller has set it, the Engine would run without it; what an Engine sent is nobody's wish."""
    with pytest.raises(VersionError, match=r"\$\.Inner\.Limit was removed in API 1\.42") as caught:
        encode(Outer(inner=Inner(limit=7)), version=spoken((1, 42)))
    assert (caught.value.needed, caught.value.actual) == ("< 1.42", "1.42")
    came = from_engine(Outer, {"Inner": {"Limit": 7}})
    assert encode(came, version=spoken((1, 42))) == {}
    with pytest.raises(VersionError):
        encode(came.replace(inner=came.inner.replace(limit=8)), version=spoken((1, 42)))
    assert encode(came.replace(inner=came.inner.replace(habit="b")), version=spoken((1, 42))) == {}


@pytest.mark.anyio
async def test_real_fields(caplog: pytest.LogCaptureFixture) -> None:
    """CheckDuplicate is passed over, KernelMemory is a limit; one warning however many networks are made."""
    bodies: list[dict[str, Any]] = []

    def engine(request: httpx.Request) -> httpx.Response:
        if request.content:
            bodies.append(json.loads(request.content))
        return httpx.Response(201, json={"Id": "1"}, headers={"Api-Version": "1.51"})

    async with Docker(transport=httpx.MockTransport(engine)) as docker:
        for name in ("a", "b"):
            await docker.networks.create(NetworkCreateRequest(name=name, check_duplicate=True))
        with pytest.raises(VersionError, match="KernelMemory"):
            await docker.containers.create(ContainerSpec(image="a", host_config=HostConfig(kernel_memory=1 << 30)))
    assert bodies == [{"Name": "a"}, {"Name": "b"}]
    assert [record.getMessage() for record in caplog.records if record.name == "rawdock"] == [
        "$.CheckDuplicate was removed in API 1.46 and is left out; this Engine has 1.51"
    ]
    assert encode(AuthConfig(username="a", email="b"), version=(1, 52)) == {"username": "a"}


async def _one(self: Any, *, plain: bool = False, gone: Annotated[bool, until("1.45")] = False) -> None: ...


async def _two(self: Any, *, limit: Annotated[int | None, until("1.45", guards=True)] = None) -> None: ...


def test_parameters_that_are_gone(caplog: pytest.LogCaptureFixture) -> None:
    """The same for the parameters of a call."""

    def bound(function: Any, version: Spoken, *arguments: Any) -> str:
        declared = Endpoint(function, "GET /x", since=None, versioned=True, answer=None, secret=False)
        target: str = declared.bind(version, *arguments).target
        return target

    now, before = spoken((1, 45)), spoken((1, 44))
    for _ in range(2):
        assert bound(_one, now, True, True) == "/x?plain=true"
    assert bound(_one, before, True, True) == "/x?plain=true&gone=true"
    assert [record.getMessage() for record in caplog.records] == [
        "_one: gone was removed in API 1.45 and is left out; this Engine has 1.45"
    ]
    assert bound(_two, now, None) == "/x"
    assert bound(_two, before, 7) == "/x?limit=7"
    with pytest.raises(VersionError, match=r"limit was removed in API 1\.45"):
        bound(_two, now, 7)


# What an Engine itself sent.

CAME = {"HostConfig": {"Annotations": {"a": "b"}, "Memory": 7}}


@pytest.mark.parametrize("read_before", [False, True])
def test_what_podman_sent_is_sent_back(read_before: bool) -> None:
    """Read, changed, and sent back: Podman speaks 1.41 and has fields of later versions, whatever version is asked."""
    came: HostConfig = from_engine(HostConfig, CAME["HostConfig"])
    if read_before:
        assert came.annotations == {"a": "b"}
    podman = spoken((1, 41), PODMAN)
    for changed in (
        came,
        came.replace(memory=8),
        copy.copy(came),
        copy.deepcopy(came),
        pickle.loads(pickle.dumps(came)),
    ):
        assert encode(ContainerSpec(image="x", host_config=changed), version=podman)["HostConfig"] == {
            "Annotations": {"a": "b"},
            "Memory": changed.memory,
        }
    twice = copy.deepcopy(came.replace(memory=8).replace(cpu_shares=9))
    assert encode(twice, version=podman) == {"Annotations": {"a": "b"}, "Memory": 8, "CpuShares": 9}
    spec = copy.deepcopy(ContainerSpec(image="x", host_config=came))
    assert encode(spec, version=podman)["HostConfig"]["Annotations"] == {"a": "b"}


def test_docker_ignores_what_is_newer() -> None:
    """So it is refused there, also if an Engine sent it; as it is where nobody knows whose Engine it is."""
    came = from_engine(HostConfig, CAME["HostConfig"])
    for version in (spoken((1, 41)), spoken((1, 41), Engine()), (1, 41)):
        with pytest.raises(VersionError, match="Annotations"):
            encode(came, version=version)


def test_what_a_caller_sets_is_refused() -> None:
    """By a constructor, a replacement, or from JSON that is no answer."""
    podman = spoken((1, 41), PODMAN)
    came = from_engine(HostConfig, CAME["HostConfig"])
    made = HostConfig(annotations={"a": "b"})
    for own in (
        made,
        made.replace(memory=7),
        copy.deepcopy(made),
        copy.copy(made),
        pickle.loads(pickle.dumps(made)),
        came.replace(annotations={"a": "b"}),
        came.replace(annotations={"a": "b"}).replace(memory=7),
        copy.deepcopy(came.replace(annotations={"c": "d"})),
        pickle.loads(pickle.dumps(came.replace(memory=7))),  # a pickle does not say of which field
        decode(HostConfig, CAME["HostConfig"]),
        decode(ContainerSpec, {"Image": "x", **CAME}).host_config,
        decode(list[HostConfig], [CAME["HostConfig"]])[0],
        decode(dict[str, HostConfig], {"a": CAME["HostConfig"]})["a"],
    ):
        with pytest.raises(VersionError, match="Annotations"):
            encode(ContainerSpec(image="x", host_config=own), version=podman)


def test_models_without_nested_fields() -> None:
    """They know it too, and so do the lines of streams."""
    value = {"StartInterval": 7}
    assert is_from_engine(from_engine(HealthConfig, value))
    assert is_from_engine(line_decoder(HealthConfig)(dict(value)))
    assert not is_from_engine(HealthConfig(start_interval=7))
    assert not is_from_engine(decode(HealthConfig, value))
    podman = spoken((1, 41), PODMAN)
    assert encode(from_engine(HealthConfig, value), version=podman) == value
    with pytest.raises(VersionError, match="StartInterval"):
        encode(decode(HealthConfig, value), version=podman)


def test_wrong_values_are_of_the_engine() -> None:
    """They are sent back as they came, under the same rules."""
    came = from_engine(HostConfig, {"Annotations": 7, "KernelMemory": "x"})
    assert encode(came, version=spoken((1, 41), PODMAN)) == {"Annotations": 7, "KernelMemory": "x"}
    assert encode(came, version=spoken((1, 51))) == {"Annotations": 7}


def test_copies_are_equal_and_independent() -> None:
    """Where a value is from is no part of it."""
    came = from_engine(HostConfig, CAME["HostConfig"])
    made = HostConfig(annotations={"a": "b"}, memory=7)
    for other in (copy.deepcopy(came), copy.copy(came), came.replace(), pickle.loads(pickle.dumps(came))):
        assert other == came == made
        assert repr(other) == repr(made)
        assert other.annotations is not came.annotations
