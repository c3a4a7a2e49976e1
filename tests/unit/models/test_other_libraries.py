"""Models among other libraries: JSON text, pydantic and FastAPI."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

import rawdock
from rawdock import DecodeError, InvalidArgument, SecretStr, Timestamp, UnixTime, decode, encode, from_json, to_json
from rawdock.models import (
    AuthConfig,
    ContainerSpec,
    ContainerSummary,
    EndpointSettings,
    HostConfig,
    ImageSummary,
    NetworkingConfig,
    SecretSpec,
)

SUMMARY = {"Id": "a", "Names": ["/web"], "Created": 1700000000, "State": "running", "New": {"x": 1}}


def test_json_text_there_and_back() -> None:
    summary = decode(ContainerSummary, SUMMARY)
    assert json.loads(to_json(summary)) == encode(summary)
    assert from_json(ContainerSummary, to_json(summary)) == summary
    assert from_json(list[ContainerSummary], to_json([summary]).encode()) == [summary]
    assert json.loads(to_json(AuthConfig(username="ada", password=SecretStr("x"))))["password"] == "x"
    with pytest.raises(DecodeError) as caught:
        from_json(ContainerSummary, '{"Id": 5}')
    assert caught.value.path == "$.Id"
    with pytest.raises(DecodeError, match="expected JSON"):
        from_json(ContainerSummary, "no")
    with pytest.raises(InvalidArgument):
        to_json(object())


def test_created_reads_alike_everywhere() -> None:
    for kind in (ContainerSummary, ImageSummary):
        made = decode(kind, {"Id": "a", "Created": 1700000000})
        assert made.created == 1700000000
        assert made.created.datetime == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
        assert made.created.nanoseconds == 1700000000 * 10**9
        assert made.created.datetime == Timestamp("2023-11-14T22:13:20Z").datetime
        assert encode(made)["Created"] == 1700000000
        assert repr(made.created) == "1700000000"
        for twin in (copy.deepcopy(made), copy.copy(made), pickle.loads(pickle.dumps(made)), made.replace(id="a")):
            assert type(twin.created) is UnixTime
            assert twin == made
    for value in ({}, {"Created": 0}, {"Created": None}, {"Created": -62135596800}, {"Created": 10**17}):
        made = decode(ContainerSummary, {"Id": "a", **value})
        assert made.created.datetime is None
        assert isinstance(made.created, int)
    assert encode(decode(ContainerSummary, {"Id": "a"})) == {"Id": "a"}
    wrong = decode(ContainerSummary, {"Id": "a", "Created": "now"})
    with pytest.raises(DecodeError, match="expected int"):
        _ = wrong.created


def test_pydantic_is_not_imported() -> None:
    code = "import sys, rawdock, rawdock.models as m; m.ContainerSpec.of('a'); sys.exit('pydantic_core' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pydantic_reads_and_writes_models() -> None:
    pydantic = pytest.importorskip("pydantic")
    Job = pydantic.create_model("Job", spec=(ContainerSpec, ...), auth=(AuthConfig | None, None))
    spec = ContainerSpec.of("busybox:1", ["id"], user="1", memory="64m", ports={80: 8080})
    job = Job(spec=spec, auth=AuthConfig(username="ada", password=SecretStr("s3cret")))
    assert job.spec is spec
    assert job.model_dump() == {"spec": encode(spec), "auth": {"username": "ada", "password": "***"}}
    assert json.loads(job.model_dump_json())["spec"] == encode(spec)
    assert "s3cret" not in job.model_dump_json()
    assert "s3cret" not in repr(job)
    assert Job.model_validate({"spec": encode(spec)}).spec == spec
    assert Job.model_validate_json(json.dumps({"spec": encode(spec)})).spec == spec
    with pytest.raises(pydantic.ValidationError, match=r"HostConfig\.Memory"):
        Job.model_validate({"spec": {"HostConfig": {"Memory": "much"}}})
    with pytest.raises(pydantic.ValidationError, match="expected ContainerSpec, or a dict"):
        Job(spec=5)
    adapter = pydantic.TypeAdapter(list[ContainerSummary])
    assert adapter.dump_python([decode(ContainerSummary, SUMMARY)]) == [SUMMARY]
    assert pydantic.TypeAdapter(SecretSpec).dump_python(SecretSpec(name="a", data=b"x"))["Data"] == "***"


def test_the_json_schema_has_the_names_of_the_engine() -> None:
    pydantic = pytest.importorskip("pydantic")
    schema = pydantic.TypeAdapter(ContainerSpec).json_schema()
    assert schema["title"] == "ContainerSpec"
    assert schema["properties"]["WorkingDir"] == {"type": "string"}
    assert schema["properties"]["HostConfig"]["properties"]["Memory"] == {"type": "integer"}
    summary = pydantic.TypeAdapter(list[ContainerSummary]).json_schema()
    assert summary["items"]["required"] == ["Id"]
    assert summary["items"]["properties"]["Created"] == {"type": "integer"}
    auth = pydantic.TypeAdapter(AuthConfig).json_schema()
    assert auth["properties"]["password"] == {"type": "string", "format": "password"}


@pytest.mark.parametrize("name", sorted(rawdock._index.MODELS))
def test_each_model_has_a_schema(name: str) -> None:
    pydantic = pytest.importorskip("pydantic")
    kind = getattr(rawdock.models, name)
    for mode in ("validation", "serialization"):
        schema: Any = pydantic.TypeAdapter(kind).json_schema(mode=mode)
        assert schema["title"] == name
        json.dumps(schema)


def test_fastapi_takes_and_returns_models() -> None:
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    app = fastapi.FastAPI()

    @app.get("/", response_model=list[ContainerSummary])
    async def listed() -> Any:
        return [decode(ContainerSummary, SUMMARY)]

    async def made(spec: Any) -> Any:
        return spec.replace(labels={"a": "b"})

    made.__annotations__ = {"spec": Annotated[ContainerSpec, fastapi.Body()], "return": ContainerSpec}
    app.post("/")(made)
    client = testclient.TestClient(app)
    assert client.get("/").json() == [SUMMARY]
    body = encode(
        ContainerSpec(
            image="a",
            host_config=HostConfig(memory=5),
            networking_config=NetworkingConfig(endpoints_config={"net": EndpointSettings()}),
        )
    )
    answer = client.post("/", json=body)
    assert answer.json() == {**body, "Labels": {"a": "b"}}
    assert client.post("/", json={"Image": 5}).status_code == 422
    paths = client.get("/openapi.json").json()["paths"]["/"]
    items = paths["get"]["responses"]["200"]["content"]["application/json"]["schema"]["items"]
    assert items["properties"]["Created"] == {"type": "integer"}
