"""The address of the Engine: the order of the docker command, and clear errors."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import rawdock
from rawdock._address import DEFAULT_SOCKET, Address, find_address, parse_address


def context(config: Path, name: str, host: str, tls: bool = False) -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}}))
    if tls:
        (config / "contexts" / "tls" / digest / "docker").mkdir(parents=True)


def active(config: Path, name: str) -> None:
    (config / "config.json").write_text(json.dumps({"currentContext": name}))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:///run/d.sock", Address(path="/run/d.sock")),
        ("/run/d.sock", Address(path="/run/d.sock")),
        ("tcp://localhost:2375", Address(host="localhost", port=2375)),
        ("tcp://10.0.0.1", Address(host="10.0.0.1", port=2375)),
        ("http://h:80/", Address(host="h", port=80)),
        ("tcp://[::1]:99", Address(host="::1", port=99)),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    """Sockets, paths and TCP without TLS are understood."""
    assert parse_address(text, "argument", {}) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no scheme"),
        ("docker.sock", "no scheme"),
        ("unix://docker.sock", "absolute path"),
        ("ssh://me@host", "ssh is not supported yet"),
        ("https://host:2376", "TLS is not supported yet"),
        ("npipe:////./pipe/docker_engine", "named pipes"),
        ("fd://", "for the daemon"),
        ("ftp://x", "unknown scheme 'ftp'"),
        ("tcp://", "not tcp://host:port"),
        ("tcp://host:0", "not tcp://host:port"),
        ("tcp://host:99999", "not tcp://host:port"),
        ("tcp://host:1/path", "not tcp://host:port"),
        ("tcp://user@host:1", "not tcp://host:port"),
        ("unix:///a\nb", "control characters"),
    ],
)
def test_refused_addresses(text: str, words: str) -> None:
    """Addresses that cannot be used are refused with the reason."""
    with pytest.raises(rawdock.AddressError, match=words):
        parse_address(text, "argument", {})


def test_default(environ: dict[str, str]) -> None:
    """The default is the usual socket of Docker."""
    assert find_address(environ=environ) == Address(path=DEFAULT_SOCKET, source="default")


def test_order(tmp_path: Path, environ: dict[str, str]) -> None:
    """Argument, DOCKER_HOST, DOCKER_CONTEXT, the current context."""
    context(tmp_path, "one", "unix:///one.sock")
    context(tmp_path, "two", "unix:///two.sock")
    active(tmp_path, "one")
    assert find_address(environ=environ) == Address(path="/one.sock", source="context one")
    environ["DOCKER_CONTEXT"] = "two"
    assert find_address(environ=environ) == Address(path="/two.sock", source="context two")
    environ["DOCKER_HOST"] = "unix:///host.sock"
    assert find_address(environ=environ) == Address(path="/host.sock", source="DOCKER_HOST")
    assert find_address("/arg.sock", environ) == Address(path="/arg.sock", source="argument")
    environ["DOCKER_HOST"] = ""
    environ["DOCKER_CONTEXT"] = "default"
    assert find_address(environ=environ).source == "default"


def test_unknown_context(tmp_path: Path, environ: dict[str, str]) -> None:
    """A context that does not exist is an error that lists those that do."""
    context(tmp_path, "one", "unix:///one.sock")
    active(tmp_path, "lost")
    with pytest.raises(rawdock.AddressError, match=r"'lost' does not exist.*contexts there: one"):
        find_address(environ=environ)


def test_tls_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    """TLS of a context or by DOCKER_TLS_VERIFY is refused, not ignored."""
    context(tmp_path, "safe", "tcp://host:2376", tls=True)
    active(tmp_path, "safe")
    with pytest.raises(rawdock.AddressError, match=r"context safe.*TLS"):
        find_address(environ=environ)
    with pytest.raises(rawdock.AddressError, match=r"DOCKER_HOST.*TLS"):
        find_address(environ=environ | {"DOCKER_HOST": "tcp://host:2376", "DOCKER_TLS_VERIFY": "1"})


def test_broken_configuration(tmp_path: Path, environ: dict[str, str]) -> None:
    """A configuration file that cannot be read is named."""
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(rawdock.AddressError, match=r"cannot read .*config\.json"):
        find_address(environ=environ)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(rawdock.AddressError, match="JSON object"):
        find_address(environ=environ)


def test_client_says_where_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client has its address and where that comes from."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://localhost:2375")
    docker = rawdock.Docker()
    assert (docker.address, docker.address_source) == ("tcp://localhost:2375", "DOCKER_HOST")
    assert repr(docker) == "<Docker tcp://localhost:2375>"
