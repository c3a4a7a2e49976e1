"""Secrets of a swarm: small values that only tasks with access can read."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, secret, wire

from .common import Driver, ObjectVersion


class SecretSpec(Model):
    """The request to create a secret. Only the labels of an existing one can be changed."""

    name: str = ""
    labels: dict[str, str] = {}
    data: Annotated[bytes, secret] = b""
    """The content, 500 KB at most; it is sent in base64. Answers do not contain it."""
    driver: Driver = Driver()
    """A plugin that stores the content elsewhere; then `data` is empty."""
    templating: Driver = Driver()
    """The driver that fills in placeholders in the content, such as "golang"; no name for no placeholders."""


class Secret(Model):
    """Everything that the Engine reports about a secret, without its content."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: SecretSpec = SecretSpec()
