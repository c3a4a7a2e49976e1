"""The session beside a build: what BuildKit asks this side for while it builds, and sends back.

Neither outlives the other: a session that ends ends the build, which then says why; a build that ends ends its session.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs
from anyio import CancelScope

from .._background import BackgroundTask
from .._build.session.auth import auth_methods, logins
from .._build.session.file_send import FileSend
from .._build.session.file_sync import FileSync
from .._build.session.health import health_methods
from .._build.session.secrets import Secrets
from .._build.session.ssh import Ssh
from .._log import log
from .._streams.faces.build_steps import SessionLost
from .._threads import run_in_thread
from ..errors import StatusError

if TYPE_CHECKING:
    from .._build.session.call import Methods
    from .._build.session.server import SessionServer
    from .._build.session.sources import FolderSource
    from .._build.session_options import SessionOptions
    from .._credentials.search import Keychain
    from .._resources import Operations
    from .._streams.faces.duplex import Duplex
    from ..models import AuthConfig

__all__ = ["BuildSession", "Services", "offered"]

T = TypeVar("T")

_NAME = "rawdock"
_NONE_HERE = (404, 405, 426, 501)
"""With these an Engine says that it has no sessions."""


@attrs.frozen
class Services:
    """What is offered to one build."""

    secrets: Secrets
    output: FileSend | None
    methods: Methods


async def offered(
    options: SessionOptions, folders: Mapping[str, FolderSource], keychain: Keychain | None = None
) -> Services:
    """The services for what the caller gave, and for what the keychain has. Secrets are read; raises InvalidArgument
    and FileError."""
    credentials = logins(options.registry_config or {})
    find = partial(_find, keychain) if keychain is not None else None
    secrets = Secrets(await run_in_thread(options.read_secrets) if options.secrets else {})
    methods: Methods = {**health_methods(), **auth_methods(credentials, find), **secrets.methods()}
    if options.ssh:
        methods |= Ssh(await run_in_thread(options.find_agents)).methods()
    if folders:
        methods |= FileSync(folders).methods()
    output = None
    if options.output is not None:
        await run_in_thread(options.output.check_place)
        output = FileSend(options.output.consume)
        methods |= output.methods()
    return Services(secrets, output, methods)


async def _find(keychain: Keychain, registry: str) -> AuthConfig | None:
    return (await keychain.find(registry)).auth


class BuildSession:
    """Open it before the build, and close it after it. It answers in a task of its own."""

    def __init__(self, services: Services, stop: Callable[[], Awaitable[None]]) -> None:
        self.id = random.token_hex(16)
        self.lost = ""
        """Why the session has ended by itself; empty as long as it has not."""
        self._services = services
        self._stop = stop
        self._duplex: Duplex | None = None
        self._server: SessionServer | None = None
        self._task: BackgroundTask | None = None
        self._reading: CancelScope | None = None
        self._on_lost: Callable[[], Awaitable[None]] | None = None

    async def open(self, docker: Operations, shared_key: str) -> bool:
        """Begin; False if the Engine has no sessions."""
        # The one place where h2 is loaded.
        from .._build.session.server import SessionServer

        methods = self._services.methods
        opening = docker.session.open(uuid=self.id, name=_NAME, shared_key=shared_key, methods=list(methods))
        try:
            duplex = self._duplex = await opening.__aenter__()
        except StatusError as error:
            if error.status in _NONE_HERE:
                return False
            raise
        self._server = SessionServer(methods)
        self._task = BackgroundTask(partial(self._serve, self._server, duplex))
        self._task.start()
        return True

    @property
    def failure(self) -> Exception | None:
        """The first error on this side because of which the Engine did not get what it asked for."""
        return self._server.failure if self._server else None

    @property
    def missing_secrets(self) -> list[str]:
        """IDs of secrets that steps have asked for and that were not given."""
        return self._services.secrets.missing

    @property
    def output_missing(self) -> bool:
        """Whether something was to be sent back and was not, or not all of it."""
        return self._services.output is not None and not self._services.output.received

    def on_lost(self, end: Callable[[], Awaitable[None]]) -> None:
        """What ends the build when the session has ended, beside its cancelling on the Engine."""
        self._on_lost = end

    async def beside(self, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gives; raises SessionLost if the session ends before that."""
        if not self.lost:
            with CancelScope() as scope:
                self._reading = scope
                try:
                    return await read()
                finally:
                    self._reading = None
        raise SessionLost(self.lost)

    async def aclose(self) -> None:
        """End it, and wait until nothing of it runs."""
        try:
            if self._task is not None:
                await self._task.stop()
        finally:
            if self._duplex is not None:
                await self._duplex.aclose()

    async def _serve(self, server: SessionServer, duplex: Duplex) -> None:
        try:
            reason = await server.serve(_Stream(duplex))
        except Exception as error:
            log.exception("a BuildKit session failed")
            reason = f"{type(error).__name__}: {error}"
        self.lost = reason
        if self._reading is not None:
            self._reading.cancel()
        if self._on_lost is not None:
            await self._on_lost()
        await self._stop()


class _Stream:
    """The connection as the session's server takes it."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self.send = duplex.send

    async def receive(self) -> bytes:
        return await anext(self._duplex, b"")
