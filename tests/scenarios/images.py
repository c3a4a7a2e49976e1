"""Images on the Engine: list, inspect, tag, delete, push and commit."""

from __future__ import annotations

import pytest

from rawdock import Conflict, Docker, NotFound, NotSupported, VersionError
from rawdock.models import ContainerConfig, Platform

from .kit import BUSYBOX, OPEN, PROVENANCE, container, engine_of, has_image, layout, no_image

APP3, APP10 = f"{OPEN}/app:3", f"{OPEN}/app:10"
RICH = f"{OPEN}/rich:1"
TAGGED, PUSHED, SECOND = f"{OPEN}/rawdock-s-tagged:1", f"{OPEN}/rawdock-s-pushed:1", f"{OPEN}/rawdock-s-pushed:2"


async def looked_at(docker: Docker) -> None:
    """List, inspect and history agree about an image."""
    await docker.images.pull(BUSYBOX)
    engine = await engine_of(docker)
    (listed,) = await docker.images.list(filters={"reference": BUSYBOX})
    assert BUSYBOX in listed.repo_tags
    if engine.can("list digests"):
        (with_digests,) = await docker.images.list(filters={"reference": BUSYBOX}, digests=True)
        assert with_digests.id == listed.id
    assert listed.size > 0
    found = await docker.images.inspect(BUSYBOX)
    assert found.id == listed.id
    assert found.created
    assert found.os == "linux"
    assert len(found.root_fs.layers) == 1
    assert (await docker.images.inspect(found.id)).id == found.id
    if engine.has("1.49"):
        here = Platform(os=found.os, architecture=found.architecture, variant=found.variant)
        assert (await docker.images.inspect(BUSYBOX, platform=here)).root_fs == found.root_fs
        assert await docker.images.history(BUSYBOX, platform=here)
        elsewhere = Platform(os="linux", architecture="s390x")
        with pytest.raises(NotFound):
            await docker.images.inspect(BUSYBOX, platform=elsewhere)
        with pytest.raises(NotFound):
            await docker.images.history(BUSYBOX, platform=elsewhere)
    steps = await docker.images.history(BUSYBOX)
    assert steps
    assert any(BUSYBOX in step.tags for step in steps)


async def rich(docker: Docker) -> None:
    """An image with every field of its configuration set."""
    await docker.images.pull(RICH)
    try:
        found = await docker.images.inspect(RICH)
        assert found.config.env
        assert found.config.exposed_ports
        assert found.config.labels
    finally:
        await no_image(docker, RICH)


async def tagged(docker: Docker) -> None:
    """A second name is added and removed; the image stays."""
    await docker.images.pull(BUSYBOX)
    repo, _, tag = TAGGED.rpartition(":")
    await docker.images.tag(BUSYBOX, repo=repo, tag=tag)
    try:
        assert (await docker.images.inspect(TAGGED)).id == (await docker.images.inspect(BUSYBOX)).id
    finally:
        gone = await docker.images.delete(TAGGED)
    assert [item.untagged for item in gone if item.untagged]
    assert not [item.deleted for item in gone if item.deleted]
    assert await has_image(docker, BUSYBOX)


async def shared_layers(docker: Docker) -> None:
    """Deleting an image keeps the layers that another image uses."""
    await docker.images.pull(APP3)
    await docker.images.pull(APP10)
    try:
        before = await docker.images.inspect(APP10)
        gone = await docker.images.delete(APP3)
        assert [item.deleted for item in gone if item.deleted]
        with pytest.raises(NotFound):
            await docker.images.inspect(APP3)
        after = await docker.images.inspect(APP10)
        assert after.root_fs.layers == before.root_fs.layers
        assert len(after.root_fs.layers) == 10
    finally:
        await no_image(docker, APP3, APP10)


async def errors(docker: Docker) -> None:
    """A missing image is NotFound, and an image that a container uses is not deleted."""
    none = "rawdock-s-none:1"
    for call in (docker.images.inspect, docker.images.history, docker.images.delete):
        with pytest.raises(NotFound) as caught:
            await call(none)
        assert none in caught.value.message or "rawdock-s-none" in caught.value.message
    with pytest.raises(NotFound):
        await docker.images.tag(none, repo="rawdock-s-other")
    async with container(docker, "rawdock-s-uses"):
        with pytest.raises(Conflict):
            await docker.images.delete(BUSYBOX)
    assert await has_image(docker, BUSYBOX)


