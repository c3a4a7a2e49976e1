#!/usr/bin/env bash
# uvloop 0.23.0: `add_reader` calls its callback once after a reset, and never again, though there is more to read.
#
# Guess beforehand: a reader callback is level-triggered on every event loop: it is called until everything is read.
# Seen: a Unix socket whose peer wrote "hello" and closed with a byte of ours unread. asyncio calls the callback twice
# ("hello", then ConnectionResetError). uvloop calls it once, with "hello"; whoever waits for the end waits for ever.
# From then on `add_reader` for this socket raises RuntimeError("... the handler is closed") until `remove_reader`.
# The same bytes with nothing of ours unread (a clean close) are read to their end on both.
#
# Fails if one of these has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0

cat >"$folder/reader.py" <<'PYTHON'
import asyncio
import socket

import uvloop


async def read_all(unread: bool) -> list[str]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    if unread:
        ours.send(b"x")  # never read by the peer: its close becomes a reset
    theirs.send(b"hello")
    theirs.close()
    loop = asyncio.get_running_loop()
    seen: list[str] = []
    end = asyncio.Event()

    def readable() -> None:
        if end.is_set():
            return
        try:
            data = ours.recv(100)
        except OSError as error:
            seen.append(type(error).__name__)
        else:
            seen.append(repr(data))
        if seen[-1] != "b'hello'":
            end.set()

    loop.add_reader(ours, readable)
    try:
        await asyncio.wait_for(end.wait(), 3)
    except asyncio.TimeoutError:
        seen.append("not called again")
        try:
            loop.add_reader(ours, readable)
        except RuntimeError as error:
            seen.append("closed" if "closed" in str(error) else str(error))
    loop.remove_reader(ours)
    ours.close()
    return seen


def told(run) -> list[list[str]]:
    return [run(read_all(unread=True)), run(read_all(unread=False))]


found = {"asyncio": told(asyncio.run), "uvloop": told(uvloop.run)}
for name, seen in found.items():
    print(name, "reset:", seen[0], "clean close:", seen[1])
assert found["asyncio"] == [["b'hello'", "ConnectionResetError"], ["b'hello'", "b''"]], found
assert found["uvloop"] == [["b'hello'", "not called again", "closed"], ["b'hello'", "b''"]], found
PYTHON
"$folder/venv/bin/python" "$folder/reader.py"
