"""Configs of a swarm: small files that services are given."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, wire

from .common import Driver, ObjectVersion


class ConfigSpec(Model):
    """A config to be made. Of one that exists, only the labels can be changed."""

    name: str = ""
    labels: dict[str, str] = {}
    data: str = ""
    """The content in base64, 1000 KB at most before that."""
    templating: Driver = Driver()
    """What fills in placeholders in the content, such as "golang"; no name, no placeholders."""


class Config(Model):
    """All the Engine knows about a config."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ConfigSpec = ConfigSpec()
