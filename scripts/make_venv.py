"""Create a virtual environment with the package and some of its dependency groups, unless it exists already.

    python make_venv.py FOLDER [--wheel FILE] [GROUP...]

An existing environment is kept only if it was made with the same Python, groups, pyproject.toml and wheel.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Create the environment. If pip fails, its own messages are shown and the script exits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("groups", nargs="*")
    arguments = parser.parse_intermixed_args()  # the groups come after the option
    stamp = arguments.folder / "recipe"
    recipe = _recipe(arguments.groups, arguments.wheel)
    if stamp.exists() and stamp.read_text() == recipe:
        return
    try:
        with _alone(arguments.folder):
            if not stamp.exists() or stamp.read_text() != recipe:
                _make(arguments)
                stamp.write_text(recipe)
    except OSError as error:
        sys.exit(f"cannot make {arguments.folder}: {error}")
    except subprocess.CalledProcessError:
        sys.exit(f"cannot make {arguments.folder}: this Python has no pip for it (on Debian: apt install python3-venv)")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock, so that concurrent runs take turns."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(arguments: argparse.Namespace) -> None:
    print(f"making {arguments.folder} with Python {sys.version.split()[0]}", flush=True)
    venv.create(arguments.folder, clear=True, symlinks=True, with_pip=True)
    package = [str(arguments.wheel)] if arguments.wheel else ["--editable", str(PROJECT)]
    pip = [str(arguments.folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, *package, *_requirements(arguments.groups)])
    if done.returncode:
        sys.exit(done.returncode)


def _requirements(groups: list[str]) -> list[str]:
    # An old pip knows no dependency groups, so they are read here.
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    return [requirement for group in groups for requirement in table[group]]


def _recipe(groups: list[str], wheel: Path | None) -> str:
    parts = [sys.version.encode(), sys.base_prefix.encode(), str(PROJECT).encode(), " ".join(groups).encode()]
    parts += [path.read_bytes() for path in (PROJECT / "pyproject.toml", wheel) if path]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    main()
