"""The docker command's folder of configuration, and the JSON files in it. Nothing here is written."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from ._shown import half_character, shown
from .errors import AddressError

__all__ = ["ConfigFile", "config_file", "config_folder", "read_config", "read_json", "value_of"]


class ConfigFile(NamedTuple):
    """`config.json` as it was read. Nothing of it may be shown: there may be credentials in it."""

    path: Path
    data: Mapping[str, Any]
    """Not to be changed."""
    exists: bool

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


_read: dict[str, tuple[tuple[int, ...], ConfigFile]] = {}
"""What was last read of a file, with what the file was then; only of the path that was read last."""


def config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that `DOCKER_CONFIG` names, or `.docker` in the home folder."""
    environ = os.environ if environ is None else environ
    if named := environ.get("DOCKER_CONFIG"):
        return Path(named)
    try:
        return Path(environ.get("HOME") or Path.home()) / ".docker"
    except RuntimeError as error:
        raise AddressError("this user has no home folder: set HOME, or DOCKER_CONFIG to an empty folder") from error


def config_file(environ: Mapping[str, str] | None = None) -> ConfigFile:
    """`config.json`, which is read again only after it has changed. Raises AddressError if it cannot be read."""
    path = config_folder(environ) / "config.json"
    key = str(path)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return ConfigFile(path, {}, exists=False)
    except (OSError, ValueError) as error:
        raise AddressError(f"cannot read {shown(key)}: {_reason(error)}") from error
    state = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    known = _read.get(key)
    if known is not None and known[0] == state:
        return known[1]
    data = read_json(path)
    file = ConfigFile(path, data or {}, exists=data is not None)
    _read.clear()
    _read[key] = state, file
    return file


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of the folder; empty if there is none. Raises AddressError if it cannot be read."""
    return read_json(folder / "config.json") or {}


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object of a file, None if there is no file. Raises AddressError if it cannot be read."""
    problem = ""
    data: object = None
    try:
        if stat.S_ISFIFO(os.stat(path).st_mode):
            raise AddressError(f"cannot read {shown(str(path))}: it is a pipe, for which nobody would wait here")
        data = json.loads(path.read_text(encoding="utf-8").strip(" \t\r\n") or "null")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AddressError(f"cannot read {shown(str(path))}: {_reason(error)}") from error
    except (ValueError, RecursionError) as error:
        problem = f"cannot read {path}: {error}"
    if problem:  # raised out here: the error of the parser holds the whole file, in which there may be credentials
        raise AddressError(problem)
    if data is None:  # as for the docker command, an empty file and `null` say nothing
        return {}
    if not isinstance(data, dict):
        raise AddressError(f"{path} does not hold a JSON object")
    return cast("dict[str, Any]", data)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return half_character(error)
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def value_of(data: Mapping[str, Any], name: str) -> Any:
    """A value of a JSON object. As for the docker command, upper and lower case of a name are the same."""
    if name in data:
        return data[name]
    return next((value for key, value in data.items() if key.lower() == name.lower()), None)
