"""`distribution` and other questions about images in registries."""

from __future__ import annotations

import pytest

from rawdock import BadRequest, Docker, NotFound, NotSupported, ServerError, Unauthorized, VersionError

from .kit import BUSYBOX, OPEN, WITH_PASSWORD, WRONG, credentials, engine_of

MULTI = f"{OPEN}/multi:1"


async def looked_at(docker: Docker) -> None:
    """The digest and platforms of an image in a registry. Podman does not support it."""
    engine = await engine_of(docker)
    if not engine.can("inspect images in registries"):
        with pytest.raises(NotSupported):
            await docker.distribution.inspect(MULTI)
        return
    found = await docker.distribution.inspect(MULTI)
    assert found.descriptor.media_type == "application/vnd.oci.image.index.v1+json"
    assert found.descriptor.digest.startswith("sha256:")
    assert found.descriptor.size > 0
    assert {(one.os, one.architecture) for one in found.platforms} >= {("linux", "amd64"), ("linux", "arm64")}
    by_digest = await docker.distribution.inspect(f"{OPEN}/multi@{found.descriptor.digest}")
    assert by_digest == found
    (platform,) = (await docker.distribution.inspect(BUSYBOX)).platforms
    assert platform.os == "linux"
    for missing in (f"{OPEN}/rawdock-s-none:1", f"{OPEN}/busybox:none"):
        with pytest.raises(NotFound):
            await docker.distribution.inspect(missing)


async def with_credentials(docker: Docker) -> None:
    """An inspect succeeds with the right credentials, and fails with wrong ones or none."""
    engine = await engine_of(docker)
    reference = f"{WITH_PASSWORD}/busybox:1"
    right = credentials()
    if not engine.can("inspect images in registries"):
        with pytest.raises(NotSupported):
            await docker.distribution.inspect(reference, auth_config=right)
        return
    found = await docker.distribution.inspect(reference, auth_config=right)
    assert found.descriptor.digest.startswith("sha256:")
    for wrong in (None, credentials(WRONG)):
        with pytest.raises(Unauthorized) as caught:
            await docker.distribution.inspect(reference, auth_config=wrong)
        assert WRONG not in f"{caught.value} {caught.value.curl()}"


async def searched(docker: Docker) -> None:
    """Errors of a search: a registry without search, and a registry that does not answer."""
    for term in (f"{OPEN}/rawdock-s-none", "127.0.0.1:9/rawdock-s-none"):
        with pytest.raises((BadRequest, NotFound, ServerError)):
            await docker.images.search(term, limit=5, filters={"is-official": True})


async def attestations(docker: Docker) -> None:
    """Before API 1.55 the request is refused without being sent."""
    if not (await engine_of(docker)).has("1.55"):
        with pytest.raises(VersionError) as caught:
            await docker.images.attestations(BUSYBOX)
        assert caught.value.needed == "1.55"
