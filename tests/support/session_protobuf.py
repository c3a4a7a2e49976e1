"""The messages of a BuildKit session as the protobuf package makes them, from the definitions of their fields."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TEXT, _BYTES, _INT64, _UINT32, _ENUM, _MESSAGE = 9, 12, 3, 13, 14, 11
_MAP = "map"
_DEFINITIONS: dict[str, list[tuple[int, str, Any]]] = {
    "Stat": [
        (1, "path", _TEXT),
        (2, "mode", _UINT32),
        (3, "uid", _UINT32),
        (4, "gid", _UINT32),
        (5, "size", _INT64),
        (6, "modTime", _INT64),
        (7, "linkname", _TEXT),
        (8, "devmajor", _INT64),
        (9, "devminor", _INT64),
        (10, "xattrs", _MAP),
    ],
    "Packet": [(1, "type", _UINT32), (2, "stat", "Stat"), (3, "ID", _UINT32), (4, "data", _BYTES)],
    "BytesMessage": [(1, "data", _BYTES)],
    "CredentialsRequest": [(1, "Host", _TEXT)],
    "CredentialsResponse": [(1, "Username", _TEXT), (2, "Secret", _TEXT)],
    "GetSecretRequest": [(1, "ID", _TEXT)],
    "GetSecretResponse": [(1, "data", _BYTES)],
    "CheckAgentRequest": [(1, "ID", _TEXT)],
    "HealthCheckResponse": [(1, "status", _UINT32)],  # an enum: on the wire the same
}


def _made() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="session.proto", package="session", syntax="proto3")
    for name, fields in _DEFINITIONS.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            one = message.field.add(name=field, number=number, label=1)
            if kind == _MAP:
                entry = message.nested_type.add(name="XattrsEntry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, label=1, type=_TEXT)
                entry.field.add(name="value", number=2, label=1, type=_BYTES)
                one.label, one.type, one.type_name = 3, _MESSAGE, f".session.{name}.XattrsEntry"
            elif isinstance(kind, str):
                one.type, one.type_name = _MESSAGE, f".session.{kind}"
            else:
                one.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"session.{name}")) for name in _DEFINITIONS
    }


MESSAGES = _made()
"""Message classes by their names, as `MESSAGES["Packet"](type=1, ID=3).SerializeToString()`."""
