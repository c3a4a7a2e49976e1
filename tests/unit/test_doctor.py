"""`python -m rawdock doctor`: what it finds, and that nothing makes it fail."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from faultserver import Peer, json_answer, serving

from rawdock import Docker
from rawdock.__main__ import main
from rawdock._credentials import helper
from rawdock._doctor import checks
from rawdock._doctor.lacks import lacks_of
from rawdock._versions import NEWEST

VERSION = {
    "Components": [{"Name": "Engine", "Version": "28.5.2"}],
    "Version": "28.5.2",
    "ApiVersion": "1.51",
    "MinAPIVersion": "1.24",
    "Os": "linux",
    "Arch": "amd64",
}
INFO = {"Driver": "overlay2", "CgroupVersion": "2", "CgroupDriver": "none", "SecurityOptions": ["name=rootless"]}
MARK = "planted-5ecret"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_API_VERSION", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


async def answer(request: bytes, peer: Peer) -> bytes:
    return json_answer(json.dumps(INFO if b"/info" in request else VERSION).encode())


async def examined(*arguments: str) -> int:
    return await anyio.to_thread.run_sync(main, ["doctor", *arguments])


@pytest.mark.anyio
async def test_nothing_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    config = {
        "auths": {"kept:5000": {"username": "ada", "password": MARK}},
        "HttpHeaders": {"X-Pass": MARK},
        "proxies": {"default": {"httpProxy": f"http://ada:{MARK}@h:1"}},
    }
    (home / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"docker.test": {"auth": "YWRhOng="}}}))
    async with serving(answer) as server:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{server.path}")
        assert await examined("kept:5000", "docker.test") == 0
        text = capsys.readouterr().out
        assert await examined("--json", "kept:5000") == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
    for line in (
        f"address      unix://{server.path} (from DOCKER_HOST)",
        "DOCKER_CONTEXT: not set",
        f"currentContext of {home}/config.json: not set",
        "headers for every request: X-Pass",
        "proxies for containers and builds: HTTP_PROXY",
        "Docker Engine 28.5.2 on linux/amd64, API 1.24 to 1.51; rawdock speaks 1.51 with it",
        "rootless, the Engine's image store (overlay2), cgroups v2 (none), swarm: inactive",
        "no limit of memory, CPU or processes works here",
        "images.attestations (API 1.55)",
        f"kept:5000: from auths in {home}/config.json",
        "docker.test: from DOCKER_AUTH_CONFIG",
        "no problems",
    ):
        assert line in text
    assert MARK not in text + json.dumps(found)
    assert found["problems"] == []
    assert found["engine"]["rootless"] is True
    assert found["engine"]["lacks"]["operations"] == {"images.attestations": "1.55"}
    assert found["credentials"]["registries"]["kept:5000"]["found"] is True
    assert found["socket"]["exists"] is True


@pytest.mark.anyio
async def test_an_engine_that_hangs(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    async def silent(request: bytes, peer: Peer) -> bytes | None:
        await anyio.sleep_forever()
        return None

    async with serving(silent) as server:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{server.path}")
        assert await examined("--timeout", "0.5") == 1
    assert "PROBLEM: no answer within 0.5 seconds" in capsys.readouterr().out


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body", [b"{}", b"", b"[]", b"<html>", b'{"Components": 5, "Version": [], "ApiVersion": {}}', b'{"ApiVersion":"x"}']
)
async def test_what_is_no_engine(body: bytes, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    async def wrong(request: bytes, peer: Peer) -> bytes:
        return json_answer(body)

    async with serving(wrong) as server:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{server.path}")
        code = await examined("--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out)["engine"]
    assert code in (0, 1)
    assert "Traceback" not in printed.out + printed.err


BROKEN: dict[str, tuple[str, dict[str, str], str]] = {
    "config.json": ("{broken", {}, "cannot read "),
    "no object": ("[]", {}, "does not hold a JSON object"),
    "currentContext": ('{"currentContext": "nowhere"}', {}, "'nowhere' does not exist"),
    "the type of currentContext": ('{"currentContext": [1]}', {}, ""),
    "HttpHeaders": ('{"HttpHeaders": [1]}', {}, "HttpHeaders is not an object"),
    "proxies": ('{"proxies": 1}', {}, "proxies is not an object"),
    "auths": ('{"auths": 1}', {}, "auths is not an object"),
    "a helper's name": ('{"credsStore": 1}', {}, "the name of a credential helper is 1"),
    "no helper": ('{"credsStore": "nowhere"}', {}, "there is no program 'docker-credential-nowhere' in PATH"),
    "DOCKER_CONTEXT": ("{}", {"DOCKER_CONTEXT": "nowhere"}, "'nowhere' does not exist"),
    "DOCKER_HOST": ("{}", {"DOCKER_HOST": "npipe:////./pipe/docker"}, "npipe"),
    "odd variables": ("{}", {"DOCKER_HOST": "\udcff\x01", "DOCKER_CUSTOM_HEADERS": "=", "DOCKER_AUTH_CONFIG": "{"}, ""),
    "DOCKER_CUSTOM_HEADERS": ("{}", {"DOCKER_CUSTOM_HEADERS": "x"}, "each part is NAME=VALUE"),
    "DOCKER_AUTH_CONFIG": (
        "{}",
        {"DOCKER_AUTH_CONFIG": "{"},
        "DOCKER_AUTH_CONFIG (which does not count: it is not JSON)",
    ),
    "DOCKER_API_VERSION": ("{}", {"DOCKER_API_VERSION": "x"}, "not an API version"),
    "no socket": ("{}", {"DOCKER_HOST": "unix:///nowhere/s"}, "there is no socket at /nowhere/s"),
    "a password": ("{}", {"DOCKER_HOST": f"ssh://ada:{MARK}@h.test"}, ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told(name: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """In both forms, with exit code 1, and with no traceback."""
    config, variables, words = BROKEN[name]
    (home / "config.json").write_text(config)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/s")
    if "ontext" in name or "CONTEXT" in name:
        monkeypatch.delenv("DOCKER_HOST")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert main(["doctor", "hub.test"]) == 1
    printed = capsys.readouterr()
    assert f"{words}" in printed.out
    assert "PROBLEM: " in printed.out
    assert main(["doctor", "--json", "hub.test"]) == 1
    report = capsys.readouterr().out
    assert len(json.loads(report)["problems"]) >= 1
    assert "this could not be looked at" not in printed.out + report
    assert MARK not in printed.out + report
    assert printed.err == ""


@pytest.mark.parametrize("registry", ["", "https://hub.test", "hub.test/web", "a\nb"])
def test_what_is_no_registry(registry: str, capsys: Captured) -> None:
    assert main(["doctor", registry]) == 1
    assert "is not the host of a registry" in capsys.readouterr().out


def test_a_helper_that_hangs(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(helper, "TIME_LIMIT", 1000.0)
    (home / "config.json").write_text('{"credsStore": "slow"}')
    program = home / "docker-credential-slow"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    assert main(["doctor", "--timeout", "0.3", "hub.test"]) == 1
    assert "PROBLEM: no answer within 0.3 seconds" in capsys.readouterr().out


def test_a_file_that_is_no_socket(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    (home / "s").write_text("")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/s")
    assert main(["doctor"]) == 1
    assert f"{home}/s is no socket; remove it" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket to another group")
@pytest.mark.parametrize(
    ("group", "mode", "words"),
    [
        (1, 0o660, "join the group {group} (`sudo usermod -aG {group} {user}`), and log in again"),
        (0, 0o660, "and no group but root's may: run as root, or use a rootless Engine"),
        (1, 0o600, "and no group but root's may"),
    ],
)
def test_a_socket_of_others(
    group: int, mode: int, words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    import grp
    import pwd

    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"{home}/s")
        os.chown(home / "s", 0, group)
        (home / "s").chmod(mode)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/s")
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may connect to all of them
        assert main(["doctor"]) == 1
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert words.format(group=grp.getgrgid(group).gr_name, user=user) in capsys.readouterr().out


def test_what_versions_lack() -> None:
    """Nothing of the newest; and what came later is lacked by all before."""
    assert not any(lacks_of(NEWEST))
    old, older = lacks_of((1, 48)), lacks_of((1, 40))
    assert old.operations.items() <= older.operations.items()
    assert old.fields.items() < older.fields.items()
    assert older.parameters["images.push: platform"] == "1.46"
    assert older.fields["SystemInfo.containerd"] == "1.46"
    assert hasattr(Docker, "engine")


def test_an_unexpected_error_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError("of some kind")

    monkeypatch.setattr(checks, "look_at_address", fail)
    assert main(["doctor"]) == 1
    assert "PROBLEM: this could not be looked at: RuntimeError: of some kind" in capsys.readouterr().out
