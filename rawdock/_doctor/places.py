"""Where the Engine is looked for, and whether this user may use what is there."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Mapping

from .._about import describe_source
from .._address import find_address
from .._config_file import config_file
from .._shown import shown
from ..errors import AddressError
from .report import Section, without_password

__all__ = ["look_at_address", "look_at_socket"]

_VARIABLES = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
)
_DEFAULT = "/var/run/docker.sock"


def look_at_address(section: Section, environ: Mapping[str, str]) -> str:
    """Say which address counts and why, and what each place says; the address, or an empty text if there is none."""
    address = ""
    try:
        found = find_address(None, environ)
        address = str(found)
        section.say(f"{address} ({describe_source(found.source)})", address=address, source=found.source)
    except AddressError as error:
        section.say("none", address="", source="")
        section.complain(str(error))
    said = {name: without_password(environ[name]) for name in _VARIABLES if environ.get(name)}
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        section.say(f"{name}: {shown(said[name]) if name in said else 'not set'}")
    for name in _VARIABLES[2:]:
        if name in said:
            section.say(f"{name}: {shown(said[name])}")
    section.data["variables"] = said
    try:
        file = config_file(environ)
        current = file.data.get("currentContext")
        where = f"currentContext of {file.path}"
        words = shown(current) if current else "not set" if file.exists else "there is no such file"
        section.say(f"{where}: {words}", config=str(file.path), current_context=current if current else None)
    except AddressError as error:
        if not any(str(error) in problem for problem in section.problems):
            section.complain(str(error))
    there = os.path.lexists(_DEFAULT)
    section.say(f"the usual socket {_DEFAULT}: {'there' if there else 'not there'}", usual_socket=there)
    return address


def look_at_socket(section: Section, path: str) -> None:
    """Say whom a socket belongs to, and whether this user may connect to it."""
    user, groups = _user(), [_group(gid) for gid in {os.getegid(), *os.getgroups()}]
    try:
        found = os.stat(path)
    except OSError as error:
        section.say(f"{path}: {error.strerror}", path=path, exists=False)
        if isinstance(error, PermissionError):
            section.complain(f"{user} may not look into a folder of {path}: use another account, or the Engine's group")
        return  # that nobody listens there is said by the question to the Engine
    owner, group, mode = _name(found.st_uid), _group(found.st_gid), f"{stat.S_IMODE(found.st_mode):04o}"
    section.say(
        f"{path}: of {owner}, group {group}, mode {mode}; you are {user}, in {', '.join(sorted(groups))}",
        path=path,
        exists=True,
        owner=owner,
        group=group,
        mode=mode,
        user=user,
        groups=sorted(groups),
    )
    if not stat.S_ISSOCK(found.st_mode):
        section.complain(f"{path} is no socket; remove it, and start the Engine (`systemctl start docker`)")
    elif not os.access(path, os.R_OK | os.W_OK):
        section.complain(_how_to_get_in(path, found, user, group))


def _how_to_get_in(path: str, found: os.stat_result, user: str, group: str) -> str:
    denied = f"{user} may not connect to {path}"
    if not found.st_mode & stat.S_IWGRP or found.st_gid == 0:
        return f"{denied}, and no group but root's may: run as {_name(found.st_uid)}, or use a rootless Engine"
    try:
        members = grp.getgrgid(found.st_gid).gr_mem
    except KeyError:
        members = []
    if user in members:
        return f"{denied}, though {user} is in the group {group}: log in again, so that it counts"
    return f"{denied}: join the group {group} (`sudo usermod -aG {group} {user}`), and log in again"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _user() -> str:
    return _name(os.geteuid())


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
