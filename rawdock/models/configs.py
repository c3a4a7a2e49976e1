"""Configs of a swarm: small files for services."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, wire

from .common import Driver, ObjectVersion


class ConfigSpec(Model):
    """The request to create a config. Only the labels of an existing one can be changed."""

    name: str = ""
    labels: dict[str, str] = {}
    data: bytes = b""
    """The content, 1000 KB at most; it is sent in base64."""
    templating: Driver = Driver()
    """The driver that fills in placeholders in the content, such as "golang"; no name for no placeholders."""


class Config(Model):
    """Everything that the Engine reports about a config."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ConfigSpec = ConfigSpec()
