"""An Engine of containers and commands that end at once or never, and that fails in the way a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from anyio.lowlevel import checkpoint
from faultserver import NO_CONTENT, Peer, Server, json_answer, serving

__all__ = ["MARK", "UPGRADED", "FakeEngine", "FakeExec", "in_a_thread"]

MARK = "RAWDOCK_EXECUTION="
UPGRADED = (
    b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
    b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
)
HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nTransfer-Encoding: chunked\r\n\r\n"
SAID = b"\1\0\0\0\0\0\0\3out"


class FakeExec:
    def __init__(self, config: dict[str, list[str]]) -> None:
        words = [*config.get("Env", []), *config["Cmd"]]
        self.mark = next(word for word in words if word.startswith(MARK))
        self.ends_others = self.mark in config["Cmd"]
        self.running = False
        self.exit_code: int | None = None

    def end(self, code: int) -> None:
        self.running, self.exit_code = False, code

    def inspected(self) -> bytes:
        state = {"ID": "e", "ContainerID": "c", "Running": self.running, "ExitCode": self.exit_code}
        return json_answer(json.dumps(state | {"Pid": 7 if self.running or self.exit_code is not None else 0}).encode())


class FakeEngine:
    """Containers and executions that end by themselves at once, or run until somebody ends them."""

    def __init__(self, *, short: bool = False, shell: bool = True) -> None:
        self.short = short
        self.shell = shell
        self.containers: dict[str, str] = {}
        """Those that are there, with the value of their label."""
        self.executions: dict[str, FakeExec] = {}
        self.lost = ""
        """What is asked with this in its target is done, and the connection closed instead of an answer."""
        self.mute = ""
        """What is asked with this in its target is done, and never answered."""
        self.dead = False
        self.busy = 0.0
        """Seconds that it takes to end a command; it ends one at a time."""
        self.stuck: set[str] = set()
        """Executions that are not ended, and whose end is not answered."""
        self._one = anyio.Lock()
        self._made = 0

    def left(self) -> bool:
        return bool(self.containers) or any(one.running for one in self.executions.values())

    async def answer(self, request: bytes, peer: Peer) -> bytes | None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        await checkpoint()
        answer = None if self.dead else await self._answer(method, target, body, peer)
        if self.mute and self.mute in target:
            await anyio.sleep(60)
        return None if self.lost and self.lost in target else answer

    async def _answer(self, method: str, target: str, body: bytes, peer: Peer) -> bytes | None:
        path = target.partition("?")[0]
        name = path.split("/")[3]
        match method, path.split("/")[-1]:
            case "DELETE", _:
                if self.containers.pop(name, None) is None:
                    return json_answer(b'{"message":"No such container"}', b"404 Not Found")
                return NO_CONTENT
            case "POST", "create":
                self._made += 1
                name = f"c{self._made}"
                self.containers[name] = json.loads(body)["Labels"]["rawdock.run"]
                return json_answer(json.dumps({"Id": name}).encode(), b"201 Created")
            case "POST", "exec":
                self._made += 1
                name = f"e{self._made}"
                self.executions[name] = FakeExec(json.loads(body))
                return json_answer(json.dumps({"Id": name}).encode(), b"201 Created")
            case "GET", "json" if name == "json":
                labels = {one: label for one, label in self.containers.items() if label in target}
                found = [{"Id": one, "Labels": {"rawdock.run": label}} for one, label in labels.items()]
                return json_answer(json.dumps(found).encode())
            case "GET", "json" if name in self.executions:
                return self.executions[name].inspected()
            case "GET", "json":
                return self._inspected(name)
            case "POST", "attach":
                await peer.send(UPGRADED + SAID)
                await self.run_while(lambda: name in self.containers)
                return None
            case "POST", "wait":
                await peer.send(HEAD)
                await self.run_while(lambda: name in self.containers)
                return b'10\r\n{"StatusCode":3}\r\n0\r\n\r\n'
            case "POST", "start" if name in self.executions:
                await self._execute(self.executions[name], peer)
                return None
        return NO_CONTENT

    def _inspected(self, name: str) -> bytes:
        if name.startswith("c") and name[1:] and name not in self.containers:
            return json_answer(b'{"message":"No such container"}', b"404 Not Found")
        state = {"Status": "exited" if self.short else "running", "Running": not self.short}
        return json_answer(json.dumps({"Id": name, "State": state}).encode())

    async def _execute(self, execution: FakeExec, peer: Peer) -> None:
        if execution.ends_others:
            while any(one.mark == execution.mark for name, one in self.executions.items() if name in self.stuck):
                await anyio.sleep(0.005)
            async with self._one:
                await anyio.sleep(self.busy)
            for one in self.executions.values():
                if self.shell and one.running and one.mark == execution.mark:
                    one.end(137)
            execution.end(0 if self.shell else 127)
            await peer.send(UPGRADED)
            return
        execution.running = True
        await peer.send(UPGRADED + SAID)
        await self.run_while(lambda: execution.running)
        execution.end(3)

    async def run_while(self, holds: Callable[[], bool]) -> None:
        while not self.short and not self.dead and holds():
            await anyio.sleep(0.005)


@contextmanager
def in_a_thread(engine: FakeEngine) -> Iterator[Server]:
    """The Engine in an event loop of its own, so that it outlives the one of the client."""
    servers: list[Server] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with serving(engine.answer) as server:
            servers.append(server)
            ready.set()
            while not over.is_set():
                await anyio.sleep(0.005)

    thread = threading.Thread(target=anyio.run, args=(serve,))
    thread.start()
    try:
        assert ready.wait(60)
        yield servers[0]
    finally:
        over.set()
        thread.join()
