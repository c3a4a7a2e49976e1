"""`Address`: where an Engine listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from .._transport.tls_settings import TlsSettings

__all__ = ["DEFAULT_SOCKET", "TCP_PORT", "Address"]

DEFAULT_SOCKET = "/var/run/docker.sock"
TCP_PORT = 2375
"""The port where an address names none, also with TLS."""


class Address(NamedTuple):
    """Where an Engine listens."""

    scheme: Literal["unix", "tcp", "ssh"] = "unix"
    path: str = ""
    """Of the Unix socket; over ssh, on the other machine, empty for its default. For TCP, what comes before the paths
    of the API."""
    host: str = ""
    port: int = 0
    """0 if ssh is to choose it."""
    user: str = ""
    """For ssh; empty if ssh is to choose it."""
    source: str = "argument"
    """Where the address comes from."""
    tls: TlsSettings | None = None

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{self._host_and_port}{self.path}"

    @property
    def authority(self) -> str:
        """The value of the Host header. It cannot be a path, which the Engine refuses."""
        return self._host_and_port if self.scheme == "tcp" else "docker"

    @property
    def is_loopback(self) -> bool:
        """Whether a TCP address stays on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def _host_and_port(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host
