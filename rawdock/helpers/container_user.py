"""The user that a container runs as, in numbers, looked up as the Engine does when it starts the container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from .._shown import shown
from .._tar.members import MemberAttributes
from ..errors import InvalidArgument, NotFound, ServerError
from .read_file import read_file

if TYPE_CHECKING:
    from .._resources import Operations

__all__ = ["check_owner", "owned_by_container"]

_LARGEST = 16 << 20  # bytes of /etc/passwd, which may be anything


def check_owner(method: str, owner: object, attributes: MemberAttributes) -> None:
    """Raise InvalidArgument for what is no owner, or for a uid and gid beside one."""
    if owner is None:
        return
    if not isinstance(owner, str) or owner != "container":
        raise InvalidArgument(
            f"{method}: owner: expected 'container', for the user that the container runs as, or None, got "
            f"{shown(owner)}; numbers are given as uid and gid"
        )
    if (attributes.uid, attributes.gid) != (0, 0):
        raise InvalidArgument(f"{method}: owner: give either an owner or uid and gid")


async def owned_by_container(
    method: str, docker: Operations, container: str, attributes: MemberAttributes
) -> MemberAttributes:
    """The attributes with the container's user as owner. Raises NotFound if its name is not in the container."""
    user = (await docker.containers.inspect(container)).config.user
    name, _, group_name = user.partition(":")
    uid, gid = _number(name) if name else 0, _number(group_name)
    try:
        if name and (uid is None or not group_name):
            entries = await _entries(docker, container, "/etc/passwd", 4)
            found = next((one for one in entries if one[0] == name or _has_number(one[2], uid)), None)
            if found is not None:
                uid = _number(found[2])
                gid = gid if group_name else _number(found[3])
        if group_name and gid is None:
            entries = await _entries(docker, container, "/etc/group", 3)
            gid = next((_number(one[2]) for one in entries if one[0] == group_name), None)
    except ServerError as error:
        # Podman looks them up itself before it gives an archive.
        if "determining run" not in str(error):
            raise
        raise _unknown(method, user, str(error)) from error
    if uid is None:
        raise _unknown(method, user, f"there is no user {shown(name)} in its /etc/passwd")
    if group_name and gid is None:
        raise _unknown(method, user, f"there is no group {shown(group_name)} in its /etc/group")
    owned = attrs.evolve(attributes, uid=uid, gid=gid or 0)
    owned.check(method)
    return owned


def _number(text: str) -> int | None:
    """A user or group in digits; None for a name."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _has_number(text: str, number: int | None) -> bool:
    """Whether a user is the one that is given in digits, which is looked up for its group."""
    return number is not None and _number(text) == number


async def _entries(docker: Operations, container: str, path: str, least: int) -> Iterator[list[str]]:
    """The lines of a file with at least so many parts; none if there is no such file, as in an image from scratch."""
    try:
        content = await read_file(docker, container, path, limit=_LARGEST)
    except NotFound:
        return iter(())
    lines = (line.strip().split(":") for line in content.decode(errors="replace").split("\n"))
    return (parts for parts in lines if len(parts) >= least)


def _unknown(method: str, user: str, reason: str) -> NotFound:
    return NotFound(
        f"{method}: owner: the container runs as {shown(user)}, and {reason}; give numbers as uid and gid", status=404
    )
