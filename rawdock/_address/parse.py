"""Reading an address, as the docker command reads it."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

from .._shown import half_character, shown
from ..errors import AddressError
from .address import DEFAULT_SOCKET, TCP_PORT, Address

__all__ = ["parse_address"]

_TLS = "with TLS if DOCKER_TLS_VERIFY=1 is set or `tls` is given"
_REFUSED = {
    "npipe": "Windows named pipes are not supported",
    "fd": "fd:// is only for the daemon, not for clients",
    "http": "write tcp://host:port",
    "https": f"write tcp://host:port, which is used {_TLS}",
}
_KNOWN = ("unix", "tcp", "ssh")
_LONGEST = 2048
# user, host in brackets, host, port, and what follows
_IPV6 = r"\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]"
_SSH = re.compile(rf"(?:([^@/?#]*)@)?(?:{_IPV6}|([^\[\]:/@?#\s]+))(?::([0-9]{{1,5}}))?(/[^?#]*)?")
_TCP = re.compile(rf"(?:{_IPV6}|([^\[\]:/@?#\s]*))(?::([0-9]{{1,5}}))?((?:/[!\"$-;=@-~]*)?)")


def parse_address(text: str, source: str) -> Address:
    """Read `unix:///path`, an absolute path, `tcp://host:port`, `host:port`, or `ssh://user@host`.

    Nothing but blanks is the usual socket. Raises AddressError for anything else.
    """
    text = text.strip()
    _check_characters(text, source)
    if not text:
        return Address(path=DEFAULT_SOCKET, source=source)
    if text.startswith("/"):  # the docker command would look for a host
        return Address(path=text, source=source)
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _without_scheme(text, source)
    if scheme == "unix":
        return Address(path=os.path.abspath(rest) if rest else DEFAULT_SOCKET, source=source)
    if scheme == "tcp":
        return _tcp(text, rest, source)
    if scheme == "ssh":
        return _ssh(text, rest, source)
    reason = _REFUSED.get(scheme, f"unknown scheme {shown(scheme)}; rawdock supports unix://, tcp:// and ssh://")
    if scheme.lower() in _KNOWN:
        reason = f"write {scheme.lower()}:// in small letters"
    raise AddressError(f"{source}: {shown(text)}: {reason}")


def _check_characters(text: str, source: str) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise AddressError(f"{source}: {shown(text)} has control characters")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise AddressError(f"{source}: {half_character(error)} and cannot be in an address") from error


def _without_scheme(text: str, source: str) -> Address:
    """`host` or `host:port`; what looks like the path of a file is refused."""
    if text.startswith((".", "~")) or "/" in text or text.endswith(".sock"):
        raise AddressError(f"{source}: {shown(text)} is no address; for a socket, write unix:///path/to/docker.sock")
    return _tcp(text, text, source)


def _tcp(text: str, rest: str, source: str) -> Address:
    match = _TCP.fullmatch(rest)
    port = int(match[3] or TCP_PORT) if match else 0
    if match is None or not 0 < port < 65536 or not text.isascii() or len(text) > _LONGEST:
        raise AddressError(f"{source}: {shown(text)} is not tcp://host:port")
    host = _ipv6(match[1]) or match[2] or "localhost"
    return Address("tcp", match[4].rstrip("/"), host, port, source=source)


def _ssh(text: str, rest: str, source: str) -> Address:
    if "@" in rest and ":" in rest.rpartition("@")[0]:
        # Not shown: there is a password in it.
        raise AddressError(f"{source}: an ssh:// address cannot have a password: use a key, or an ssh agent")
    match = _SSH.fullmatch(rest)
    port = int(match[4] or 0) if match else 0
    if match is None or port > 65535 or match[4] == "0" or len(text) > _LONGEST:
        raise AddressError(
            f"{source}: {shown(text)} is not ssh://user@host, ssh://user@host:port or with /path/to/socket"
        )
    user, path = unquote(match[1] or ""), unquote(match[5] or "")
    host = _ipv6(match[2]) or match[3]
    for part in (user, path):
        _check_characters(part, source)
    return Address("ssh", "" if path == "/" else path, host, port, user, source=source)


def _ipv6(text: str | None) -> str:
    """An IPv6 address, whose zone a URL writes after `%25`."""
    return (text or "").replace("%25", "%")
