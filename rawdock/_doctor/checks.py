"""All that `doctor` looks at, one after the other. Nothing that is wrong there ends it."""

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio

from .._command_config import custom_headers, default_platform, proxies_for
from .._credentials.search import Keychain
from .._docker import Docker
from .._shown import shortened
from .._version import __version__
from .._versions import NEWEST, parse_version, version_text
from ..errors import AddressError, InvalidArgument, RawdockError
from .places import look_at_address, look_at_socket
from .report import Report, Section

__all__ = ["examine"]

_UNIX = "unix://"


async def examine(registries: Sequence[str], limit: float) -> Report:
    """Look at everything. The Engine, and each registry's helper program, have `limit` seconds to answer."""
    report = Report()
    report.section("rawdock").say(
        f"{__version__} on Python {platform.python_version()}",
        version=__version__,
        python=platform.python_version(),
    )
    section = report.section("address")
    address = ""
    try:
        address = look_at_address(section, os.environ)
        if address.startswith(_UNIX):
            look_at_socket(report.section("socket"), address.removeprefix(_UNIX))
    except Exception as error:
        section.complain(_unexpected(error))
    await _look(report.section("config"), partial(_look_at_config, address=address), limit)
    if address:
        await _look(report.section("engine"), _look_at_engine, limit)
    if registries:
        section = report.section("credentials")
        keychain = Keychain()
        for registry in registries:
            await _look(section, partial(_look_for, keychain=keychain, registry=registry), limit)
    return report


async def _look(section: Section, look: Callable[[Section], Awaitable[None]], limit: float) -> None:
    try:
        with anyio.fail_after(limit):
            await look(section)
    except TimeoutError:
        section.complain(f"no answer within {limit:g} seconds: look whether it hangs, or give it --timeout SECONDS")
    except RawdockError as error:
        section.complain(str(error))
    except Exception as error:
        section.complain(_unexpected(error))


def _unexpected(error: Exception) -> str:
    return f"this could not be looked at: {type(error).__name__}: {shortened(str(error))}"


async def _look_at_config(section: Section, address: str) -> None:
    headers = sorted(custom_headers())
    section.say(f"headers for every request: {', '.join(headers) or 'none'}", headers=headers)
    chosen = default_platform()
    section.say(f"default platform: {chosen or 'none'}", default_platform=chosen)
    proxies = sorted(name for name in proxies_for(address) if name.isupper())
    section.say(f"proxies for containers and builds: {', '.join(proxies) or 'none'}", proxies=proxies)


async def _look_at_engine(section: Section) -> None:
    from .lacks import lacks_of

    async with Docker() as docker:
        found = await docker.engine()
    section.say(
        str(found),
        **{name: getattr(found, name) for name in ("flavour", "name", "version", "api_version", "min_api_version")},
        **{name: getattr(found, name) for name in ("spoken_version", "os", "arch", "rootless", "image_store")},
        **{name: getattr(found, name) for name in ("storage_driver", "cgroup_version", "cgroup_driver", "swarm")},
    )
    if found.cgroup_driver == "none":
        section.say("no limit of memory, CPU or processes works here, and stats are zeros: there is no cgroup driver")
    lacks = lacks_of(parse_version(found.spoken_version))
    section.data["lacks"] = lacks._asdict()
    if not any(lacks):
        section.say(f"it has all of API {version_text(NEWEST)} that rawdock has")
        return
    section.say(
        f"it lacks of API {version_text(NEWEST)}: operations: {len(lacks.operations)}, parameters: "
        f"{len(lacks.parameters)}, fields: {len(lacks.fields)} (--json lists all)"
    )
    for name, since in lacks.operations.items():
        section.say(f"  {name} (API {since})")


async def _look_for(section: Section, keychain: Keychain, registry: str) -> None:
    if not registry or "/" in registry or not registry.isprintable():
        raise InvalidArgument(f"{registry!r} is not the host of a registry: give one like docker.io or registry:5000")
    known = section.data.setdefault("registries", {})
    known[registry] = {"found": False, "source": ""}
    try:
        found = await keychain.find(registry)
    except AddressError as error:
        raise AddressError(f"{registry}: {error}") from error
    known[registry] = {"found": found.auth is not None, "source": found.source, "places": list(found.places)}
    if found.auth is None:
        section.complain(found.describe())
    else:
        section.say(f"{registry}: from {found.source}; looked at {', '.join(found.places)}")
