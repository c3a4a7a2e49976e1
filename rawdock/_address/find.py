"""Finding the address of the Engine, in the docker command's order.

The argument comes first, then DOCKER_HOST, DOCKER_CONTEXT, the context in config.json, and the usual socket. Only where
none of these says anything and there is nothing at the usual place, the sockets of other Engines are looked at.
An address that cannot be used raises an `AddressError` that names it and says where it comes from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .._config_file import config_folder, read_config
from .._shown import shown
from ..errors import AddressError, InvalidArgument
from .address import DEFAULT_SOCKET, Address
from .parse import parse_address

if TYPE_CHECKING:
    import ssl

__all__ = ["find_address"]


def find_address(
    argument: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    context: str | None = None,
    tls: str | os.PathLike[str] | ssl.SSLContext | None = None,
) -> Address:
    """The address that the docker command would use, with what TLS needs there."""
    environ = os.environ if environ is None else environ
    if context is not None and not isinstance(context, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgument(f"context: expected the name of a docker context, got {shown(context)}")
    if argument is not None and context:
        raise InvalidArgument("give an address or a context, not both")
    address = _find(argument, environ, context)
    if tls is None:
        return address
    if address.scheme != "tcp":
        raise InvalidArgument(f"tls: it is for tcp:// addresses only, and the address is {address} ({address.source})")
    from .tls import tls_of_argument

    return address._replace(tls=tls_of_argument(tls))


def _find(argument: object, environ: Mapping[str, str], context: str | None) -> Address:
    if argument is not None:
        path: object = os.fspath(cast("os.PathLike[str]", argument)) if isinstance(argument, os.PathLike) else argument
        if not isinstance(path, str):
            raise AddressError(f"argument: expected an address as text, got {shown(path)}")
        return _with_variables(parse_address(path, "argument"), environ)
    if context and context != "default":
        return _of_context(config_folder(environ), context)
    if host := environ.get("DOCKER_HOST", ""):
        return _with_variables(parse_address(host, "DOCKER_HOST"), environ)
    if not context:
        config = config_folder(environ)
        name = environ.get("DOCKER_CONTEXT", "") or _current_context(config)
        if name and name != "default":
            return _of_context(config, name)
        if not name:
            return _usual_or_known(environ)
    return Address(path=DEFAULT_SOCKET, source="default")


def _usual_or_known(environ: Mapping[str, str]) -> Address:
    from .known import is_missing, known_sockets, state_of

    if is_missing(DEFAULT_SOCKET):
        for known in known_sockets(environ):
            if state_of(known.path) == "listens":
                source = f"the socket of {known.name}, as there is no {DEFAULT_SOCKET}"
                return Address(path=known.path, source=source)
    return Address(path=DEFAULT_SOCKET, source="default")


def _with_variables(address: Address, environ: Mapping[str, str]) -> Address:
    """The variables for TLS count for an address of its own, not for a context, and not for a Unix socket."""
    if address.scheme == "tcp" and (environ.get("DOCKER_TLS_VERIFY") or environ.get("DOCKER_TLS")):
        from .tls import tls_of_environment

        return address._replace(tls=tls_of_environment(environ))
    return address


def _current_context(config: Path) -> str:
    name = read_config(config).get("currentContext")
    if name is not None and not isinstance(name, str):
        raise AddressError(f"currentContext in {config / 'config.json'} is not the name of a context: {shown(name)}")
    return name or ""


def _of_context(config: Path, name: str) -> Address:
    from .contexts import read_context

    source = f"context {name}"
    context = read_context(config, name)
    address = parse_address(context.host, source)
    if address.scheme != "tcp":
        return address
    from .tls import tls_of_context

    return address._replace(tls=tls_of_context(name, context))
