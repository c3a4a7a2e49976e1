"""`docker.build`: build an image from a folder, a Dockerfile or an archive, with the same steps for every builder."""

from __future__ import annotations

import json
import os
import secrets as random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs

from .._build.outputs import Output, OutputType
from .._build.session.shared_key import fresh_key, shared_key, user_secret
from .._build.session_options import SecretSource, SessionOptions, SshAgents
from .._build.source import Context, Receiver, Source
from .._declare.params import EncodedJson, text_map, texts
from .._shown import shown
from .._streams.faces.build_steps import Building, Built, SessionLost, with_remedy
from .._streams.faces.contexts import Runs, named
from .._threads import run_in_thread
from ..api.build import Build
from ..errors import BuildError, InvalidArgument, NotFound, NotSupported, RawdockError, StatusError
from .build_session import BuildSession, offered

if TYPE_CHECKING:
    from .._resources import Operations
    from .._streams.faces.builds import BuildStream
    from .._streams.faces.contexts import Opens
    from .._types import Content
    from ..models import AuthConfig, Ulimit

__all__ = ["Builder"]

# Seconds that an Engine may take to confirm a cancelled build.
_CANCEL_TIMEOUT = 10
_CONTAINERD = ["driver-type", "io.containerd.snapshotter.v1"]
_CLIENT_SESSION = "client-session"
"""What the Engine is told as `remote` where it takes the context from a session."""


class Builder(Build):
    """Builds images, cancels builds and prunes the build cache.

    Call it to build: `await docker.build("folder", tag="app:1")`. The bare API operation is `images.build`.
    """

    __slots__ = ("_operations", "_own_secret")

    def __init__(self, client: Operations) -> None:
        super().__init__(client)
        self._operations = client
        self._own_secret = random.token_bytes()  # for the keys of folders, where the user's cannot be kept in a file

    def __call__(
        self,
        context: str | os.PathLike[str] | Content | None = None,
        *,
        dockerfile: str | bytes | None = None,
        file: str | os.PathLike[str] | None = None,
        tag: str | list[str] | None = None,
        target: str | None = None,
        build_args: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        platform: str | None = None,
        pull: bool = False,
        no_cache: bool = False,
        cache_from: list[str] | None = None,
        network: str | None = None,
        extra_hosts: list[str] | None = None,
        memory: int | None = None,
        memory_swap: int | None = None,
        cpu_shares: int | None = None,
        cpu_period: int | None = None,
        cpu_quota: int | None = None,
        cpuset_cpus: str | None = None,
        cpuset_mems: str | None = None,
        shm_size: int | None = None,
        ulimits: list[Ulimit] | None = None,
        cgroup_parent: str | None = None,
        security_opt: list[str] | None = None,
        builder: Literal["buildkit", "classic"] | None = None,
        registry_config: dict[str, AuthConfig] | None = None,
        secrets: Mapping[str, SecretSource] | None = None,
        ssh: SshAgents | None = None,
        output: str | os.PathLike[str] | None = None,
        output_type: OutputType = "folder",
        remote: str | None = None,
        buildid: str | None = None,
        mtime: int | None = None,
        compress: bool = False,
        context_transfer: Literal["tar"] | None = None,
        shared_key: str | None = None,
    ) -> Runs[Building, Built]:
        """Build an image from a folder, the text of a Dockerfile, or an archive (`docker build`).

        Enter it to follow its steps, or await it for the result. Leaving early cancels the build on the Engine; Podman
        first finishes the command of the current step.

        `context` is the path of a folder, or a tar archive, which may be compressed. Without it the context is empty
        and `dockerfile` is needed. `remote` is the URL of a Git repository or an archive that the Engine fetches
        instead; the secret GIT_AUTH_TOKEN is the token for a private repository.

        BuildKit gets only those files of a folder that it does not have from an earlier build: it compares size, time
        and mode, not content. Other builders, and BuildKit with `context_transfer="tar"`, get the folder as an archive
        that is sent while it is read. Files that its `.dockerignore` excludes are not sent; a
        `Dockerfile.dockerignore` beside the Dockerfile is used instead, if there is one. Symbolic links are sent as
        links. All files belong to root, as with the docker command. `mtime`, in seconds since 1970, is set for all
        files, and all of them are sent. `compress` sends an archive as gzip. `shared_key` is the key by which the
        Engine finds the files of a folder again; the default is made for this user and this folder.

        `dockerfile` is the text of a Dockerfile, `file` the path of one: inside the folder or archive, or an absolute
        path elsewhere. `COPY .` does not copy a Dockerfile that is excluded from the context or is from elsewhere,
        except with BuildKit if an archive is sent.

        `builder` is `"buildkit"` or `"classic"`; the default is what the Engine's ping says. Podman has a builder of
        its own. `extra_hosts` are `HOST:IP`. Memory is in bytes, CPU periods are in microseconds; BuildKit ignores
        limits of memory and CPU. `registry_config` has the credentials by registry. `buildid` is the id for
        `build.cancel`; the default is a random one.

        With BuildKit only: `secrets` has secrets by id, for `RUN --mount=type=secret`: bytes, the path of a file, or
        `EnvSecret("NAME")`. `ssh` has SSH agents by id, for `RUN --mount=type=ssh`: True, or the path of an agent's
        socket; the usual id is `default`. `output` is the path where the files of the last stage go instead of into an
        image: a folder, which is created if necessary, or a file of the type `output_type`: `"tar"`, or an image as
        `"oci"` or `"docker"` if the Engine has containerd's image store.

        Raises InvalidArgument before anything is sent, also for a folder, a Dockerfile or ignore rules that cannot be
        used; FileError if a file cannot be read or shrinks meanwhile; NotSupported if a BuildKit session is needed and
        the Engine has none; and BuildError, with the step, if the build fails. The classic builder answers BadRequest
        to a Dockerfile with a syntax error. The `id` of the result is from the end of the stream, its tags and digests
        are from an `images.inspect` afterwards. Routes: GET /_ping, POST /session, POST /build,
        GET /images/{name}/json.
        """
        images = self._operations.images
        start = _Start(
            self._operations,
            Source(context, dockerfile, file, mtime, compress, remote, context_transfer, shared_key),
            SessionOptions(registry_config, secrets, ssh, Output(output, output_type) if output is not None else None),
            tags=[tag] if isinstance(tag, str) else tag,
            builder=builder,
            buildid=buildid,
            extra_hosts=extra_hosts,
            ulimits=ulimits,
            security_opt=security_opt,
            own_secret=self._own_secret,
            send=partial(
                images.build,
                target=target,
                buildargs=text_map("build: build_args", build_args) if build_args else None,
                labels=text_map("build: labels", labels) if labels else None,
                platform=platform,
                pull="1" if pull else None,
                nocache=no_cache,
                cachefrom=cache_from,
                networkmode=network,
                memory=memory,
                memswap=memory_swap,
                cpushares=cpu_shares,
                cpuperiod=cpu_period,
                cpuquota=cpu_quota,
                cpusetcpus=cpuset_cpus,
                cpusetmems=cpuset_mems,
                shmsize=shm_size,
                cgroupparent=cgroup_parent,
            ),
        )
        start.check()
        return named(Runs(start.connect), "build", str(context) if isinstance(context, (str, os.PathLike)) else None)


