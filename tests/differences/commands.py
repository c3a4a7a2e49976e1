"""Rows about commands in containers, and what is sent to them."""

from __future__ import annotations

from .heard import Heard
from .rows import Row

_START = "POST /exec/[^/]+/start"
_INSPECT = "GET /exec/"


def _end_of_input(heard: Heard) -> str:
    came = b"got word" in heard.answer(_START).body
    running = heard.answer(_INSPECT).json["Running"]
    return {
        (True, True): "all output comes",
        (True, False): "all output comes",
        (False, True): "the output ends at once, the command goes on unheard",
    }[came, running]


def _detach_keys(heard: Heard) -> str:
    said, state = heard.answer(_START), heard.answer(_INSPECT).json
    if b"read escape sequence" in said.body:
        lives = int(heard.answer(_START, 1).output) == 1
        code = state["ExitCode"]
        return f"the stream ends with `read escape sequence`, inspect says {code}" + (
            ", and the command lives on" if lives else ", and the command has ended too"
        )
    if b"^P" in said.body:
        return "they are input like any other"
    raise LookupError(f"{said.body!r} says neither")


def _terminal_as_made(heard: Heard) -> str:
    body = heard.answer(_START).body
    return {
        b"out\n": "goes by how it is started: no frames, and stderr is lost",
        b"\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\4err\n": "goes by how it was made: frames, whatever the start says",
    }[body]


def _never_started(heard: Heard) -> str:
    said, state = heard.answer(_START), heard.answer(_INSPECT).json
    first = said.frames[0]
    if b"/rawdock-s-none" not in first.data:
        raise LookupError(f"{first.data!r} does not name the command")
    return f"a sentence in {first.stream}, exit code {state['ExitCode']}"


def _no_such_user(heard: Heard) -> str:
    created = next(one for one in heard.all("POST /containers/[^/]+/exec") if "User" in one.asked)
    if created.status != 201:
        return f"status {created.status} when it is created"
    said = next(one for one in heard.all(_START) if b"unable to find user" in one.body)
    return {500: "status 500 when it is started", 101: "a sentence in the output, exit code 126"}[said.status]


def _second_start(heard: Heard) -> str:
    again = heard.answer(_START, 1)
    if again.status == 101 and b"has already run" in again.output:
        return "status 101, and a sentence in stdout"
    return {409: "status 409", 500: "status 500"}[again.status]


def _container_ends(heard: Heard) -> str:
    state = heard.answer(_INSPECT, 1)
    if state.status == 404:
        return "status 404, it is forgotten"
    return f"exit code {state.json['ExitCode']}"


def _pid(heard: Heard) -> str:
    pid = [answer.json["Pid"] for answer in heard.all(_INSPECT) if not answer.json["Running"]][-1]
    return "0" if pid == 0 else "the one that it had"


def _types(heard: Heard) -> str:
    return f"`{heard.answer(_START).type}`"


def _websocket(heard: Heard) -> str:
    return {101: "yes", 404: "no such route (404)"}[heard.answer("GET /containers/[^/]+/attach/ws").status]


ROWS = (
    Row(
        "The connection is half-closed to end the input of a command with a terminal",
        "engines-end-of-input-of-a-terminal",
        _end_of_input,
        "`run` and `execute` send byte 4 and never half-close there; `send_eof` of `exec.start` and "
        "`containers.attach` is InvalidArgument on Docker",
    ),
    Row(
        "The bytes 16 17 (ctrl-p ctrl-q) come in the input of a command with a terminal",
        "engines-detach-keys",
        _detach_keys,
        "`run` and `execute` give keys that nobody sends; with `exec.create` and `containers.attach` set `detach_keys`",
    ),
    Row(
        "A command that was made without a terminal is started with `tty=True`",
        "exec-terminal-as-made",
        _terminal_as_made,
        "`exec.start` asks `exec.inspect` on Podman, and reads what comes by how it was made",
    ),
    Row(
        "A command that does not exist is executed",
        "exec-not-a-command",
        _never_started,
        "`ExecuteResult.error` has the sentence, `stdout` and `stderr` are empty",
    ),
    Row(
        "A command is executed as a user that does not exist",
        "execute-never-started",
        _no_such_user,
        "an error where the Engine gives one, else `ExecuteResult.error`",
    ),
    Row(
        "A command is started a second time",
        "exec-twice",
        _second_start,
        "Conflict where the Engine refuses it; Docker's sentence stays in the output",
    ),
    Row(
        "The container is restarted while a command runs in it: inspect of the command",
        "execute-the-container-ends",
        _container_ends,
        "ContainerEnded, with the output so far",
    ),
    Row(
        "`pid` of a command that has ended",
        "exec-outputs",
        _pid,
        "as it came; on Docker, 0 says that the command never started",
    ),
    Row(
        "Content type of the output in frames",
        "exec-outputs",
        _types,
        "where it does not tell frames from a terminal, one inspect does",
    ),
    Row("Attaching over a WebSocket", "attach-websocket", _websocket, "NotSupported where there is no such route"),
)
