"""Secrets and configs of a swarm. Podman has secrets too, without a swarm."""

from __future__ import annotations

from base64 import b64encode
from contextlib import AsyncExitStack

import pytest

from rawdock import BadRequest, Conflict, Docker, NotFound, NotSupported
from rawdock.models import ConfigSpec, SecretSpec

from .kit import engine_of, swarm

NONE = "rawdock-s-none"
STALE = "update out of sequence"
DATA = b"something\n"


async def secrets(docker: Docker) -> None:
    """List and inspect show a secret without its content; only its labels can be updated."""
    name, labels = "rawdock-s-secret", {"rawdock-s": "1"}
    engine = await engine_of(docker)
    async with AsyncExitStack() as stack:
        if engine.can("form a swarm"):
            await stack.enter_async_context(swarm(docker))
        else:
            for secret in await docker.secrets.list(filters={"name": name}):
                await docker.secrets.delete(secret.id)
        spec = SecretSpec(name=name, labels=labels, data=DATA)
        id = (await docker.secrets.create(spec)).id
        found = await docker.secrets.inspect(id)
        assert (found.id, found.spec.name, found.spec.labels, found.spec.data) == (id, name, labels, b"")
        assert found.created_at
        assert (await docker.secrets.inspect(name)).id == id
        for filters in ({"id": id}, {"name": name}):
            assert [secret.id for secret in await docker.secrets.list(filters=filters)] == [id]
        assert await docker.secrets.list(filters={"name": NONE}) == []
        with pytest.raises(Conflict) as caught:
            await docker.secrets.create(spec)
        assert name in caught.value.message
        assert b64encode(DATA).decode() not in caught.value.curl()
        for call in (docker.secrets.inspect, docker.secrets.delete):
            with pytest.raises(NotFound, match=NONE):
                await call(NONE)

        if engine.can("form a swarm"):
            for filters in ({"names": name}, {"label": "rawdock-s=1"}):
                assert await docker.secrets.list(filters=filters) == [found]
            change = SecretSpec(name=name, labels={"rawdock-s": "2"})
            await docker.secrets.update(id, change, version=found.version.index)
            assert (await docker.secrets.inspect(id)).spec.labels == {"rawdock-s": "2"}
            with pytest.raises(Conflict, match=STALE):
                await docker.secrets.update(id, change, version=found.version.index)
            with pytest.raises(NotFound, match=NONE):
                await docker.secrets.update(NONE, change, version=1)
            version = (await docker.secrets.inspect(id)).version.index
            with pytest.raises(BadRequest, match="only updates to Labels are allowed"):
                await docker.secrets.update(id, SecretSpec(name="rawdock-s-other"), version=version)
            with pytest.raises(BadRequest, match="base64"):
                await docker.secrets.create(SecretSpec(name=NONE, extra={"Data": "***"}))
            with pytest.raises(BadRequest, match="nonsense"):
                await docker.secrets.list(filters={"nonsense": "1"})
        else:
            with pytest.raises(NotSupported):
                await docker.secrets.update(id, spec, version=found.version.index)
        await docker.secrets.delete(name)
        with pytest.raises(NotFound):
            await docker.secrets.inspect(id)


async def configs(docker: Docker) -> None:
    """A config is told of with its content; only its labels change."""
    name, labels = "rawdock-s-config", {"rawdock-s": "1"}
    async with swarm(docker):
        spec = ConfigSpec(name=name, labels=labels, data=DATA)
        id = (await docker.configs.create(spec)).id
        found = await docker.configs.inspect(id)
        assert (found.id, found.spec) == (id, spec)
        assert found.created_at
        assert await docker.configs.inspect(name) == found
        for filters in ({"id": id}, {"name": name}, {"label": "rawdock-s=1"}):
            assert await docker.configs.list(filters=filters) == [found]
        assert await docker.configs.list(filters={"name": NONE}) == []
        with pytest.raises(Conflict, match=name):
            await docker.configs.create(spec)
        for call in (docker.configs.inspect, docker.configs.delete):
            with pytest.raises(NotFound, match=f"config {NONE} not found"):
                await call(NONE)

        change = ConfigSpec(name=name, labels={"rawdock-s": "2"}, data=DATA)
        await docker.configs.update(id, change, version=found.version.index)
        after = await docker.configs.inspect(id)
        assert after.version.index > found.version.index
        assert after.spec == change
        with pytest.raises(Conflict, match=STALE):
            await docker.configs.update(id, change, version=found.version.index)
        with pytest.raises(NotFound, match=NONE):
            await docker.configs.update(NONE, change, version=1)
        with pytest.raises(BadRequest, match="only updates to Labels are allowed"):
            await docker.configs.update(id, ConfigSpec(name=name, data=b"other"), version=after.version.index)
        with pytest.raises(BadRequest, match="base64"):
            await docker.configs.create(ConfigSpec(name=NONE, extra={"Data": "***"}))
        with pytest.raises(BadRequest, match="nonsense"):
            await docker.configs.list(filters={"nonsense": "1"})
        await docker.configs.delete(name)
        with pytest.raises(NotFound):
            await docker.configs.inspect(id)
