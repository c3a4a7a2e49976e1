"""`DOCKER_AUTH_CONFIG`: credentials in a variable, as `{"auths": {"registry:5000": {"auth": "..."}}}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from .._shown import shown
from .entries import decode_pair

if TYPE_CHECKING:
    from ..models import AuthConfig

__all__ = ["VARIABLE", "read_variable"]

VARIABLE = "DOCKER_AUTH_CONFIG"


def read_variable(text: str) -> dict[str, AuthConfig]:
    """The credentials by key. ValueError for anything that is not the form above: then none of it counts.

    The error says what is wrong, without anything of the values.
    """
    from .._models.model import SecretStr
    from ..models.system import AuthConfig

    problem = ""
    data: object = None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        problem = "it is not JSON"
    if problem:  # raised out here: the error of the parser holds the whole text
        raise ValueError(problem)
    found: dict[str, AuthConfig] = {}
    for key, value in _object(_only(data, "auths", "the whole"), "auths").items():
        auth = _only(value, "auth", f"auths[{shown(key)}]")
        if not isinstance(auth, str) or not auth:
            raise ValueError(f"auths[{shown(key)}] has no auth")
        username, password = decode_pair(auth)
        found[key] = AuthConfig(username=username, password=SecretStr(password), serveraddress=key)
    return found


def _object(value: object, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return cast("dict[str, Any]", value)


def _only(value: object, name: str, what: str) -> Any:
    """The only field that there may be in an object."""
    data = _object(value, what)
    others = [key for key in data if key.lower() != name]
    if others:
        raise ValueError(f"{what} may have nothing but {name}, and has {shown(others[0])}")
    return next(iter(data.values()), None)
