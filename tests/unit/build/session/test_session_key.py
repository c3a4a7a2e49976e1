"""The key by which the Engine finds again what it has of a folder."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from rawdock._build.session.shared_key import fresh_key, shared_key, user_secret


def test_the_key_of_a_folder(tmp_path: Path) -> None:
    """The same for every path that leads to the folder; another one for other folders and other users."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "link").symlink_to("a")
    key = shared_key(str(tmp_path / "a"), b"s" * 32)
    assert key == shared_key(str(tmp_path / "link"), b"s" * 32) == shared_key(f"{tmp_path}/b/../a/", b"s" * 32)
    assert len({key, shared_key(str(tmp_path / "b"), b"s" * 32), shared_key(str(tmp_path / "a"), b"t" * 32)}) == 3
    assert len(key) == 32
    assert key.isalnum()
    assert shared_key(os.fsdecode(b"/\xff"), b"s" * 32)
    assert fresh_key() != fresh_key()


def secret_file(state: Path) -> Path:
    return state / "rawdock" / "session-secret"


def test_the_users_secret(tmp_path: Path) -> None:
    """Made on first use, for the user alone, and the same from then on."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": "/nowhere"}
    secret = user_secret(environment)
    assert secret is not None
    assert len(secret) == 32
    assert user_secret(environment) == secret
    file = secret_file(tmp_path / "state")
    assert file.read_bytes() == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == ["session-secret"]


@pytest.mark.parametrize("state", [None, "", "relative"])
def test_where_it_is_by_default(tmp_path: Path, state: str | None) -> None:
    environment = {"HOME": str(tmp_path)} | ({} if state is None else {"XDG_STATE_HOME": state})
    assert user_secret(environment) == secret_file(tmp_path / ".local/state").read_bytes()


@pytest.mark.parametrize("wrong", ["readable", "short", "folder", "link", "pipe", "parent"])
def test_a_file_that_is_not_trusted(tmp_path: Path, wrong: str) -> None:
    """Then there is none, and nothing is changed or waited for."""
    file = secret_file(tmp_path)
    if wrong == "parent":
        file.parent.write_text("no folder")
    else:
        file.parent.mkdir()
        if wrong == "folder":
            file.mkdir()
        elif wrong == "pipe":
            os.mkfifo(file, 0o600)
        elif wrong == "link":
            (tmp_path / "other").write_bytes(b"s" * 32)
            (tmp_path / "other").chmod(0o600)
            file.symlink_to(tmp_path / "other")
        else:
            file.write_bytes(b"s" * (31 if wrong == "short" else 32))
            file.chmod(0o644 if wrong == "readable" else 0o600)
    assert user_secret({"XDG_STATE_HOME": str(tmp_path)}) is None
    assert wrong != "readable" or file.read_bytes() == b"s" * 32


def test_no_place_for_it() -> None:
    assert user_secret({}) is None
    assert user_secret({"HOME": "relative"}) is None
    assert user_secret({"XDG_STATE_HOME": "/proc/none"}) is None


def test_made_by_many_at_once(tmp_path: Path) -> None:
    """All have the same one."""
    found: list[bytes | None] = []
    start = threading.Barrier(8)

    def one() -> None:
        start.wait()
        found.append(user_secret({"XDG_STATE_HOME": str(tmp_path)}))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0] is not None
    assert os.listdir(tmp_path / "rawdock") == ["session-secret"]
