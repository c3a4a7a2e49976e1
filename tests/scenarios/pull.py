"""Pulls."""

from __future__ import annotations

import anyio
import pytest

from rawdock import Docker, NotFound, RawdockError, ServerError, StatusError, StreamError, Unauthorized

from .kit import BUSYBOX, FAULTY, OPEN, WITH_PASSWORD, WRONG, credentials, engine_of, has_image, no_image

APP3, APP10 = f"{OPEN}/app:3", f"{OPEN}/app:10"


async def lines(docker: Docker) -> None:
    """Every line has words, the fraction rises to 1, and at the end the image is there."""
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
    """A pull of what is there moves nothing, and is whole at once."""
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
    """What another image has brought already is not brought again."""
    engine = await engine_of(docker)
    await no_image(docker, APP3, APP10)
    try:
        first = await docker.images.pull(APP3)
        second = await docker.images.pull(APP10)
        assert second.progress.fraction == 1.0
        layers = second.progress.layers
        assert len([layer for layer in layers.values() if not layer.existed]) in (9, 10), "Podman counts the image too"
        if engine.can("tell layers that are there"):
            (shared,) = set(first.progress.layers) & set(layers)
            assert [name for name, layer in layers.items() if layer.existed] == [shared]
    finally:
        await no_image(docker, APP3, APP10)


async def missing(docker: Docker) -> None:
    """No such tag, and no such name."""
    for reference in (f"{OPEN}/busybox:rawdock-s-none", f"{OPEN}/rawdock-s-none:1"):
        with pytest.raises((NotFound, StreamError, ServerError)) as caught:
            await docker.images.pull(reference)
        message = str(caught.value).lower()
        assert "not found" in message or "manifest unknown" in message or "name unknown" in message
        assert caught.value.operation == "images.pull"
        assert not await has_image(docker, reference)


async def fault_inside(docker: Docker) -> None:
    """A layer that the registry does not have fails inside the answer; the lines before come out first."""
    reference = f"{FAULTY}/blob404/fault:1"
    engine = await engine_of(docker)
    seen: list[str] = []

    async def follow() -> None:
        async with docker.images.pull(reference) as pull:
            async for line in pull:
                seen.append(line.status)  # noqa: PERF401  # what came before the error is wanted

    with pytest.raises(StreamError if engine.can("fail inside the stream at once") else NotFound) as caught:
        await follow()
    assert bool(seen) is isinstance(caught.value, StreamError)
    assert caught.value.message
    assert not await has_image(docker, reference)


async def with_credentials(docker: Docker) -> None:
    """With the right ones it comes, without or with wrong ones it does not."""
    reference = f"{WITH_PASSWORD}/busybox:1"
    await no_image(docker, reference)
    try:
        for wrong in (None, credentials(WRONG)):
            with pytest.raises((StatusError, StreamError)) as caught:
                await docker.images.pull(reference, auth_config=wrong)
            assert isinstance(caught.value, (Unauthorized, ServerError, NotFound, StreamError))
        result = await docker.images.pull(reference, auth_config=credentials())
        assert result.progress.fraction == 1.0
        assert await has_image(docker, reference)
    finally:
        await no_image(docker, reference)


async def left_early(docker: Docker) -> None:
    """Leaving stops the Engine too: no image appears."""
    reference = f"{FAULTY}/slow/fault:1"
    await no_image(docker, reference)
    async with docker.images.pull(reference) as pull:
        async for line in pull:
            if line.status in ("Downloading", "Pulling fs layer"):
                break
    assert not await has_image(docker, reference)


async def cancelled(docker: Docker) -> None:
    """A deadline stops it as well, and the client goes on to be used."""
    reference = f"{FAULTY}/slow/fault:1"
    await no_image(docker, reference)
    with anyio.move_on_after(1) as scope:
        await docker.images.pull(reference)
    assert scope.cancelled_caught
    assert not await has_image(docker, reference)


cancelled.live_only = True  # type: ignore[attr-defined]  # a recording knows no time


async def refused(docker: Docker) -> None:
    """Nobody listens at the registry's port: an error, and no image."""
    with pytest.raises(RawdockError) as caught:
        await docker.images.pull("127.0.0.1:9/rawdock-s:1")
    assert isinstance(caught.value, (StatusError, StreamError))
