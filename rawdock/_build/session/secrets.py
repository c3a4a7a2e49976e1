"""The secrets service: values for `RUN --mount=type=secret`, by their IDs."""

from __future__ import annotations

from collections.abc import Mapping

from .call import Methods, unary
from .grpc import RpcError, Status
from .messages import data_message, first_text

__all__ = ["LARGEST_SECRET", "Secrets"]

LARGEST_SECRET = 500 * 1024
"""Bytes of a secret, at most, as with the docker command."""


class Secrets:
    """Values that steps may ask for. They are shown to nobody else."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self.missing: list[str] = []
        """The IDs that a step has asked for and that are not there."""
        self._values = values

    def methods(self) -> Methods:
        return {"/moby.buildkit.secrets.v1.Secrets/GetSecret": unary(self._get)}

    async def _get(self, request: bytes) -> bytes:
        id = first_text(request)
        value = self._values.get(id)
        if value is None:
            self.missing.append(id)
            raise RpcError(Status.NOT_FOUND, f"secret {id} not found")
        return data_message(value)
