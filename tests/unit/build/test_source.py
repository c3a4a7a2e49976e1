"""What is read of a build's folder before it is sent: its rules, which somebody else may have written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_context import content, members, prepare

from rawdock import FileError

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A context, with something beside it that may not be sent."""
    (tmp_path / "secret").write_text("hunter2\n")
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "context" / "hunter2").write_text("")
    (tmp_path / "context" / "kept").write_text("")
    return tmp_path / "context"


@pytest.mark.parametrize("target", ["../secret", "{}/secret", "link"])
async def test_a_dockerignore_that_is_a_link(folder: Path, target: str) -> None:
    """The rules apply, as with the docker command, and are not sent along with an external Dockerfile."""
    (folder / ".dockerignore").symlink_to(target.format(folder.parent))
    (folder / "link").symlink_to("../secret")
    for given in ((folder,), (folder, "FROM scratch\n")):
        _, data, _ = await prepare(*given, engine_applies_dockerignore=True)
        assert {"hunter2", "kept"} & members(data).keys() == {"kept"}
        assert b"hunter2" not in data
    _, data, name = await prepare(folder, "FROM scratch\n", engine_applies_dockerignore=True)
    assert name is not None
    assert content(data, ".dockerignore").split() == [b".dockerignore", name.encode()]


async def test_a_dockerignore_that_becomes_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if the file becomes a link between its check and its reading."""
    rules = folder / ".dockerignore"
    rules.write_text("kept\n")
    look = os.path.islink

    def changing(path: str) -> bool:
        found = look(path)
        if str(path) == str(rules):
            monkeypatch.undo()
            rules.unlink()
            rules.symlink_to("../secret")
        return found

    monkeypatch.setattr(os.path, "islink", changing)
    with pytest.raises(FileError, match=r"\.dockerignore cannot be read"):
        await prepare(folder, "FROM scratch\n", engine_applies_dockerignore=True)
    assert rules.is_symlink()


async def test_a_dockerignore_that_is_not_a_file(folder: Path) -> None:
    """A pipe does not block, a device is not read, and a folder has no rules."""
    path = folder / ".dockerignore"
    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), path.mkdir):
        make()
        for given in ((folder,), (folder, "FROM scratch\n")):
            with pytest.raises(FileError, match=r"\.dockerignore") as caught:
                await prepare(*given, engine_applies_dockerignore=True)
            assert caught.value.path == str(path)
        path.rmdir() if path.is_dir() else path.unlink()
