"""Trace records as the protobuf package writes them."""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from rawdock._build.trace import read_trace

_TEXT, _BYTES, _INT64, _BOOL = 9, 12, 3, 8
# The fields of BuildKit's StatusResponse that are read, and some that are passed over.
_DEFINITIONS: dict[str, list[tuple[int, str, Any, bool]]] = {
    "Vertex": [(1, "digest", _TEXT, False), (2, "inputs", _TEXT, True), (3, "name", _TEXT, False),
               (4, "cached", _BOOL, False), (7, "error", _TEXT, False)],
    "Status": [(1, "id", _TEXT, False), (2, "vertex", _TEXT, False), (3, "name", _TEXT, False),
               (4, "current", _INT64, False), (5, "total", _INT64, False)],
    "Log": [(1, "vertex", _TEXT, False), (3, "stream", _INT64, False), (4, "msg", _BYTES, False)],
    "Warning": [(1, "vertex", _TEXT, False), (2, "level", _INT64, False), (3, "short", _BYTES, False),
                (4, "detail", _BYTES, True), (5, "url", _TEXT, False)],
    "Response": [(1, "vertexes", "Vertex", True), (2, "statuses", "Status", True), (3, "logs", "Log", True),
                 (4, "warnings", "Warning", True)],
}  # fmt: skip


def _made() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="trace.proto", package="trace", syntax="proto3")
    for name, fields in _DEFINITIONS.items():
        message = file.message_type.add(name=name)
        for number, field, kind, repeated in fields:
            one = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                one.type, one.type_name = 11, f".trace.{kind}"
            else:
                one.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"trace.{name}")) for name in _DEFINITIONS}


MADE = _made()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1)
_OF_KIND: dict[int, st.SearchStrategy[Any]] = {
    _TEXT: texts,
    _BYTES: texts.map(str.encode),
    _INT64: numbers,
    _BOOL: st.booleans(),
}


def written(name: str) -> st.SearchStrategy[Any]:
    values = {
        field: (st.lists(one, max_size=3) if repeated else one)
        for _, field, kind, repeated in _DEFINITIONS[name]
        for one in [written(kind) if isinstance(kind, str) else _OF_KIND[kind]]
    }
    return st.fixed_dictionaries(values).map(lambda given: MADE[name](**given))


@given(written("Response"))
def test_protobuf_agrees(response: Any) -> None:
    """Each field that is read has the value that was written."""
    trace = read_trace(base64.b64encode(response.SerializeToString()).decode())
    assert [(one.digest, one.name, one.cached, one.error) for one in trace.vertexes] == [
        (one.digest, one.name, one.cached, one.error) for one in response.vertexes
    ]
    assert [(one.id, one.vertex, one.name, one.current, one.total) for one in trace.statuses] == [
        (one.id, one.vertex, one.name, one.current, one.total) for one in response.statuses
    ]
    assert [(one.vertex, one.stream, one.message) for one in trace.logs] == [
        (one.vertex, one.stream, one.msg) for one in response.logs
    ]
    assert [(one.vertex, one.short, one.detail, one.url) for one in trace.warnings] == [
        (one.vertex, one.short.decode(), [text.decode() for text in one.detail], one.url) for one in response.warnings
    ]
