"""A web service that runs shell code: `python sandbox.py PORT`; POST the code, and get its output."""

import asyncio
import json
import sys

import rawdock.models

of, docker = rawdock.models.ContainerSpec.of, rawdock.Docker()
SPEC = of("busybox:1", ["sh"], network="none", memory="64m", pids_limit=64, cap_drop=["ALL"], user="1000", init=True)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = int((await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length:")[2].split()[0])
    try:
        result = await docker.run(SPEC, stdin=await reader.readexactly(size), timeout=10, output_limit=100_000)
        said = {"exit_code": result.exit_code, "output": result.text, "truncated": result.truncated}
    except rawdock.RawdockError as error:
        said = {"error": str(error)}
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(said).encode())
    writer.close()


async def main() -> None:
    async with docker, await asyncio.start_server(answer, "127.0.0.1", sys.argv[1]) as server:
        await server.serve_forever()


asyncio.run(main())
