"""What the story made on the Engine, so that it can be removed whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._reference import parse_reference
from ..errors import NotFound, RawdockError

if TYPE_CHECKING:
    from .._docker import Docker
    from .screen import Screen

__all__ = ["Made"]


class Made:
    """Containers and names of images, noted before they are made."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._containers: list[str] = []
        self._images: dict[str, str] = {}
        self._told = False
        self.problems: list[str] = []

    def container(self, name: str) -> None:
        """Note that there will be a container of this name."""
        self._containers.append(name)

    async def image(self, reference: str) -> bool:
        """Note that this name of an image will be given; whether it was there before."""
        if reference not in self._images:
            self._images[reference] = await self._id(reference)
        return bool(self._images[reference])

    def __bool__(self) -> bool:
        return bool(self._containers or self._images)

    async def remove(self, screen: Screen) -> None:
        """Remove all of it, the newest first. A name of an image that was there before means what it meant."""
        self._told = False
        for name in reversed(self._containers):
            try:
                await self._docker.containers.delete(name, force=True, volumes=True)
                self._say(screen, f"container {name}", "DELETE /containers/{id}")
            except NotFound:
                pass
            except RawdockError as error:
                self._trouble(screen, f"the container {name}", error)
        for reference, before in reversed(self._images.items()):
            try:
                await self._restore(screen, reference, before)
            except NotFound:
                pass
            except RawdockError as error:
                self._trouble(screen, f"the image {reference}", error)
        self._containers.clear()
        self._images.clear()
        if not self._told:
            screen.say("Nothing is left.")

    async def _restore(self, screen: Screen, reference: str, before: str) -> None:
        now = await self._id(reference)
        if not now:
            return
        if not before:
            await self._docker.images.delete(reference)
            self._say(screen, f"image {reference}", "DELETE /images/{name}")
        elif now == before:
            self._say(screen, f"image {reference} stays, as it was here before")
        else:
            name = parse_reference(reference)
            await self._docker.images.tag(before, repo=name.name, tag=name.tag or "latest")
            await self._docker.images.delete(now)
            self._say(screen, f"gave the name {reference} back to the image that had it", "POST /images/{name}/tag")

    async def _id(self, reference: str) -> str:
        try:
            return (await self._docker.images.inspect(reference)).id
        except NotFound:
            return ""

    def _trouble(self, screen: Screen, what: str, error: RawdockError) -> None:
        self.problems.append(f"{what} could not be removed: {error}")
        self._say(screen, self.problems[-1])

    def _say(self, screen: Screen, text: str, call: str = "") -> None:
        screen.say(text, call)
        self._told = True
