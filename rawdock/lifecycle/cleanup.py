"""Remove what the demonstration creates on the Engine, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._reference import parse_reference
from ..errors import NotFound, RawdockError

if TYPE_CHECKING:
    from .._docker import Docker
    from .screen import Screen

__all__ = ["Cleanup"]


class Cleanup:
    """The containers and image names to remove, noted before they are created."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._containers: list[str] = []
        self._images: dict[str, str] = {}
        self._printed = False
        self.problems: list[str] = []

    def add_container(self, name: str) -> None:
        """Note that a container with this name will be created."""
        self._containers.append(name)

    async def add_image(self, reference: str) -> bool:
        """Note that an image with this name will be created. Returns whether there is one already."""
        if reference not in self._images:
            self._images[reference] = await self._id(reference)
        return bool(self._images[reference])

    def __bool__(self) -> bool:
        return bool(self._containers or self._images)

    async def remove(self, screen: Screen) -> None:
        """Remove everything, the newest first. An image name that existed before is given back to its image."""
        self._printed = False
        for name in reversed(self._containers):
            try:
                await self._docker.containers.delete(name, force=True, volumes=True)
                self._print(screen, f"container {name}", "DELETE /containers/{id}")
            except NotFound:
                pass
            except RawdockError as error:
                self._report_failure(screen, f"the container {name}", error)
        for reference, before in reversed(self._images.items()):
            try:
                await self._restore(screen, reference, before)
            except NotFound:
                pass
            except RawdockError as error:
                self._report_failure(screen, f"the image {reference}", error)
        self._containers.clear()
        self._images.clear()
        if not self._printed:
            screen.say("Nothing is left.")

    async def _restore(self, screen: Screen, reference: str, before: str) -> None:
        now = await self._id(reference)
        if not now:
            return
        if not before:
            await self._docker.images.delete(reference)
            self._print(screen, f"image {reference}", "DELETE /images/{name}")
        elif now == before:
            self._print(screen, f"image {reference} stays, as it was here before")
        else:
            name = parse_reference(reference)
            await self._docker.images.tag(before, repo=name.name, tag=name.tag or "latest")
            await self._docker.images.delete(now)
            self._print(screen, f"gave the name {reference} back to the image that had it", "POST /images/{name}/tag")

    async def _id(self, reference: str) -> str:
        try:
            return (await self._docker.images.inspect(reference)).id
        except NotFound:
            return ""

    def _report_failure(self, screen: Screen, what: str, error: RawdockError) -> None:
        self.problems.append(f"{what} could not be removed: {error}")
        self._print(screen, self.problems[-1])

    def _print(self, screen: Screen, text: str, call: str = "") -> None:
        screen.say(text, call)
        self._printed = True
