#!/usr/bin/env bash
# anyio 4.16.0 on asyncio: a receive from a Unix socket that is cancelled as its data arrives.
#
# Guess beforehand: the task is cancelled, the data waits for the next receive, and nobody hears of it; as with a TCP
# socket.
# Seen: so it is, but the event loop's exception handler is called as well, with `InvalidStateError: invalid state` for
# `Future.set_result(None)`: the reader's callback sets the result of the future that was just cancelled. It happens where
# the loop sees the data in the turn in which the task is cancelled. A program whose handler ends it, as many do, ends.
# The same with `anyio.connect_tcp` is silent. uvloop was not tried.
#
# Fails if the handler is not called, or is called for TCP too, or if data is lost.
set -euo pipefail
folder=$(mktemp -d /tmp/anyio.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet anyio==4.16.0
cat >"$folder/cancelled.py" <<'PYTHON'
import asyncio
import socket
import sys
from importlib.metadata import version

import anyio


async def one(connect, listener: socket.socket) -> tuple[list[str], bytes]:
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"]).__name__))
    stream = await connect()
    peer, _ = listener.accept()
    async with stream:
        task = asyncio.create_task(stream.receive())
        await asyncio.sleep(0.05)  # it waits for data
        peer.send(b"data")
        loop.call_soon(task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()
        data = await stream.receive()
    peer.close()
    loop.set_exception_handler(None)
    return told, data


async def main() -> None:
    unix, tcp = socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 0))
    unix.bind(sys.argv[1])
    unix.listen()
    seen = {
        "unix": await one(lambda: anyio.connect_unix(sys.argv[1]), unix),
        "tcp": await one(lambda: anyio.connect_tcp(*tcp.getsockname()), tcp),
    }
    print("anyio", version("anyio"), seen)
    assert seen == {"unix": (["InvalidStateError"], b"data"), "tcp": ([], b"data")}, seen


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/cancelled.py" "$folder/socket"
