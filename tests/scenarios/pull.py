"""`images.pull`: progress, results, errors, credentials and cancellation."""

from __future__ import annotations

import anyio
import pytest

from rawdock import Docker, NotFound, RawdockError, StatusError, StreamError, Unauthorized

from .kit import BUSYBOX, FAULTY, OPEN, WITH_PASSWORD, WRONG, credentials, engine_of, has_image, no_image

APP3, APP10 = f"{OPEN}/app:3", f"{OPEN}/app:10"


async def lines(docker: Docker) -> None:
    """The progress fraction rises to 1, and at the end the image exists."""
    engine = await engine_of(docker)
    await no_image(docker, APP3, APP10)
    try:
        async with docker.images.pull(APP3) as pull:
            fractions: list[float] = []
            seen: list[str] = []
            async for line in pull:
                fractions.append(pull.progress.fraction)
                seen.append(line.status)
            result = await pull.result()
        assert len(seen) >= 4
        assert fractions == sorted(fractions)
        assert fractions[0] < 0.5
        assert result.progress.fraction == 1.0
        layers = result.progress.layers.values()
        assert len([layer for layer in layers if not layer.existed]) >= 2
        assert all(layer.done for layer in layers)
        if engine.can("pull digest"):
            assert result.digest.startswith("sha256:")
            assert "Downloaded newer image" in result.status
        else:
            assert result.id
            assert result.id in (await docker.images.inspect(APP3)).id
        assert await has_image(docker, APP3)
    finally:
        await no_image(docker, APP3)


async def again(docker: Docker) -> None:
    """Pulling an image that exists already downloads nothing, and its progress is complete."""
    engine = await engine_of(docker)
    first = await docker.images.pull(BUSYBOX)
    second = await docker.images.pull(BUSYBOX)
    assert second.digest == first.digest
    assert second.id == first.id
    assert second.progress.current == 0
    assert second.progress.fraction == 1.0
    if engine.can("pull digest"):
        assert "up to date" in second.status


async def shared_layers(docker: Docker) -> None:
    """Layers that another image has already are not downloaded again."""
    engine = await engine_of(docker)
    await no_image(docker, APP3, APP10)
    try:
        first = await docker.images.pull(APP3)
        second = await docker.images.pull(APP10)
        assert second.progress.fraction == 1.0
        layers = second.progress.layers
        assert len([layer for layer in layers.values() if not layer.existed]) in (9, 10), "Podman counts the image too"
        if engine.can("report existing layers"):
            (shared,) = set(first.progress.layers) & set(layers)
            assert [name for name, layer in layers.items() if layer.existed] == [shared]
    finally:
        await no_image(docker, APP3, APP10)


async def missing(docker: Docker) -> None:
    """Errors: no such tag, and no such name."""
    for reference in (f"{OPEN}/busybox:rawdock-s-none", f"{OPEN}/rawdock-s-none:1"):
        with pytest.raises(NotFound) as caught:
            await docker.images.pull(reference)
        message = str(caught.value).lower()
        assert "not found" in message or "manifest unknown" in message or "name unknown" in message
        assert caught.value.operation == "images.pull"
        assert not await has_image(docker, reference)


async def fault_inside(docker: Docker) -> None:
    """A layer missing in the registry fails inside the stream, after the lines before it were yielded."""
    reference = f"{FAULTY}/blob404/fault:1"
    engine = await engine_of(docker)
    seen: list[str] = []

    async def follow() -> None:
        async with docker.images.pull(reference) as pull:
            async for line in pull:
                seen.append(line.status)  # noqa: PERF401  # keep the lines before the error

    with pytest.raises(StreamError if engine.can("fail inside the stream before any layer") else NotFound) as caught:
        await follow()
    assert bool(seen) is isinstance(caught.value, StreamError)
    assert caught.value.message
    assert not await has_image(docker, reference)


async def with_credentials(docker: Docker) -> None:
    """A pull succeeds with the right credentials, and fails with wrong ones or none."""
    reference = f"{WITH_PASSWORD}/busybox:1"
    await no_image(docker, reference)
    try:
        for wrong in (None, credentials(WRONG)):
            with pytest.raises(Unauthorized):
                await docker.images.pull(reference, auth_config=wrong)
        result = await docker.images.pull(reference, auth_config=credentials())
        assert result.progress.fraction == 1.0
        assert await has_image(docker, reference)
    finally:
        await no_image(docker, reference)


async def left_early(docker: Docker) -> None:
    """Leaving the block stops the pull on the Engine too: no image appears."""
    reference = f"{FAULTY}/slow/fault:1"
    await no_image(docker, reference)
    async with docker.images.pull(reference) as pull:
        async for line in pull:
            if line.status in ("Downloading", "Pulling fs layer"):
                break
    assert not await has_image(docker, reference)


async def cancelled(docker: Docker) -> None:
    """A deadline stops the pull too, and the client can still be used."""
    reference = f"{FAULTY}/slow/fault:1"
    await no_image(docker, reference)
    with anyio.move_on_after(1) as scope:
        await docker.images.pull(reference)
    assert scope.cancelled_caught
    assert not await has_image(docker, reference)


cancelled.live_only = True  # type: ignore[attr-defined]  # depends on real time


async def refused(docker: Docker) -> None:
    """Nothing listens on the registry's port: the pull fails."""
    with pytest.raises(RawdockError) as caught:
        await docker.images.pull("127.0.0.1:9/rawdock-s:1")
    assert isinstance(caught.value, (StatusError, StreamError))
