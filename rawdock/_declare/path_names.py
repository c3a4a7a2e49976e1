"""Names and ids as parts of a path.

What could reach another endpoint is refused: the Engine unescapes a path before it looks for its endpoint, and shortens
`.` and `..` in it. Names that an Engine gives or takes are taken here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote as percent

from .._shown import cannot_be_sent, shown
from ..errors import InvalidArgument

__all__ = [
    "container_name",
    "container_text",
    "identifier",
    "image_path",
    "linked_name",
    "network_name",
    "path_encoder",
]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_IMAGE = re.compile(r"[A-Za-z0-9_.:@+/-]+")
_IPV6_REGISTRY = re.compile(r"\[[0-9A-Fa-f:.]+\](?=[:/])")
_UNSAFE = re.compile(r"[\x00-\x20\x7f/\\?#%]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def path_encoder(route: str, name: str, is_image: bool) -> Callable[[str, Any], str]:
    """The function that checks and escapes the parameter `name` of a route."""
    if is_image:
        return image_path
    if f"/networks/{{{name}}}" in route:
        return network_name
    if route == f"DELETE /containers/{{{name}}}":
        return linked_name
    return container_name if f"/containers/{{{name}}}" in route else identifier


def identifier(where: str, value: Any) -> str:
    """An id, or a name without slashes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    wrong = _UNSAFE.search(_text(where, value, "an id or a name"))
    if wrong:
        raise InvalidArgument(f"{where}: {shown(value)} is not an id or a name: it may not hold {wrong[0]!r}")
    return _escaped(where, _without_dots(where, value))


def container_name(where: str, value: Any) -> str:
    """The id or the name of a container. Engines give names with a slash in front, which is dropped here."""
    if type(value) is str and value[:1] == "/":
        value = value[1:]
    return identifier(where, value)


def container_text(where: str, value: Any) -> str:
    """The same, for a query string."""
    return _text(where, value, "an id or a name").removeprefix("/")


def linked_name(where: str, value: Any) -> str:
    """The same, or the name of a link to another container, as `web/db`."""
    container, slash, link = _text(where, value, "an id or a name").removeprefix("/").partition("/")
    return container_name(where, container) + (f"%2F{identifier(where, link)}" if slash else "")


def network_name(where: str, value: Any) -> str:
    """The id or the name of a network. Docker lets networks have names with blanks, slashes and percent signs."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    wrong = _CONTROL.search(_text(where, value, "an id or a name"))
    if wrong:
        raise InvalidArgument(f"{where}: {shown(value)} is not an id or a name: it may not hold {wrong[0]!r}")
    for part in value.split("/"):
        _without_dots(where, part, value)
    return _escaped(where, value)


def image_path(where: str, value: Any) -> str:
    """An image's id or reference."""
    what = "an image's id or reference"
    given = _text(where, value, what)
    ipv6 = _IPV6_REGISTRY.match(given)
    rest = given[ipv6.end() :] if ipv6 else given
    if _IMAGE.fullmatch(rest) is None:
        wrong = next((one for one in rest if _IMAGE.fullmatch(one) is None), "")
        raise InvalidArgument(f"{where}: {shown(value)} is not {what}: it may not hold {wrong!r}")
    for part in given.split("/"):
        _without_dots(where, part, given, f"{what}; use the id")
    return (percent(ipv6[0], safe=":") if ipv6 else "") + rest


def _text(where: str, value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{where}: expected {what} (str), got {type(value).__name__}")
    if not value:
        raise InvalidArgument(f"{where}: may not be empty; give {what}")
    return value


def _without_dots(where: str, part: str, whole: str = "", what: str = "an id or a name; use the id") -> str:
    """A part of a path that the Engine does not shorten."""
    if part in ("", ".", ".."):
        raise InvalidArgument(f"{where}: {shown(whole or part)} has the part {part!r}, so it cannot be {what}")
    return part


def _escaped(where: str, value: str) -> str:
    try:
        return percent(value, safe=":@")
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"{where}: {cannot_be_sent(error)}") from error
