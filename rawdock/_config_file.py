"""The docker command's folder of configuration, and the JSON files in it. Nothing here is written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from .errors import AddressError

__all__ = ["config_folder", "read_config", "read_json"]


def config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that `DOCKER_CONFIG` names, or `.docker` in the home folder."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or Path.home()) / ".docker")


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of the folder; empty if there is none. Raises AddressError if it cannot be read."""
    return read_json(folder / "config.json") or {}


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object of a file, None if there is no file. Raises AddressError if it cannot be read."""
    problem = ""
    data: object = None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AddressError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        problem = f"cannot read {path}: {error}"
    if problem:  # raised out here: the error of the parser holds the whole file, in which there may be credentials
        raise AddressError(problem)
    if not isinstance(data, dict):
        raise AddressError(f"{path} does not hold a JSON object")
    return cast("dict[str, Any]", data)
