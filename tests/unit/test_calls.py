"""The cost of one ping, as a number of calls, which is the same on every machine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from faultserver import PING

from rawdock import Docker

AT_MOST = 130
_SERVER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
peer, _ = listener.accept()
while peer.recv(65536):
    peer.sendall(bytes.fromhex(sys.argv[2]))
"""


@pytest.mark.skipif(sys.gettrace() is not None, reason="a debugger or coverage tool counts its own calls")
def test_calls_of_a_ping(tmp_path: Path) -> None:
    """A ping through the public API makes at most 130 calls of Python and C functions, asyncio's own among them."""
    path = str(tmp_path / "s")
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    async def pings() -> None:
        async with Docker(path) as docker:
            for _ in range(20):
                await docker.system.ping()
            sys.setprofile(count)
            try:
                for _ in range(100):
                    await docker.system.ping()
            finally:
                sys.setprofile(None)

    with subprocess.Popen([sys.executable, "-c", _SERVER, path, PING.hex()], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            asyncio.run(pings())
        finally:
            server.terminate()
    assert 0 < calls / 100 <= AT_MOST


@pytest.mark.parametrize(
    "module", ["rawdock.models.containers", "rawdock.models.system", "rawdock.api.containers", "trio", "h11"]
)
def test_import_is_light(module: str) -> None:
    """Importing rawdock loads no resource, no model, and no library that is not needed for that."""
    code = f"import rawdock, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


_PING = """
import asyncio, sys
import httpx
from rawdock import Docker

async def main():
    answer = httpx.MockTransport(lambda request: httpx.Response(200, headers={"Api-Version": "1.51"}))
    async with Docker(transport=answer) as docker:
        await docker.system.ping()

asyncio.run(main())
print(*sorted(x for x in sys.modules if x.startswith(("rawdock.models.", "rawdock.api.", "rawdock._streams."))))
"""


def test_a_ping_loads_no_more_than_it_needs() -> None:
    """A ping loads one module of models and one resource."""
    loaded = subprocess.run([sys.executable, "-c", _PING], check=True, capture_output=True, text=True).stdout.split()
    assert loaded == [
        "rawdock._streams.answer",
        "rawdock._streams.faces",
        "rawdock._streams.faces.contexts",
        "rawdock.api.system",
        "rawdock.models.ping",
    ]


def test_exported_names() -> None:
    """The public names are a sorted list, and each is there."""
    import rawdock

    assert sorted(rawdock.__all__) == rawdock.__all__
    assert all(hasattr(rawdock, name) for name in rawdock.__all__)
