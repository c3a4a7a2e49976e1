"""The address of the Engine: the order of the docker command, known sockets, and clear errors."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from address_cases import CASES, filled, plant
from addresses import write_context
from certificates import needs_openssl
from pages import PROJECT

import rawdock
from rawdock._address import DEFAULT_SOCKET, Address, find_address, parse_address
from rawdock._address import find as find_module
from rawdock._address.known import is_missing, known_sockets, state_of

CORPUS = json.loads((PROJECT / "tests" / "support" / "address_corpus.json").read_text())
PORT = 4711

# Where rawdock does something else than the docker command, and why.
DIFFERENT = {
    "a path": "a bare path is a socket: the docker command looks for it on localhost",
    "currentContext is a number": "a configuration that cannot be read is an error: the Engine would be another one",
    "config.json is broken": "as before; the docker command warns, and uses the usual socket",
    "VERIFY, a socket": "nothing about TLS counts for a Unix socket",
    "VERIFY, no key.pem": "the missing file is named: without it, a client certificate that is there is not used",
    "VERIFY, no cert.pem": "as before",
}


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which there is no Engine anywhere."""
    monkeypatch.setattr(find_module, "DEFAULT_SOCKET", str(tmp_path / "usual.sock"))
    monkeypatch.setattr("rawdock._address.known._PODMAN", str(tmp_path / "podman.sock"))
    return {"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}


def active(config: Path, name: str) -> None:
    (config / "config.json").write_text(json.dumps({"currentContext": name}))


@needs_openssl
@pytest.mark.parametrize("name", CASES)
def test_as_the_docker_command(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each set-up that was tried with the real command leads to the same Engine, or is refused as there."""
    monkeypatch.setattr("rawdock._address.known.known_sockets", lambda environ: iter(()))
    monkeypatch.chdir(tmp_path)
    case, expected = CASES[name], CORPUS["cases"][name]
    environ = plant(case, tmp_path, PORT)
    host = None if case.host is None else filled(case.host, PORT, tmp_path / "certs")
    try:
        found = find_address(host, environ, context=case.context)
    except (rawdock.AddressError, rawdock.InvalidArgument):
        same = "refused" in expected
    else:
        address = (
            expected.get("address", "refused")
            .replace("{port}", str(PORT))
            .replace("unix://relative", "unix:///relative")
        )
        same = str(found).replace(str(tmp_path), "") == address and (found.tls is not None) == expected.get(
            "tls", False
        )
    assert same is (name not in DIFFERENT)


def test_the_corpus_is_whole() -> None:
    """Each set-up was tried, and each difference is of one that was."""
    assert CASES.keys() == CORPUS["cases"].keys()
    assert DIFFERENT.keys() <= CASES.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:///run/d.sock", Address(path="/run/d.sock")),
        ("/run/d.sock", Address(path="/run/d.sock")),
        ("", Address(path=DEFAULT_SOCKET)),
        ("tcp://localhost:2375", Address("tcp", host="localhost", port=2375)),
        ("tcp://10.0.0.1", Address("tcp", host="10.0.0.1", port=2375)),
        ("engine.example", Address("tcp", host="engine.example", port=2375)),
        ("tcp://[::1]:99", Address("tcp", host="::1", port=99)),
        ("tcp://[fe80::1%25eth0]:99", Address("tcp", host="fe80::1%eth0", port=99)),
        ("tcp://h:1/a/b/", Address("tcp", "/a/b", "h", 1)),
        ("ssh://h", Address("ssh", host="h")),
        ("ssh://h/", Address("ssh", host="h")),
        ("ssh://me@h:22/run/d.sock", Address("ssh", "/run/d.sock", "h", 22, "me")),
        ("ssh://a%40b@h/a%20b", Address("ssh", "/a b", "h", 0, "a@b")),
        ("ssh://my_alias", Address("ssh", host="my_alias")),
    ],
)
def test_addresses(text: str, expected: Address) -> None:
    """Sockets, paths, TCP and ssh are understood."""
    assert parse_address(text, "argument") == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("docker.sock", "no address; for a socket, write unix:///path"),
        ("./run/docker.sock", "for a socket, write unix:///path"),
        ("~/docker.sock", "for a socket, write unix:///path"),
        ("UNIX:///s", "write unix:// in small letters"),
        ("http://host:80", "write tcp://host:port"),
        ("https://host:2376", "write tcp://host:port, which is used with TLS if"),
        ("npipe:////./pipe/docker_engine", "named pipes"),
        ("fd://", "for the daemon"),
        ("ftp://x", "unknown scheme 'ftp'"),
        ("://x", "unknown scheme ''"),
        ("tcp://host:0", "not tcp://host:port"),
        ("tcp://host:99999", "not tcp://host:port"),
        ("tcp://host:1?x=1", "not tcp://host:port"),
        ("tcp://user@host:1", "not tcp://host:port"),
        ("tcp://b\u00fccher:1", "not tcp://host:port"),
        ("tcp://" + "x" * 5000, "not tcp://host:port"),
        ("ssh://" + "x" * 5000, "not ssh://user@host"),
        ("a b", "not tcp://host:port"),
        ("ssh://", "not ssh://user@host"),
        ("ssh://me@", "not ssh://user@host"),
        ("ssh://h?x=1", "not ssh://user@host"),
        ("ssh://h#x", "not ssh://user@host"),
        ("ssh://h:0", "not ssh://user@host"),
        ("ssh://h:99999", "not ssh://user@host"),
        ("ssh://me:secret@h", "cannot have a password"),
        ("ssh://h/a%0ab", "control characters"),
        ("unix:///a\nb", "control characters"),
        ("unix:///\ud800", "half a character"),
    ],
)
def test_refused_addresses(text: str, words: str) -> None:
    """Addresses that cannot be used are refused with the reason, and without a password."""
    with pytest.raises(rawdock.AddressError, match=words) as caught:
        parse_address(text, "argument")
    assert "secret" not in str(caught.value)


def test_order(tmp_path: Path, environ: dict[str, str]) -> None:
    """Argument, DOCKER_HOST, DOCKER_CONTEXT, the current context; each says where it comes from."""
    write_context(tmp_path, "one", "unix:///one.sock")
    write_context(tmp_path, "two", "unix:///two.sock")
    active(tmp_path, "one")
    assert find_address(environ=environ) == Address(path="/one.sock", source="context one")
    environ["DOCKER_CONTEXT"] = "two"
    assert find_address(environ=environ) == Address(path="/two.sock", source="context two")
    environ["DOCKER_HOST"] = "unix:///host.sock"
    assert find_address(environ=environ) == Address(path="/host.sock", source="DOCKER_HOST")
    assert find_address(environ=environ, context="one") == Address(path="/one.sock", source="context one")
    assert find_address("/arg.sock", environ) == Address(path="/arg.sock", source="argument")
    assert find_address(Path("/arg.sock"), environ) == Address(path="/arg.sock", source="argument")
    environ["DOCKER_HOST"] = ""
    environ["DOCKER_CONTEXT"] = "default"
    assert find_address(environ=environ).source == "default"


# Sockets of other Engines.


def listening(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen()
    return sock


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose path is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder:
        yield Path(folder)


def test_known_sockets(home: Path, environ: dict[str, str]) -> None:
    """Where nothing is said and there is no usual socket, the first known one that somebody listens at is taken."""
    environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    assert find_address(environ=environ).source == "default"
    places = list(known_sockets(environ))
    assert {place.name for place in places} == {
        "rootless Docker",
        "Docker Desktop",
        "Podman",
        "rootless Podman",
        "Colima",
        "Lima",
        "OrbStack",
        "Rancher Desktop",
    }
    usual = find_module.DEFAULT_SOCKET
    socks: list[socket.socket] = []
    for place in reversed(places):  # so that each comes before those that are there already
        if Path(place.path).is_relative_to(home):
            socks.append(listening(Path(place.path)))
            found = find_address(environ=environ)
            assert found.path == place.path
            assert found.source == f"the socket of {place.name}, as there is no {usual}"
    assert len(socks) >= 10
    first = socks.pop()
    first.close()  # dead, as its file stays
    assert state_of(places[0].path) == "dead"
    assert find_address(environ=environ).path == places[1].path
    for sock in socks:
        sock.close()
    assert find_address(environ=environ).source == "default"


@pytest.mark.parametrize("what", ["argument", "DOCKER_HOST", "DOCKER_CONTEXT", "currentContext", "context"])
def test_known_sockets_are_no_second_choice(what: str, home: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """Whatever is said is meant, also `default`, and an address at which nobody listens."""
    environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    with listening(home / "run/docker.sock"):
        argument = context = None
        if what == "argument":
            argument = "unix:///nobody.sock"
        elif what == "DOCKER_HOST":
            environ[what] = "unix:///nobody.sock"
        elif what == "DOCKER_CONTEXT":
            environ[what] = "default"
        elif what == "currentContext":
            active(tmp_path, "default")
        else:
            context = "default"
        assert not find_address(argument, environ, context=context).path.startswith(str(home))


def test_a_usual_socket_that_does_not_answer(home: Path, environ: dict[str, str], monkeypatch: Any) -> None:
    """A usual socket that is dead, denied, or a link to nowhere is not passed over."""
    environ |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    with listening(home / "run/docker.sock"):
        usual = home / "usual.sock"
        monkeypatch.setattr(find_module, "DEFAULT_SOCKET", str(usual))
        assert find_address(environ=environ).path == str(home / "run/docker.sock")
        listening(usual).close()
        assert find_address(environ=environ) == Address(path=str(usual), source="default")
        usual.unlink()
        usual.symlink_to("/nowhere/at/all")
        assert find_address(environ=environ).source == "default"

        def denied(path: str) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("os.lstat", denied)
        assert not is_missing(str(usual))


def test_states(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is at a path, without waiting."""
    assert state_of(str(home / "none")) == "missing"
    (home / "file").touch()
    assert state_of(str(home / "file")) == "no socket"
    assert state_of(str(home / "file" / "in it")) == "missing"
    assert state_of("/" + "x" * 300) == "dead"
    with listening(home / "s") as sock:
        assert state_of(str(home / "s")) == "listens"
        sock.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(str(home / "s"))
        assert state_of(str(home / "s")) == "listens"
        for one in waiting:
            one.close()
    if os.getuid():
        (home / "s").chmod(0)
        assert state_of(str(home / "s")) == "denied"


# Contexts.


def test_unknown_context(tmp_path: Path, environ: dict[str, str]) -> None:
    """A context that does not exist is an error that lists those that do."""
    write_context(tmp_path, "one", "unix:///one.sock")
    write_context(tmp_path, "two", "unix:///two.sock")
    broken = write_context(tmp_path, "broken", "x").parents[2] / "meta"
    for meta in broken.glob("*/meta.json"):
        if '"broken"' in meta.read_text():
            meta.write_text("{")
    active(tmp_path, "lost")
    for context in (None, "lost", "half\udcff"):
        with pytest.raises(rawdock.AddressError, match=r"does not exist.*contexts there: one, two\. Choose one"):
            find_address(environ=environ, context=context)


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("{", r"cannot read .*meta\.json"),
        ("[]", "JSON object"),
        ("{}", "no address of an Engine"),
        ('{"Endpoints": []}', "no address of an Engine"),
        ('{"Endpoints": {"docker": {"Host": 5}}}', "no address of an Engine"),
        ('{"Endpoints": {"docker": {"Host": "npipe:////./pipe/x"}}}', "context one: .*named pipes"),
        ('{"Endpoints": {"docker": {"Host": "unix:///s", "SkipTLSVerify": "yes"}}}', "neither true nor false"),
    ],
)
def test_broken_contexts(meta: str, words: str, tmp_path: Path, environ: dict[str, str]) -> None:
    """A context that cannot be used is named."""
    write_context(tmp_path, "one", "unix:///one.sock")
    (file,) = (tmp_path / "contexts" / "meta").glob("*/meta.json")
    file.write_text(meta)
    with pytest.raises(rawdock.AddressError, match=words):
        find_address(environ=environ, context="one")


