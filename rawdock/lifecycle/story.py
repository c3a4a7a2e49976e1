"""The steps of the demonstration. Requests depend only on the arguments and the answers, so they can be replayed."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from .._about import describe_source, engine_name
from .._reference import Reference, parse_reference
from ..errors import ServerError
from ..models import ContainerSpec
from .cleanup import Cleanup
from .screen import plural, short, size

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .._docker import Docker
    from ..models import ContainerInspect, ContainerSummary, DataUsage, HistoryItem, ImageDeleted, ImageInspect
    from ..progress import Progress
    from .screen import Screen

__all__ = ["Story"]

T = TypeVar("T")

# The first process of a container ignores signals for which it has no handler.
_COMMAND = ["sh", "-c", "trap 'exit 0' TERM; echo hello > /hello.txt; sleep 600 & wait"]
_FILE = "/hello.txt"
_CLEANUP = 60.0  # seconds
# Engines started by scripts/engines have these images in a registry of their own.
_TEST_ENGINE = re.compile(r"/state/(docker|podman)-[0-9.]+(-ctrd)?/data")
_LOCAL = "127.0.0.1:"
_IMAGES_SHARING_LAYERS = {"app:3": "app:10", "app:10": "app:3"}
_KINDS = {0: "changed", 1: "added", 2: "deleted"}


class Story:
    """From pull to delete on one Engine. `name` is the name of the container and the image that are created.

    `recorded` is set if the answers come from a recording.
    """

    def __init__(
        self,
        docker: Docker,
        screen: Screen,
        *,
        image: str = "",
        name: str = "rawdock-lifecycle",
        recorded: bool = False,
    ) -> None:
        self._docker = docker
        self._screen = screen
        self._requested_image = image
        self._recorded = recorded
        self._name = name
        self._cleanup = Cleanup(docker)
        self._before = 0
        self._root = ""
        self._image = parse_reference(image) if image else Reference("")
        self._commit = f"{name}:latest"

    @property
    def problems(self) -> list[str]:
        """Messages about what could not be removed."""
        return self._cleanup.problems

    async def run(self) -> None:
        """Run all steps. What was created is removed, also after an error or a cancellation."""
        try:
            await self._run_steps()
        finally:
            self._screen.closing = True
            with anyio.move_on_after(_CLEANUP, shield=True) as scope:
                if self._cleanup:
                    self._screen.step("Remove what this story made")
                    await self._cleanup.remove(self._screen)
            if scope.cancelled_caught:
                self.problems.append("the Engine took too long to remove what this story made")
        self._screen.step("Disk, after")
        usage = await self._usage()
        self._show_disk_usage(usage)
        difference = _layers_size(usage) - self._before
        if difference:
            self._screen.say(
                f"{size(abs(difference))} {'more' if difference > 0 else 'less'} in layers than before: some Engines "
                "free layers a little later, and others may work on this Engine too."
            )
        else:
            self._screen.say("As before.")

    async def _run_steps(self) -> None:
        await self._show_engine()
        first = await self._pull_first()
        second = await self._pull_second(first)
        created = await self._create_and_start()
        await self._inspect_container(created, len(first.root_fs.layers))
        committed = await self._stop_and_commit(created)
        pushed = await self._push(committed)
        if not second:
            await self._pull_back(first, pushed)
        await self._delete_one(first, second or self._commit)

    async def _show_engine(self) -> None:
        docker, say = self._docker, self._screen.say
        self._screen.step("Which Engine")
        await docker.system.ping()
        source = docker.address_source
        say("The Engine of the recording" if self._recorded else docker.address, "GET /_ping")
        if not self._recorded:
            say(f"({'started by this command' if source == 'argument' else describe_source(source)})")
        version = await docker.system.version()
        speaks = f"{version.min_api_version} to {version.api_version}" if version.min_api_version else "one version"
        say(f"{engine_name(version)} speaks API {speaks}; here {docker.version}.", "GET /version")
        info = await docker.system.info()
        self._root = info.docker_root_dir.rstrip("/")
        say(f"Storage driver {info.driver}, in the folder", "GET /info")
        say(f"  {self._root}{' (on the recorded machine)' if self._recorded else ''}")
        if not self._requested_image:
            test_engine = _TEST_ENGINE.search(info.docker_root_dir)
            self._image = parse_reference("127.0.0.1:5000/app:3" if test_engine else "busybox:1")
        self._screen.step("Disk, before")
        usage = await self._usage()
        self._before = _layers_size(usage)
        self._show_disk_usage(usage)

    async def _usage(self) -> DataUsage:
        for _ in range(5):
            with suppress(ServerError):  # containerd's image store fails while anyone removes a container
                return await self._docker.system.data_usage()
            await anyio.sleep(0.3)
        return await self._docker.system.data_usage()

    def _show_disk_usage(self, usage: DataUsage) -> None:
        images = usage.image_usage.total_count or len(usage.images)
        containers = usage.container_usage.total_count or len(usage.containers)
        self._screen.say(
            f"{plural(images, 'image')} with {size(_layers_size(usage))} of layers, {plural(containers, 'container')}.",
            "GET /system/df",
        )

    async def _pull_first(self) -> ImageInspect:
        reference = self._image.pulled
        self._screen.step(f"Pull {reference}")
        before = await self._cleanup.add_image(reference)
        progress = await self._pull(reference)
        image = await self._docker.images.inspect(reference)
        if before:
            self._screen.say("It was here before, so it stays at the end.")
        self._show_downloaded(progress)
        self._screen.say(
            f"Image {short(image.id)}: {plural(len(image.root_fs.layers), 'layer')}, {size(image.size)}.",
            "GET /images/{name}/json",
        )
        for layer in image.root_fs.layers:
            self._screen.say(f"  {short(layer)}")
        self._screen.say("(These are the digests of the unpacked layers; a pull names the packed ones.)")
        return image

    async def _pull(self, reference: str) -> Progress:
        self._screen.begin()
        async with self._docker.images.pull(reference) as pull:
            async for _ in pull:
                self._screen.draw(pull.progress)
            result = await pull.result()
        self._screen.finish(result.progress)
        self._screen.say(result.status or "The Engine ends a pull without a word.", "POST /images/create")
        return result.progress

    def _show_downloaded(self, progress: Progress) -> None:
        came = [layer for layer in progress.layers.values() if not layer.existed]
        unknown = sum(not layer.total for layer in came)
        there = len(progress.layers) - len(came)
        if came and unknown == len(came):
            self._screen.say(f"{plural(len(came), 'part')} downloaded; this Engine told no sizes.")
        elif came:
            missing = f", and {plural(unknown, 'part')} of which this Engine told no size" if unknown else ""
            self._screen.say(f"Downloaded {size(progress.current)}{missing}.")
        if there:
            self._screen.say(f"{plural(there, 'layer')} already here: not downloaded again.")

    async def _pull_second(self, first: ImageInspect) -> str:
        """Pull a second image that shares layers with the first. Returns its reference; empty if none is known."""
        registry = self._image.registry
        repository = self._image.pulled.removeprefix(f"{registry}/")
        other = _IMAGES_SHARING_LAYERS.get(repository) if registry.startswith(_LOCAL) else None
        if other is None:
            return ""
        reference = f"{registry}/{other}"
        self._screen.step(f"Pull {reference}, which shares layers with it")
        before = await self._cleanup.add_image(reference)
        progress = await self._pull(reference)
        image = await self._docker.images.inspect(reference)
        history = await self._docker.images.history(reference)
        shared = _shared_layers(image, first)
        self._show_downloaded(progress)
        if before:
            self._screen.say("It was here before, so it stays at the end.")
        elif shared and not any(layer.existed for layer in progress.layers.values()):
            self._screen.say("This Engine is silent about layers that were here already.")
        self._screen.say(
            f"{plural(len(image.root_fs.layers), 'layer')}, {shared} of them the same as in the first image"
            f"{_size_of_lowest(history, image, shared)}.",
            "GET /images/{name}/history",
        )
        return "" if before else reference

    async def _create_and_start(self) -> str:
        docker, say, name = self._docker, self._screen.say, self._name
        self._screen.step("Run is two calls: create, then start")
        self._cleanup.add_container(name)
        spec = ContainerSpec(image=self._image.pulled, entrypoint=[], cmd=_COMMAND)
        created = await _shielded(docker.containers.create(spec, name=name))
        say(f"Created {name}, id {short(created.id)}.", "POST /containers/create")
        say(f"ps:     {_state_in(await docker.containers.list(), created.id)}", "GET /containers/json")
        say(f"ps -a:  {_state_in(await docker.containers.list(all=True), created.id)}", "GET /containers/json?all=true")
        await docker.containers.start(created.id)
        say("Started.", "POST /containers/{id}/start")
        say(f"ps:     {_state_in(await docker.containers.list(), created.id)}", "GET /containers/json")
        return created.id

    async def _inspect_container(self, id: str, layers: int) -> None:
        docker, say = self._docker, self._screen.say
        self._screen.step("Look into it")
        container = await docker.containers.inspect(id)
        state = container.state
        say(f"State {state.status}, process {state.pid}, image {short(container.image)}.", "GET /containers/{id}/json")
        self._show_storage(container, layers)
        changes = await docker.containers.changes(id)
        for _ in range(50):  # the file comes a moment after the start
            if any(change.path == _FILE for change in changes):
                break
            await anyio.sleep(0.1)
            changes = await docker.containers.changes(id)
        words = ", ".join(f"{change.path} {_KINDS.get(change.kind, '?')}" for change in changes)
        say(f"Against the image: {words or 'nothing changed'}.", "GET /containers/{id}/changes")
        top = await docker.containers.top(id)
        columns = [top.titles.index(title) for title in top.titles if title in ("PID", "CMD", "COMMAND")]
        say("Its processes:", "GET /containers/{id}/top")
        for process in top.processes:
            text = "  ".join(process[column] for column in columns)
            say(f"  {text if len(text) < 70 else text[:69] + '…'}")

    def _show_storage(self, container: ContainerInspect, layers: int) -> None:
        say, data = self._screen.say, container.graph_driver.data
        snapshot = container.storage.root_fs.snapshot.name
        if data.get("UpperDir"):
            more = len(data.get("LowerDir", "").split(":")) - layers
            say(f"What it writes goes to {_shorten_ids(data['UpperDir'].removeprefix(f'{self._root}/'))},")
            own = f" and {more} of the Engine's own" if more > 0 else ""
            say(f"over read-only folders: {plural(layers, 'layer')} of its image{own}.")
        elif data:
            say(f"{container.graph_driver.name} keeps its files: " + ", ".join(f"{k}={v}" for k, v in data.items()))
        else:
            kept = snapshot or container.graph_driver.name
            say(
                f"Its files are in containerd's snapshotter {kept or '(unnamed)'}; the Engine does not tell the folder."
            )

    async def _stop_and_commit(self, id: str) -> ImageInspect:
        docker, say = self._docker, self._screen.say
        self._screen.step("Stop it, and make an image of what it wrote")
        await docker.containers.stop(id, timeout=5)
        state = (await docker.containers.inspect(id)).state
        say(f"Stopped: {state.status}, exit code {state.exit_code}.", "POST /containers/{id}/stop")
        await self._cleanup.add_image(self._commit)
        committed = await _shielded(
            docker.containers.commit(id, repo=self._name, tag="latest", comment="rawdock lifecycle")
        )
        image = await docker.images.inspect(committed.id)
        layers = image.root_fs.layers
        say(
            f"Image {short(image.id)} is {plural(len(layers) - 1, 'layer')} of the first and one on top:",
            "POST /commit",
        )
        history = await docker.images.history(committed.id)
        say("Its steps, the newest first, with what each added:", "GET /images/{name}/history")
        for item in history[:4]:
            words = item.comment or item.created_by or "?"
            step = (item.created_by or item.comment) if item.comment != "rawdock lifecycle" else item.comment
            say(f"  {size(item.size):>8}  {' '.join((step or words).split())[:60]}")
        if more := len(history[4:]):
            say(f"  ({plural(more, 'earlier step')} not shown)")
        return image

    async def _push(self, image: ImageInspect) -> str:
        """Push the image. Returns the reference; empty if there is no registry for it."""
        docker, say = self._docker, self._screen.say
        registry = self._image.registry
        self._screen.step("Push")
        if not registry.startswith(_LOCAL):
            say(f"Not shown: {registry} is not a registry of this machine (127.0.0.1), and may want an account.")
            return ""
        repository = f"{registry}/rawdock-lifecycle"
        reference = f"{repository}:latest"
        await self._cleanup.add_image(reference)
        await _shielded(docker.images.tag(image.id, repo=repository, tag="latest"))
        say("A second name for it says where to:", "POST /images/{name}/tag")
        say(f"  {reference}")
        self._screen.begin()
        async with docker.images.push(reference) as push:
            async for _ in push:
                self._screen.draw(push.progress)
            result = await push.result()
        self._screen.finish(result.progress)
        if not result.progress.layers:
            say("(This Engine tells nothing about the layers of a push.)")
        say(f"Pushed as {short(result.digest) or 'a digest it does not tell'}.", "POST /images/{name}/push")
        say("It stays in the registry: the Engine has no call to delete it there.")
        return reference

    async def _pull_back(self, first: ImageInspect, pushed: str) -> None:
        if not pushed:
            self._screen.step("Pull again")
            await self._pull(self._image.pulled)
            self._screen.say(
                "No image that shares layers with this one is known here, so the same image was asked for again: "
                "the Engine compares digests and downloads nothing."
            )
            return
        self._screen.step("Pull it back: what is here is not downloaded again")
        for reference in (pushed, self._commit):
            await self._docker.images.delete(reference)
        self._screen.say("Removed both its names, and so the image.", "DELETE /images/{name}")
        progress = await self._pull(pushed)
        self._show_downloaded(progress)
        image = await self._docker.images.inspect(pushed)
        await _shielded(self._docker.images.tag(image.id, repo=self._name, tag="latest"))
        self._screen.say(f"It shares {plural(_shared_layers(image, first), 'layer')} with the first image.")

    async def _delete_one(self, first: ImageInspect, reference: str) -> None:
        docker, say = self._docker, self._screen.say
        self._screen.step("Delete one of two images that share layers")
        other = await docker.images.inspect(reference)
        shared = _shared_layers(other, first)
        deleted: list[ImageDeleted] = []
        if reference == self._commit:  # it may have a second name
            name = f"{self._image.registry}/rawdock-lifecycle:latest"
            if name in other.repo_tags:
                deleted += await docker.images.delete(name)
        deleted += await docker.images.delete(reference)
        say(f"Deleted {reference}: the answer says", "DELETE /images/{name}")
        names = [item.untagged for item in deleted if item.untagged]
        gone = [item.deleted for item in deleted if item.deleted]
        say(f"  untagged {', '.join(name for name in names if '@' not in name) or 'nothing'}")
        if len(gone) > 1:
            say(f"  deleted the image and {plural(len(gone) - 1, 'layer')}: {_shorten_all(gone[1:])}")
            say("  (These ids are neither packed nor unpacked digests: each names a layer together with all below it.)")
        else:
            say(f"  deleted {short(gone[0]) if gone else 'nothing'}; this Engine does not list layers")
        total = len(other.root_fs.layers)
        stayed = [short(layer) for layer in other.root_fs.layers[:shared]]
        say(f"It had {plural(total, 'layer')}. {len(stayed)} stayed, as {self._image.pulled} has them too:")
        say(f"  {_shorten_all(stayed)}")
        left = await docker.images.inspect(self._image.pulled)
        complete = left.root_fs.layers == first.root_fs.layers
        say(
            f"{self._image.pulled} is {'whole' if complete else 'CHANGED'}: "
            f"{plural(len(left.root_fs.layers), 'layer')}.",
            "GET /images/{name}/json",
        )


async def _shielded(call: Coroutine[Any, Any, T]) -> T:
    """Complete a call that creates something even when cancelled: otherwise it would not be known what to remove."""
    results: list[T] = []
    with anyio.CancelScope(shield=True):
        results.append(await call)
    return results[0]


def _layers_size(usage: DataUsage) -> int:
    return usage.layers_size or usage.image_usage.total_size


def _shared_layers(one: ImageInspect, other: ImageInspect) -> int:
    """How many layers two images have in common. A layer depends on those below it, so only the lowest can be equal."""
    count = 0
    for mine, theirs in zip(one.root_fs.layers, other.root_fs.layers, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _size_of_lowest(history: list[HistoryItem], image: ImageInspect, shared: int) -> str:
    """The size of the lowest layers, if the history shows it; the history also has steps without a layer."""
    sizes = [item.size for item in reversed(history) if item.size]
    if not shared or len(sizes) != len(image.root_fs.layers):
        return ""
    return f" ({size(sum(sizes[:shared]))} unpacked)"


def _state_in(containers: list[ContainerSummary], id: str) -> str:
    for container in containers:
        if container.id == id:
            return f"there, {container.state}{f' ({container.status})' if container.status else ''}"
    return "not there"


def _shorten_all(identities: list[str]) -> str:
    return ", ".join(map(short, identities[:3])) + (", …" if len(identities) > 3 else "")


def _shorten_ids(path: str) -> str:
    """A path with its long ids shortened."""
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{52}", r"\1…", path)