@attrs.frozen(kw_only=True)
class _Start:
    """How a build begins. `send` is `images.build` with all that is the same for every builder."""

    docker: Operations = attrs.field(kw_only=False)
    source: Source = attrs.field(kw_only=False)
    options: SessionOptions = attrs.field(kw_only=False)
    tags: list[str] | None
    builder: Literal["buildkit", "classic"] | None
    buildid: str | None
    extra_hosts: list[str] | None
    ulimits: list[Ulimit] | None
    security_opt: list[str] | None
    own_secret: bytes = attrs.field(repr=False)
    send: Callable[..., Opens[BuildStream]]

    def check(self) -> None:
        """Raise InvalidArgument for what does not go together."""
        if self.builder not in (None, "buildkit", "classic"):
            raise InvalidArgument(f"build: builder is 'buildkit' or 'classic', not {shown(self.builder)}")
        if self.tags is not None and not all(texts("build: tag", self.tags)):
            raise InvalidArgument("build: a tag is empty; omit tag for an image without a name")
        for name, listed in (("extra_hosts", self.extra_hosts), ("security_opt", self.security_opt)):
            if listed is not None:
                texts(f"build: {name}", listed)
        self.source.check()
        self.options.check()
        output = self.options.output
        if output is not None and self.tags and not output.needs_containerd:
            raise InvalidArgument("build: an output of files has no tag: leave tag out")

    async def connect(self) -> Building:
        ping = await self.docker.system.ping()
        podman = bool(ping.libpod_api_version)
        if podman and self.builder is not None:
            raise InvalidArgument(
                f"build: Podman has only a builder of its own; builder={shown(self.builder)} is not available"
            )
        if podman or not (self.builder == "buildkit" or (self.builder is None and ping.builder_version == "2")):
            return await self._without_buildkit(podman)
        return await self._with_buildkit()

    async def _without_buildkit(self, podman: bool) -> Building:
        need = attrs.evolve(self.options, registry_config=None).need()
        if need:
            who = "Podman's API" if podman else "the classic builder"
            raise InvalidArgument(f"build: {need} needs BuildKit; {who} does not have it")
        context = await self.source.prepare("classic")
        hosts: Any = self.extra_hosts
        ulimits: Any = self.ulimits
        security: Any = self.security_opt
        if podman:
            # Where Docker wants a parameter for each, or a list of objects, Podman wants one list of texts.
            hosts = [json.dumps(hosts)] if hosts else None
            limits = [f"{limit.name}={limit.soft}:{limit.hard}" for limit in ulimits or ()]
            ulimits = EncodedJson(json.dumps(limits)) if limits else None
            security = [json.dumps(security)] if security else None
        return await self._begin(
            context,
            None,
            None,
            version=None if podman else "1",
            remote=self.source.remote,
            extrahosts=hosts,
            ulimits=ulimits,
            securityopt=security,
            registry_config=self.options.registry_config,
        )

    async def _with_buildkit(self) -> Building:
        id = self.buildid or random.token_hex(16)
        stop = partial(_cancel, self.docker, id)
        context, session = await self._opened(stop)
        output = self.options.output
        return await self._begin(
            context,
            session,
            stop,
            version="2",
            buildid=id,
            extrahosts=self.extra_hosts,
            ulimits=self.ulimits,
            securityopt=self.security_opt,
            session=session.id if session is not None else None,
            outputs=output.parameter(self.tags) if output is not None else None,
            remote=_CLIENT_SESSION if context.folders else self.source.remote,
        )

    async def _opened(self, stop: Callable[[], Awaitable[None]]) -> tuple[Context, BuildSession | None]:
        """The context and the session, which may take it; no session where the Engine has none and nothing needs it."""
        need = self.options.need()
        if not self.docker.has_own_transport:
            if need:
                raise InvalidArgument(
                    f"build: {need} needs a session with BuildKit, which needs rawdock's own transport; another "
                    "one was given to this client"
                )
            return await self.source.prepare("buildkit"), None
        await self._check_output()
        receiver: Receiver = "session" if self.source.by_difference else "buildkit"
        context = await self.source.prepare(receiver)
        session: BuildSession | None = None
        try:
            session = BuildSession(await offered(self.options, context.folders), stop)
            if await session.open(self.docker, await self._shared_key()):
                return context, session
        except BaseException:
            await _clean_up(context, session, None)
            raise
        if need:
            await context.aclose()
            raise NotSupported(
                f"build: {need} needs a session with BuildKit, which this Engine does not have", status=404
            )
        return (await self.source.prepare("buildkit") if context.folders else context), None

    async def _check_output(self) -> None:
        output = self.options.output
        if output is None or not output.needs_containerd:
            return
        info = await self.docker.system.info()
        if _CONTAINERD not in info.driver_status:
            raise NotSupported(
                f"build: output_type={output.type!r} needs containerd's image store on the Engine; 'tar' has the files",
                status=501,
            )

    async def _shared_key(self) -> str:
        source = self.source
        if source.shared_key is not None:
            return source.shared_key
        if source.mtime is not None or not isinstance(source.context, (str, os.PathLike)):
            return fresh_key()
        return await run_in_thread(partial(self._key_of, os.fspath(source.context)), "build")

    def _key_of(self, folder: str) -> str:
        return shared_key(folder, user_secret(os.environ) or self.own_secret)

    async def _begin(
        self,
        context: Context,
        session: BuildSession | None,
        stop: Callable[[], Awaitable[None]] | None,
        /,
        **parameters: Any,
    ) -> Building:
        try:
            opening = self.send(
                context.content,
                dockerfile=context.dockerfile,
                tags=self.tags if self.options.output is None else None,
                forcerm=True,  # otherwise the container of a failed step would remain
                **parameters,
            )
            lines = await (opening.__aenter__() if session is None else session.beside(opening.__aenter__))
        except BaseException as error:
            await _clean_up(context, session, None if isinstance(error, StatusError) else stop)
            if isinstance(error, StatusError):
                error.message = with_remedy(error.message)
                error.args = (error.message,)
            if session is not None and isinstance(error, (SessionLost, StatusError)) and session.failure is not None:
                raise session.failure from error
            if isinstance(error, SessionLost):
                raise BuildError(f"the session with BuildKit ended before the build: {error}") from error
            raise
        building = Building(
            lines,
            stop=stop or _nothing,
            image_names=lambda image: _names(self.docker, image),
            session=session,
            is_image=self.options.output is None,
        )
        held = self.docker.held
        try:
            held.hold(building)
        except BaseException:
            await building.aclose()
            raise
        building.on_closed = partial(held.release, building)
        return building


async def _clean_up(context: Context, session: BuildSession | None, stop: Callable[[], Awaitable[None]] | None) -> None:
    """Close what is open of a build that did not start or was cancelled while its context was sent, and cancel it."""
    try:
        await context.aclose()
        if stop is not None:
            await stop()
    finally:
        if session is not None:
            await session.aclose()


async def _nothing() -> None:
    """That the connection was closed ends a build, but only when the Engine notices."""


async def _cancel(docker: Operations, id: str) -> None:
    """Cancel a BuildKit build by its id, ignoring errors: every builder also ends a build when the Engine notices
    that the connection is closed."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(_CANCEL_TIMEOUT), suppress(RawdockError):
        await docker.build.cancel(id=id)


async def _names(docker: Operations, image: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags and digests of an image; none if it was deleted meanwhile."""
    try:
        inspected = await docker.images.inspect(image)
    except NotFound:
        return (), ()
    return tuple(inspected.repo_tags), tuple(inspected.repo_digests)