def test_broken_configuration(tmp_path: Path, environ: dict[str, str]) -> None:
    """A configuration file that cannot be read is named."""
    for text, words in (
        ("{", r"cannot read .*config\.json"),
        ("[]", "JSON object"),
        ('{"currentContext": ["a"]}', r"currentContext in .*config\.json is not the name of a context"),
    ):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(rawdock.AddressError, match=words):
            find_address(environ=environ)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"argument": "/s", "context": "one"}, "an address or a context, not both"),
        ({"context": 5}, "expected the name of a docker context"),
        ({"context": b"one"}, "expected the name of a docker context"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], words: str, environ: dict[str, str]) -> None:
    """Values that cannot be meant are refused."""
    with pytest.raises(rawdock.InvalidArgument, match=words):
        find_address(environ=environ, **arguments)


# Sockets that cannot be connected to. (That one is denied, dead, too long, or none: transport/test_faults.py.)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("folder", "name", "command"),
    [
        ("usual", "docker.sock", "sudo systemctl start docker"),
        ("usual", "podman.sock", "sudo systemctl start podman.socket"),
        ("run", "docker.sock", "systemctl --user start docker"),
        ("run", "podman.sock", "systemctl --user start podman.socket"),
    ],
)
async def test_how_to_start_it(folder: str, name: str, command: str, home: Path, monkeypatch: Any) -> None:
    """The error of a socket that is missing or dead names the unit that makes it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    path = home / folder / name
    async with rawdock.Docker(path) as docker:
        with pytest.raises(rawdock.ConnectError, match=re.escape(f"there is no socket at {path}. Start")) as caught:
            await docker.system.ping()
        assert f"(`{command}`)" in str(caught.value)
        listening(path).close()
        with pytest.raises(rawdock.ConnectError, match="no process listens") as caught:
            await docker.system.ping()
        assert f"(`{command}`)" in str(caught.value)


# The client.


def test_a_host_that_cannot_be() -> None:
    """What looks like a host and is none is refused by the client, too."""
    with pytest.raises(rawdock.AddressError, match="no usable host"):
        rawdock.Docker("tcp://[::::]:1")


def test_client_says_where_and_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A client has its address and where that comes from."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://localhost:2375")
    docker = rawdock.Docker()
    assert (docker.address, docker.address_source) == ("tcp://localhost:2375", "DOCKER_HOST")
    assert repr(docker) == "<Docker tcp://localhost:2375>"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    write_context(tmp_path, "far", "ssh://me@far:22/run/docker.sock")
    docker = rawdock.Docker(context="far")
    assert (docker.address, docker.address_source) == ("ssh://me@far:22/run/docker.sock", "context far")


def test_one_warning_where_everybody_can_listen(caplog: pytest.LogCaptureFixture) -> None:
    """TCP without TLS is warned of once for a client, unless it stays on this machine."""
    with caplog.at_level(logging.WARNING, "rawdock"):
        for address in ("tcp://localhost:1", "tcp://127.0.0.2:1", "tcp://[::1]:1", "ssh://far", "unix:///s"):
            rawdock.Docker(address)
        assert caplog.messages == []
        rawdock.Docker("tcp://engine.example:2375")
        (message,) = caplog.messages
        assert "tcp://engine.example:2375 (argument) is used without TLS" in message


@pytest.mark.anyio
async def test_what_comes_before_the_paths() -> None:
    """The path of a TCP address comes before all paths of the API, in what is sent and in `curl`."""
    from scripted import Exchange, scripted

    def script(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(b"HTTP/1.1 404 Not Found\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\n{}")

    with scripted(script, tcp=True) as server:
        async with rawdock.Docker(f"{server.address}/base") as docker:
            with pytest.raises(rawdock.NotFound) as caught:
                await docker.containers.inspect("web")
            assert caught.value.curl() == f"curl http://{server.address[6:]}/base/v1.51/containers/web/json"
        assert [one.target for one in server.exchanges] == ["/base/v1.51/containers/web/json"]
