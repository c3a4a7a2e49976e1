"""`docker.ensure_image`: pull an image if it is missing, once for everybody who asks at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from .._background import BackgroundTask
from .._declare.params import text
from .._shown import shown
from ..errors import ClosedError, InvalidArgument, NotFound

if TYPE_CHECKING:
    from .._resources import Operations
    from ..models import AuthConfig, ImageInspect

__all__ = ["PullPolicy", "check_policy", "ensure_image", "find_image", "pull_shared"]

PullPolicy = Literal["always", "missing", "never"]

_POLICIES = ("always", "missing", "never")
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"}
"""Other names of architectures, which Engines take too."""

_Key = tuple[str, str | None, bytes]


class _SharedPull:
    """A pull that runs as long as anybody waits for it."""

    def __init__(self, docker: Operations, reference: str, platform: str | None, auth: AuthConfig | None) -> None:
        self._docker = docker
        self._reference = reference
        self._platform = platform
        self._auth = auth
        self._waiting = 0
        self._error: Exception | None = ClosedError("the pull was ended with its event loop")
        self.task = BackgroundTask(self._pull)

    @property
    def can_be_joined(self) -> bool:
        return not self.task.ended and not self.task.stopping

    async def _pull(self) -> None:
        try:
            await self._docker.images.pull(self._reference, platform=self._platform, auth_config=self._auth)
            self._error = None
        except Exception as error:
            self._error = error

    async def wait(self) -> None:
        """Wait for the end of the pull. The last one who does not wait any more ends it."""
        self._waiting += 1
        try:
            await self.task.wait()
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.ended:
                await self.task.stop()
        if self._error is not None:
            raise self._error


_pulls: WeakKeyDictionary[Operations, dict[_Key, _SharedPull]] = WeakKeyDictionary()


async def pull_shared(docker: Operations, reference: str, platform: str | None, auth: AuthConfig | None) -> None:
    """Pull an image, or wait for the pull of the same image that somebody has begun with this client."""
    from .._models.codec import encode_json

    if platform is not None:
        text("images.pull: platform", platform)
    pulls = _pulls.setdefault(docker, {})
    key = (reference, platform, b"" if auth is None else encode_json(auth))
    pull = pulls.get(key)
    if pull is None or not pull.can_be_joined:
        pull = pulls[key] = _SharedPull(docker, reference, platform, auth)
        pull.task.start()
    try:
        await pull.wait()
    finally:
        if not pull.can_be_joined and pulls.get(key) is pull:
            del pulls[key]


async def find_image(docker: Operations, reference: str, platform: str | None) -> ImageInspect | None:
    """The image, if it is there for the platform."""
    try:
        image = await docker.images.inspect(reference)
    except NotFound:
        return None
    return image if not platform or _is_for(platform, image) else None


def _is_for(platform: str, image: ImageInspect) -> bool:
    """Whether an image is for a platform, as `linux/arm/v7`; what either does not say fits everything."""
    wanted = platform.lower().split("/")
    if len(wanted) == 1 and wanted[0] != image.os:  # the operating system may be left out
        wanted = [image.os, *wanted]
    found = [image.os, image.architecture, image.variant]
    names = [_ARCHITECTURES.get(part, part) for part in wanted]
    return all(not has or name == has for name, has in zip(names, found, strict=False))


def check_policy(method: str, pull: object) -> None:
    """Raise InvalidArgument, in the name of `method`, for what says no time to pull."""
    if pull not in _POLICIES:
        raise InvalidArgument(f"{method}: pull: {shown(pull)} is not one of {', '.join(map(repr, _POLICIES))}")


async def ensure_image(
    docker: Operations,
    reference: str,
    *,
    platform: str | None = None,
    pull: PullPolicy = "missing",
    auth_config: AuthConfig | None = None,
) -> ImageInspect:
    """The image of this name, which is pulled if the Engine does not have it.

    `pull` says when: "missing" is if the Engine does not have it, or not for `platform`; "always" gets the newest, and
    "never" only looks. Everybody who wants the same image at the same time, with this client, waits for one pull: who
    is cancelled leaves it to the others, and the last one ends it on the Engine too.

    Raises NotFound if there is no such image, and what `images.pull` raises. Routes: GET /images/{name}/json,
    POST /images/create.
    """
    check_policy("ensure_image", pull)
    if not text("ensure_image: reference", reference):
        raise InvalidArgument("ensure_image: reference is empty; give the name or the id of an image")
    if platform is not None:
        text("ensure_image: platform", platform)
    if pull == "never":
        return await docker.images.inspect(reference)
    found = None if pull == "always" else await find_image(docker, reference, platform)
    if found is not None:
        return found
    await pull_shared(docker, reference, platform, auth_config)
    return await docker.images.inspect(reference)
