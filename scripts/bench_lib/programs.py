"""Whole programs: import alone, and import with one ping. This is the cost of each start of a command line tool."""

from __future__ import annotations

__all__ = ["IMPORTS", "PINGS"]

# A bare interpreter, and asyncio with a hand-written ping, show the lower bound.
IMPORTS = {
    "python alone": "pass",
    "import asyncio": "import asyncio",
    "rawdock": "import rawdock",
    "rawdock, Docker": "from rawdock import Docker",
    "aiodocker": "import aiodocker",
    "docker-py": "import docker",
    "httpx": "import httpx",
}
PINGS = {
    "rawdock": """
import asyncio, rawdock
async def main():
    async with rawdock.Docker({path!r}) as docker:
        await docker.system.ping()
asyncio.run(main())""",
    "hand-written": """
import asyncio
async def main():
    reader, writer = await asyncio.open_unix_connection({path!r})
    writer.write(b"GET /_ping HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n")
    await reader.readuntil(b"\\r\\n\\r\\nOK")
    writer.close()
asyncio.run(main())""",
    "aiodocker": """
import asyncio, aiodocker
async def main():
    async with aiodocker.Docker(url="unix://" + {path!r}, api_version="v1.41") as docker:
        docker.docker_host = "unix://localhost"
        async with docker._query("_ping", versioned_api=False) as response:
            await response.text()
asyncio.run(main())""",
    "docker-py": """
import docker
docker.DockerClient(base_url="unix://" + {path!r}, version="1.41").ping()""",
    "httpx": """
import asyncio, httpx
async def main():
    transport = httpx.AsyncHTTPTransport(uds={path!r}, verify=False)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        (await client.get("http://docker/_ping")).raise_for_status()
asyncio.run(main())""",
}
