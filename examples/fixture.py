"""Fixtures for pytest: a service in a container, its port mapped and waited for, for tests with and without async."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import pytest
from anyio.from_thread import start_blocking_portal

from rawdock import Docker, Published
from rawdock.models import ContainerSpec

WEB = ContainerSpec.of("busybox:1", ["httpd", "-f", "-h", "/etc"], ports={80: ("127.0.0.1", None)})


@asynccontextmanager
async def running(spec: ContainerSpec, port: int) -> AsyncGenerator[Published]:
    async with Docker() as docker, docker.temporary() as tmp:
        await docker.ensure_image(spec.image)
        service = await tmp.containers.create(spec)
        await docker.containers.start(service.id)
        await docker.wait_port(service.id, port, outside=True)
        yield await docker.published(service.id, port)


@pytest.fixture
def web() -> Generator[Published]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running(WEB, 80)) as address:
        yield address


@pytest.fixture
async def async_web(anyio_backend: str) -> AsyncGenerator[Published]:
    async with running(WEB, 80) as address:
        yield address
