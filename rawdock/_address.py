"""Finding the address of the Engine, in the docker command's order: argument, DOCKER_HOST, context, default socket.

Nothing is guessed: an address that cannot be used raises an `AddressError` that names it and says where it comes from.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ._config_file import config_folder, read_config, read_json
from ._shown import half_character, shown
from .errors import AddressError

__all__ = ["DEFAULT_SOCKET", "Address", "find_address", "parse_address"]

DEFAULT_SOCKET = "/var/run/docker.sock"
_TCP_PORT = 2375
_FORWARD_SOCKET = (
    "forward the Engine's socket (`ssh -L /tmp/engine.sock:/var/run/docker.sock HOST`) and use unix:///tmp/engine.sock"
)
_NO_TLS = f"TLS is not supported yet; {_FORWARD_SOCKET}"
_UNSUPPORTED = {
    "ssh": f"ssh is not supported yet; {_FORWARD_SOCKET}",
    "npipe": "Windows named pipes are not supported",
    "fd": "fd:// is only for the daemon, not for clients",
    "https": _NO_TLS,
}


class Address(NamedTuple):
    """Where an Engine listens."""

    path: str = ""
    """Of the Unix socket; empty for TCP."""
    host: str = ""
    port: int = 0
    source: str = "argument"
    """Where the address comes from: `argument`, `DOCKER_HOST`, `context NAME`, or `default`."""

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://{self.authority}"

    @property
    def authority(self) -> str:
        """The value of the Host header. It cannot be a path, which the Engine refuses."""
        if self.path:
            return "docker"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def find_address(argument: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None) -> Address:
    """The address that the docker command would use."""
    environ = os.environ if environ is None else environ
    if argument is not None:
        path = os.fspath(argument) if isinstance(argument, os.PathLike) else argument
        if not isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise AddressError(f"argument: expected an address as text, got {shown(path)}")
        return parse_address(path, "argument", environ)
    host = environ.get("DOCKER_HOST", "")
    if host:
        return parse_address(host, "DOCKER_HOST", environ)
    config = config_folder(environ)
    name = environ.get("DOCKER_CONTEXT", "") or _current_context(config)
    if name and name != "default":
        return _context_address(config, name, environ)
    return Address(path=DEFAULT_SOCKET, source="default")


def parse_address(text: str, source: str, environ: Mapping[str, str] | None = None) -> Address:
    """Parse `unix:///path`, an absolute path, or `tcp://host:port`."""
    environ = os.environ if environ is None else environ
    if text.startswith("/"):
        text = "unix://" + text
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme:
        raise AddressError(
            f"{source}: {shown(text)} has no scheme; use unix:///path/to/docker.sock or tcp://host:{_TCP_PORT}"
        )
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise AddressError(f"{source}: {shown(text)} has control characters")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise AddressError(f"{source}: {half_character(error)} and cannot be in an address") from error
    if scheme == "unix":
        if not rest.startswith("/"):
            raise AddressError(f"{source}: {shown(text)} needs an absolute path: unix:///path/to/docker.sock")
        return Address(path=rest, source=source)
    if scheme in ("tcp", "http"):
        if scheme == "tcp" and source != "argument" and environ.get("DOCKER_TLS_VERIFY"):
            raise AddressError(f"{source}: {shown(text)} with DOCKER_TLS_VERIFY set: {_NO_TLS}")
        return _tcp(text, rest, source)
    reason = _UNSUPPORTED.get(scheme, f"unknown scheme {shown(scheme)}; rawdock supports unix:// and tcp://")
    raise AddressError(f"{source}: {shown(text)}: {reason}")


_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:/@\s]+))(?::([0-9]{1,5}))?/?")


def _tcp(text: str, rest: str, source: str) -> Address:
    match = _AUTHORITY.fullmatch(rest)
    port = int(match[3] or _TCP_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise AddressError(f"{source}: {shown(text)} is not tcp://host:port")
    return Address(host=match[1] or match[2], port=port, source=source)


def _current_context(config: Path) -> str:
    data = read_config(config)
    name = data.get("currentContext") or ""
    return name if isinstance(name, str) else ""


def _context_address(config: Path, name: str, environ: Mapping[str, str]) -> Address:
    digest = hashlib.sha256(name.encode()).hexdigest()
    data = read_json(config / "contexts" / "meta" / digest / "meta.json")
    if data is None:
        known = ", ".join(_context_names(config)) or "none"
        raise AddressError(f"the docker context {shown(name)} does not exist under {config}; contexts there: {known}")
    source = f"context {name}"
    endpoint = data.get("Endpoints", {}).get("docker", {})
    host = endpoint.get("Host") or ""
    if not host:
        raise AddressError(f"{source}: it has no address of an Engine")
    address = parse_address(host, source, environ)
    if not address.path and (config / "contexts" / "tls" / digest).is_dir():
        raise AddressError(f"{source}: {shown(host)}: {_NO_TLS}")
    return address


def _context_names(config: Path) -> list[str]:
    names: list[str] = []
    for meta in sorted((config / "contexts" / "meta").glob("*/meta.json")):
        data = read_json(meta) or {}
        if isinstance(name := data.get("Name"), str):
            names.append(name)
    return sorted(names)