async def pushed(docker: Docker) -> None:
    """The result of a push has the digest; all tags of a name can be pushed and pulled in one call."""
    engine = await engine_of(docker)
    await docker.images.pull(BUSYBOX)
    repo = PUSHED.rpartition(":")[0]
    await docker.images.tag(BUSYBOX, repo=repo, tag="1")
    await docker.images.tag(BUSYBOX, repo=repo, tag="2")
    try:
        async with docker.images.push(PUSHED) as push:
            seen = [line.status async for line in push]
            result = await push.result()
        assert seen
        assert result.tag == "1"
        assert result.digest.startswith("sha256:")
        assert result.size > 0
        assert result.progress.fraction == 1.0
        if engine.can("push all tags"):
            await docker.images.push(repo, all_tags=True)
        if engine.can("pull all tags"):
            await no_image(docker, PUSHED, SECOND)
            await docker.images.pull(repo, all_tags=True)
            assert await has_image(docker, PUSHED)
            assert await has_image(docker, SECOND)
    finally:
        await no_image(docker, PUSHED, SECOND)


async def push_missing(docker: Docker) -> None:
    """Pushing a missing image fails, with an error status or inside the stream."""
    with pytest.raises(NotFound):
        await docker.images.push(f"{OPEN}/rawdock-s-none:1")


async def attested(docker: Docker) -> None:
    """The attestations of an image, from API 1.55 on and with containerd's image store."""
    name = f"{OPEN}/rawdock-s-attested:1"
    engine = await engine_of(docker)
    if not engine.has("1.55"):
        with pytest.raises(VersionError, match=r"1\.55"):
            await docker.images.attestations(name)
        return
    with pytest.raises(NotFound if "docker-ctrd" in engine.labels else NotSupported):
        await docker.images.attestations("rawdock-s-none:1")
    if "docker-ctrd" not in engine.labels:
        return
    await no_image(docker, name)
    try:
        await docker.images.load(layout(name, ("amd64", "arm64"), attested=True))
        for architecture in ("amd64", "arm64"):
            here = Platform(os="linux", architecture=architecture)
            (found,) = await docker.images.attestations(name, platform=here)
            assert found.predicate_type == PROVENANCE
            assert found.descriptor.digest.startswith("sha256:")
            assert not found.statement
            (whole,) = await docker.images.attestations(name, platform=here, type=[PROVENANCE], statement=True)
            assert whole.descriptor == found.descriptor
            assert isinstance(whole.statement, dict)
            assert whole.statement["predicate"] == {"made": f"for {architecture}"}
        assert await docker.images.attestations(name, type=["https://rawdock.test/other"]) == []
        with pytest.raises(NotFound, match="s390x"):
            await docker.images.attestations(name, platform=Platform(os="linux", architecture="s390x"))
        await docker.images.pull(BUSYBOX)
        assert await docker.images.attestations(BUSYBOX) == []
    finally:
        await no_image(docker, name)


async def identified(docker: Docker) -> None:
    """Where an image comes from: when inspected from API 1.53 on, in lists from 1.54 on."""
    engine = await engine_of(docker)
    await docker.images.pull(BUSYBOX)
    identity = (await docker.images.inspect(BUSYBOX)).identity
    pulled = [one.repository for one in identity.pull]
    if not (engine.has("1.53") and "docker-ctrd" in engine.labels):
        assert pulled == []
    else:
        assert "127.0.0.1/busybox" in pulled, "the Engine leaves out the port"
        assert identity.signature == identity.build == []
    if not engine.has("1.54"):
        with pytest.raises(VersionError, match="manifests" if not engine.has("1.47") else "identity"):
            await docker.images.list(manifests=True, identity=True)
        return
    (listed,) = await docker.images.list(filters={"reference": BUSYBOX}, manifests=True, identity=True)
    found = [one.image_data.identity for one in listed.manifests if one.image_data]
    # Their order may differ each time.
    assert [sorted(pull.repository for pull in one.pull) for one in found] == ([sorted(pulled)] if pulled else [])


async def committed(docker: Docker) -> None:
    """A commit makes an image from a container, with changes and a configuration."""
    engine = await engine_of(docker)
    name = "rawdock-s-committed:1"
    async with container(docker, "rawdock-s-commit", ["touch", "/made"]) as id:
        await docker.containers.start(id)
        await docker.containers.wait(id)
        made = await docker.containers.commit(
            id,
            ContainerConfig(env=["A=1"]) if engine.can("commit with config") else None,
            repo="rawdock-s-committed",
            tag="1",
            comment="a comment",
            author="Ada",
            changes='CMD ["true"]',
        )
        try:
            found = await docker.images.inspect(made.id)
            assert found.config.cmd == ["true"]
            if engine.can("commit with an author"):
                assert found.author == "Ada"
            assert found.comment == "a comment"
            assert len(found.root_fs.layers) == 2
            if engine.can("commit with config"):
                assert "A=1" in found.config.env
        finally:
            await docker.images.delete(made.id, force=True)
    assert not await has_image(docker, name)
