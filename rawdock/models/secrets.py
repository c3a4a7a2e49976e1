"""Secrets of a swarm: small texts that only the tasks given them can read."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, SecretStr, Timestamp, wire

from .common import Driver, ObjectVersion


class SecretSpec(Model):
    """A secret to be made. Of one that exists, only the labels can be changed."""

    name: str = ""
    labels: dict[str, str] = {}
    data: SecretStr = SecretStr("")
    """The content in base64, 500 KB at most before that. Answers never have it."""
    driver: Driver = Driver()
    """A plugin that keeps the content elsewhere; then `data` is empty."""
    templating: Driver = Driver()
    """What fills in placeholders in the content, such as "golang"; no name, no placeholders."""


class Secret(Model):
    """All the Engine tells of a secret: everything but its content."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: SecretSpec = SecretSpec()
