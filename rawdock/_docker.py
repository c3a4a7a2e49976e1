"""`Docker`: a client with the operations of the API and with helpers that use several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._lazy import load
from ._resources import LoadedOnUse, Operations

if TYPE_CHECKING:
    from .helpers import (
        copy,
        engine,
        ensure_image,
        execute,
        follow_logs,
        published,
        read_file,
        reap,
        run,
        temporary,
        waiting,
        watch,
        write_file,
    )
    from .helpers.build import Builder

__all__ = ["Docker"]


class _Helper:
    """A helper function as a method. Its module is loaded when the method is first used."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, client: object, owner: type | None = None) -> Any:
        function = load(f"helpers.{self._module}", self._name)
        setattr(self._owner, self._name, function)  # replaces this descriptor
        return function if client is None else function.__get__(client)


class Docker(Operations):
    """A client of one Docker Engine.

    `address` is `unix:///path`, a path, `ssh://user@host`, or `tcp://host:port`; in its place, `context` is the name of
    a docker context. The default is the Engine that the docker command uses: `DOCKER_HOST`, the active docker context,
    or `/var/run/docker.sock`. If there is none of these, the sockets of rootless Docker, Docker Desktop, Podman,
    Colima, Lima, OrbStack and Rancher Desktop are looked at; `address_source` says what was found. Nothing is opened
    before the first call. docs/connect.md has the rules.

    `tls` is a folder with ca.pem, cert.pem and key.pem, or an `ssl.SSLContext`, for `tcp://`; the default is what
    `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` say, and for a context its own files. `ssh_forwarding=True` lets one ssh
    process forward the Engine's socket, in place of one process for each connection.

    `transport` replaces the connection to the Engine by any httpx transport. `version` pins the API version, as
    `DOCKER_API_VERSION` does; otherwise it is negotiated on the first call, and must be at least `minimum_version`.
    `on_call` is told of the begin and end of each call and stream: docs/seeing.md.
    `limits` says how much of an answer is kept at most; `connect_timeout` is in seconds. Calls and streams have no
    timeout of their own: use a cancel scope.

    `credentials=False` looks nowhere for credentials of registries. Otherwise what asks a registry finds those that the
    docker command would use, unless it is given some: in `DOCKER_AUTH_CONFIG`, `config.json` and helper programs. The
    default is to look, but not with a `transport`.

    What else the docker command takes from its configuration is taken too, but not with a `transport` or
    `config=False`: every request has the headers of `DOCKER_CUSTOM_HEADERS` or `HttpHeaders`; `run`, `build` and
    `images.pull` without a `platform` are for `DOCKER_DEFAULT_PLATFORM`; and `run` and `build` get the `proxies` as
    variables and build arguments, but for those that are set.

    Raises AddressError if the address, the context, a certificate, or what is taken from the configuration cannot be
    used.
    """

    build: LoadedOnUse[Builder] = LoadedOnUse("helpers.build", "Builder")  # pyright: ignore[reportIncompatibleVariableOverride] - only read
    """`build(...)` builds an image; cancelling builds, and the build cache."""

    # Type checkers and editors see the functions themselves, with their signatures and docstrings.
    if TYPE_CHECKING:
        copy_in = copy.copy_in
        copy_out = copy.copy_out
        ensure_image = ensure_image.ensure_image
        engine = engine.engine
        execute = execute.execute
        follow_logs = follow_logs.follow_logs
        published = published.published
        read_file = read_file.read_file
        reap = reap.reap
        run = run.run
        temporary = temporary.temporary
        wait_healthy = waiting.wait_healthy
        wait_port = waiting.wait_port
        watch_containers = watch.watch_containers
        watch = watch.watch  # after all other uses of the module, whose name it takes
        write_file = write_file.write_file
    else:
        copy_in = _Helper("copy")
        copy_out = _Helper("copy")
        engine = _Helper("engine")
        ensure_image = _Helper("ensure_image")
        execute = _Helper("execute")
        follow_logs = _Helper("follow_logs")
        published = _Helper("published")
        read_file = _Helper("read_file")
        reap = _Helper("reap")
        run = _Helper("run")
        temporary = _Helper("temporary")
        wait_healthy = _Helper("waiting")
        wait_port = _Helper("waiting")
        watch = _Helper("watch")
        watch_containers = _Helper("watch")
        write_file = _Helper("write_file")
