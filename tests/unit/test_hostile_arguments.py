"""Hostile text in every argument of every public callable: an error of rawdock's own that can be printed, or success.

What is given: half of a character, as `os.listdir` gives it for a name that is not UTF-8, zero bytes, line breaks,
thousands of digits, and values that are nested deeper than Python's stack.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import anyio
import httpx
import pytest
from example_arguments import EXAMPLES, Arguments
from spec.facts import methods

from rawdock import (
    DecodeError,
    Docker,
    EnvSecret,
    InvalidArgument,
    Limits,
    RawdockError,
    SecretStr,
    Timestamp,
    decode,
    encode,
    endpoint_of,
    from_json,
    rates_between,
    to_json,
    usage_of,
)
from rawdock._models.model import Model, fields_of
from rawdock._streams.faces.contexts import Opens, Runs
from rawdock._versions import NEWEST, version_text
from rawdock.files import Counted, FileContent, save_to
from rawdock.models import AuthConfig, ContainerInspect, ContainerSpec, ContainerStats

VERSION = version_text(NEWEST)
METHODS = methods()
DEEP = 200_000
HALF = "half\ud800\udcff"


def deep_list() -> list[Any]:
    value: list[Any] = []
    for _ in range(DEEP):
        value = [value]
    return value


def deep_dict() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(DEEP):
        value = {"a": value}
    return value


DEEP_LIST, DEEP_DICT = deep_list(), deep_dict()
HOSTILE: dict[str, Any] = {
    "half of a character": HALF,
    "a zero byte": "zero\0byte",
    "a line break": "line\r\nX-Other: break",
    "dots": "../..",
    "digits": "9" * 5000,
    "a large number": 10**5000,
    "a small number": -(10**5000),
    "no number": float("nan"),
    "no finite number": float("inf"),
    "bytes": b"\xff\0",
    "a deep list": DEEP_LIST,
    "a deep map": DEEP_DICT,
    "a long text": "x" * 300_000,
}


def shapes(example: Any, value: Any) -> Iterator[Any]:
    """The value in the place of an argument, and in the place of each part of an argument like the example."""
    yield value
    yield [value]
    if isinstance(example, Mapping):
        yield {"a": value}
        yield {"a": [value]}
        if type(value) in (str, int, float, bytes):
            yield {value: "a"}
            yield {value: value}
    if isinstance(example, Model):
        for field in fields_of(type(example)):
            yield example.replace(**{field.name: value})
            if isinstance(value, str):
                yield example.replace(**{field.name: [value]})
                yield example.replace(**{field.name: {value: value}})
        yield example.replace(extra={"a": value})
    if isinstance(example, list) and example and isinstance(example[0], Model):
        yield from ([one] for one in shapes(example[0], value))


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile paths are relative ones too: what is written there stays below the test's own folder."""
    inner = tmp_path / "a" / "b" / "c"  # the folder two levels above is read and written
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)


class Engine:
    """An Engine that answers each request alike, and looks at what came."""

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body
        self.transport = httpx.MockTransport(self.answer)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        target = request.url.raw_path
        assert not set(target) - set(range(0x21, 0x7F)), target
        unquote_to_bytes(target).decode()
        if request.headers.get("content-type") == "application/json":
            json.dumps(json.loads(body), ensure_ascii=False).encode()
        for pair in request.headers.raw:
            assert not {0, 10, 13} & set(pair[0] + pair[1])
        headers = {"content-type": "application/json", "api-version": VERSION}
        return httpx.Response(self._status, content=self._body, headers=headers)


async def attempt(call: Callable[[], Any]) -> str:
    """Make a call, and leave what it opens. Returns what is wrong: an error that is not rawdock's, or not printed."""
    try:
        with anyio.move_on_after(5):
            result = call()
            if isinstance(result, (Opens, Runs)):
                async with cast("Any", result) as stream:
                    if hasattr(stream, "aclose"):
                        await stream.aclose()
            elif inspect.isawaitable(result):
                await result
    except RawdockError as error:
        return not_printed(error)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]!r}"
    return ""


def not_printed(error: RawdockError) -> str:
    """Why an error cannot be printed or logged everywhere; empty if it can."""
    try:
        for text in (str(error), error.curl()):
            text.encode()
        repr(error)
    except (ValueError, RecursionError) as problem:
        return f"{type(problem).__name__} of the error"
    return "" if len(str(error)) < 5000 else f"the error has {len(str(error))} characters"


async def sweep(
    engine: Engine, name: str, function: Callable[[Docker], Callable[..., Any]], row: Arguments, one: str = ""
) -> set[str]:
    """Everything hostile in each argument of the row, or in `one`: what went wrong."""
    found: set[str] = set()
    async with Docker(transport=engine.transport, version=VERSION) as docker:
        call = function(docker)
        for argument, example in [(one, row[one])] if one else row.items():
            for kind, value in HOSTILE.items():
                for shaped in shapes(example, value):
                    wrong = await attempt(lambda given=row | {argument: shaped}: call(**given))
                    if wrong:
                        found.add(f"{name}: {argument}: {kind} in {type(shaped).__name__}: {wrong}")
    return found


REFUSING = Engine(500, b'{"message": "no"}')


@pytest.mark.parametrize("name", METHODS)
def test_operations(name: str) -> None:
    """Each operation, with each argument."""
    group, _, verb = name.partition(".")
    found = asyncio.run(sweep(REFUSING, name, lambda docker: getattr(getattr(docker, group), verb), EXAMPLES[name]))
    assert not found


HELPERS: dict[str, Arguments] = {
    "run": {
        "image": "a",
        "cmd": ["sh"],
        "spec": ContainerSpec(),
        "name": "n",
        "platform": "linux/amd64",
        "pull": "missing",
        "auth_config": AuthConfig(),
        "remove": True,
        "stdin": b"",
        "open_stdin": True,
        "timeout": 1.0,
        "output_limit": 5,
        "end_at_limit": True,
        "strict_limits": True,
    },
    "execute": {
        "container": "a",
        "cmd": ["sh"],
        "env": {"A": "1"},
        "user": "root",
        "working_dir": "/",
        "tty": True,
        "size": (24, 80),
        "privileged": False,
        "stdin": b"",
        "open_stdin": True,
        "timeout": 1.0,
        "output_limit": 5,
        "end_at_limit": True,
    },
    "copy_in": {
        "container": "a",
        "source": "/etc/passwd",
        "destination": "/a",
        "follow_link": True,
        "parents": True,
        "uid": 0,
        "gid": 0,
        "owner": "container",
        "mode": 0,
        "mtime": 0,
    },
    "copy_out": {
        "container": "a",
        "path": "/a",
        "destination": "/nowhere/at/all",
        "follow_link": True,
        "unsafe": "skip",
        "keep_owner": False,
        "max_size": 1,
        "max_members": 1,
    },
    "read_file": {"container": "a", "path": "/a", "limit": 5},
    "write_file": {
        "container": "a",
        "path": "/a",
        "data": b"",
        "size": 0,
        "parents": True,
        "uid": 0,
        "gid": 0,
        "owner": "container",
        "mode": 0,
        "mtime": 0,
    },
    "ensure_image": {"reference": "a", "platform": "linux", "pull": "missing", "auth_config": AuthConfig()},
    "follow_logs": {"container": "a", "filters": {"name": "a"}, "mark": "", "since": 1, "stdout": True, "stderr": True},
    "published": {"container": "a", "port": 80, "protocol": "tcp", "host": "a"},
    "reap": {"dry_run": True},
    "temporary": {"lifetime": 1.0, "labels": {"a": "b"}},
    "wait_healthy": {"container": "a", "restarts": 1},
    "wait_port": {"container": "a", "port": 80, "outside": True},
    "watch": {
        "filters": {"type": "container"},
        "since": 1,
        "buffer": 10,
        "heartbeat": 5.0,
        "backoff": (0.1, 1.0),
        "tell_lost": True,
        "attempts": 1,
    },
    "watch_containers": {
        "all": True,
        "label": "a",
        "buffer": 10,
        "heartbeat": 5.0,
        "backoff": (0.1, 1.0),
        "tell_lost": True,
        "attempts": 1,
    },
    "engine": {},
    "build": {
        "context": b"",
        "dockerfile": "FROM a",
        "file": "Dockerfile",
        "tag": "a:1",
        "target": "a",
        "build_args": {"A": "1"},
        "labels": {"a": "1"},
        "platform": "linux/amd64",
        "pull": True,
        "no_cache": True,
        "cache_from": ["a"],
        "network": "host",
        "extra_hosts": ["a:1.2.3.4"],
        "memory": 1,
        "memory_swap": 1,
        "cpu_shares": 1,
        "cpu_period": 1,
        "cpu_quota": 1,
        "cpuset_cpus": "0",
        "cpuset_mems": "0",
        "shm_size": 1,
        "ulimits": [],
        "cgroup_parent": "a",
        "security_opt": ["a"],
        "builder": "classic",
        "registry_config": {"r.test": AuthConfig()},
        "secrets": {"a": b"a"},
        "ssh": {"default": True},
        "output": "/nowhere/at/all",
        "output_type": "tar",
        "remote": "https://r.test/a.git",
        "buildid": "a",
        "mtime": 1,
        "compress": True,
        "context_transfer": "tar",
        "shared_key": "a",
    },
    "request": {
        "method": "GET",
        "path": "/info",
        "params": {"a": "b"},
        "json": {"a": "b"},
        "content": b"",
        "headers": {"a": "b"},
    },
}

# Helpers with arguments, and the one that is hostile; all of them, one after another, if none is named.
ROWS: list[tuple[str, Arguments, str]] = [
    *((name, row, "") for name, row in HELPERS.items() if name not in ("build", "request")),
    *(
        ("request", {key: value for key, value in HELPERS["request"].items() if key != left_out}, "")
        for left_out in ("json", "content")  # which exclude each other
    ),
    *(
        ("build", {"dockerfile": "FROM a", "builder": "classic", key: value}, key)
        for key, value in HELPERS["build"].items()
    ),
]


ENGINES = {
    "refusing": REFUSING,
    "knowing nothing": Engine(404, b'{"message": "not here"}'),
    "answering with nothing": Engine(200, b"{}"),
}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())
def test_helpers(engine: Engine) -> None:
    """Each helper, with each argument, on Engines that refuse, that know nothing, and that answer with nothing."""
    found: set[str] = set()
    for name, row, one in ROWS:
        found |= asyncio.run(sweep(engine, name, lambda docker, name=name: getattr(docker, name), row, one))
    assert not found


def test_every_helper_is_swept() -> None:
    """A helper that is new has a row here, with each of its arguments."""
    helpers = {name for name, value in vars(Docker).items() if not name.startswith("_")} | {"request"}
    assert helpers == HELPERS.keys()
    for name, row in HELPERS.items():
        function = Docker.request if name == "request" else getattr(Docker, name)
        if name == "build":
            function = type(Docker("/nowhere").build).__call__
        arguments = set(inspect.signature(function).parameters) - {"self", "docker"}
        assert arguments == row.keys(), name


async def nothing() -> AsyncIterator[bytes]:
    for none in ():
        yield none


# Each takes one hostile value.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Docker(address)": lambda value: Docker(value),
    "Docker(context)": lambda value: Docker(context=value),
    "Docker(tls)": lambda value: Docker("tcp://h:1", tls=value),
    "Docker(ssh_forwarding)": lambda value: Docker("ssh://h", ssh_forwarding=value),
    "Docker(ssh://)": lambda value: Docker(f"ssh://{value}") if isinstance(value, str) else None,
    "Docker(tcp://)": lambda value: Docker(f"tcp://{value}") if isinstance(value, str) else None,
    "Docker(version)": lambda value: Docker("/nowhere", version=value),
    "Docker(minimum_version)": lambda value: Docker("/nowhere", minimum_version=value),
    "Docker(limits)": lambda value: Docker("/nowhere", limits=value),
    "Docker(limits.answer)": lambda value: Docker("/nowhere", limits=Limits(answer=value)),
    "Docker(on_call)": lambda value: Docker("/nowhere", on_call=value),
    "Docker(connect_timeout)": lambda value: Docker("/nowhere", connect_timeout=value),
    "Docker(credentials)": lambda value: Docker("/nowhere", credentials=value),
    "Docker(config)": lambda value: Docker("/nowhere", config=value),
    "encode": encode,
    "encode of a model": lambda value: encode(ContainerSpec(image=value, labels=value, extra={"a": value})),
    "decode": lambda value: decode(ContainerInspect, value, complete=True),
    "decode a list": lambda value: decode(list[str], value, complete=True),
    "decode a map": lambda value: decode(dict[str, ContainerInspect], value, complete=True),
    "decode fields": lambda value: decode(
        ContainerInspect,
        {"Id": "x", "State": value, "Config": {"Labels": value, "ExposedPorts": value}, "Created": value},
        complete=True,
    ),
    "decode(kind)": lambda value: decode(value, "{}"),
    "to_json": to_json,
    "to_json of a model": lambda value: to_json([ContainerSpec(image=value, labels=value, extra={"a": value})]),
    "from_json(kind)": lambda value: from_json(value, "{}"),
    "from_json(text)": lambda value: from_json(list[ContainerInspect], value),
    "replace": lambda value: ContainerSpec(image="a").replace(labels=value).replace(image="b"),
    "repr": lambda value: repr(ContainerSpec(image=value, labels=value, extra={"a": value})),
    "==": lambda value: ContainerSpec(labels=value) == ContainerSpec(labels=value),
    "endpoint_of": endpoint_of,
    "usage_of": lambda value: usage_of(value),
    "usage_of a sample": lambda value: usage_of(
        decode(
            ContainerStats,
            {
                "cpu_stats": {"cpu_usage": {"total_usage": value}, "system_cpu_usage": value, "online_cpus": value},
                "precpu_stats": {"cpu_usage": {"total_usage": 1}, "system_cpu_usage": 1},
                "memory_stats": {"usage": value, "limit": 3, "stats": {"inactive_file": value}},
                "networks": {"eth0": {"rx_bytes": value}},
            },
        )
    ),
    "rates_between": lambda value: rates_between(value, value),
    "FileContent": FileContent,
    "save_to": lambda value: save_to(value, nothing()),
    "Counted": lambda value: Counted(nothing(), total=value),
    "EnvSecret": EnvSecret,
    "Timestamp": lambda value: Timestamp(value).nanoseconds if isinstance(value, str) else None,
    "SecretStr": lambda value: repr(SecretStr(value)) if isinstance(value, str) else None,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    """Each function and class that takes values of a caller."""
    for kind, value in HOSTILE.items():
        for shaped in ([value], {"a": value}, value):
            wrong = asyncio.run(attempt(lambda given=shaped: FUNCTIONS[name](given)))
            assert not wrong, f"{kind} in {type(shaped).__name__}"


HOSTILE_JSON = {
    "a deep map": '{"a":' * 100_000,
    "a deep list": "[" * 100_000,
    "half of a character": '"\\ud800"',
    "a half key": '{"\\ud800": 1}',
    "digits": "1" * 5000,
    "digits in a field": '{"Id": "x", "State": {"Pid": %s}}' % ("1" * 5000),
    "digits in a time": '{"Id": "x", "Created": "%s"}' % ("9" * 5000),
    "deep in a field": '{"Id": "x", "State": ' + "[" * 900 + "]" * 900 + "}",
    "deep in a new field": '{"Id": "x", "New": ' + "[" * 900 + "]" * 900 + "}",
    "a large exponent": "1e999999",
    "not a number": '{"Id": NaN}',
}


@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_text_of_an_engine(kind: str) -> None:
    """JSON that is decoded, written again and shown."""

    def use() -> None:
        found = decode(ContainerInspect, HOSTILE_JSON[kind])
        repr(found)
        encode(found)
        decode(ContainerInspect, HOSTILE_JSON[kind], complete=True)

    assert not asyncio.run(attempt(use))


# The options of a container. What a YAML file gives is among it: empty values, numbers, flags and days.

OPTIONS = [one for one in inspect.signature(ContainerSpec.of).parameters if one != "unknown"]
FROM_FILES: dict[str, Any] = {
    "nothing": None,
    "yes": True,
    "no": False,
    "a number": 5,
    "a negative number": -7,
    "a fraction": 1.5,
    "a day": date(2024, 1, 1),
    "an empty text": "",
    "a blank text": "  ",
    "an empty list": [],
    "an empty map": {},
    "a set": {"a"},
    "a path": Path("/a"),
    "an object": object(),
}
CURE = re.compile(
    r"expected |leave |write |give |set |name |is not (one of |like |an? )|needs |take it out|at least|"
    r"cannot be (set|joined) together|is no option|is less than|has no |only "
)
"""What a message has that says what to do."""


def refused(call: Callable[[], object]) -> str:
    """The message of an InvalidArgument, which can be printed; empty if there is none. Any other error is raised."""
    error: InvalidArgument | None = None
    try:
        call()
    except InvalidArgument as caught:
        error = caught
    assert error is None or not not_printed(error)
    return "" if error is None else str(error)


@pytest.mark.parametrize("option", OPTIONS)
def test_options_of_a_container(option: str) -> None:
    """Whatever an option is given is taken, and can be sent, or refused with the option's name and what to do."""
    refusals = 0
    for kind, value in (HOSTILE | FROM_FILES).items():
        shapes = [value, [value], [[value]], {"a": value}, {"a": [value]}, {"a": {"a": value}}, [{"type": value}]]
        if isinstance(value, (str, int, float, bytes)) or value is None:
            shapes += [{value: "a"}, {value: value}]
        for shaped in shapes:
            given = {"image": "a", option: shaped}
            message = refused(lambda given=given: encode(ContainerSpec.of(**given)))
            refusals += bool(message)
            where = f"{kind} in {type(shaped).__name__}: {message[:300]}"
            assert not message or message.startswith(f"{option}:"), where
            assert not message or CURE.search(message), where
    assert refusals > 20


@pytest.mark.parametrize("name", ["to_json", "from_json(kind)", "from_json(text)", "decode(kind)"])
def test_json_of_what_is_none(name: str) -> None:
    """An InvalidArgument that says where, or a DecodeError for text that is no JSON; never an error of Python's."""
    messages: list[str] = []
    for value in (HOSTILE | FROM_FILES).values():
        for shaped in (value, [value], {"a": value}):
            with suppress(*([] if name == "to_json" else [DecodeError])):
                messages.append(refused(lambda given=shaped: FUNCTIONS[name](given)))
    refusals = [message for message in messages if message]
    assert len(refusals) > 10
    if name != "to_json":
        begins = ("kind: expected a model", "from_json: text: expected str or bytes", "'half\\ud800")
        assert not [message for message in refusals if not message.startswith(begins)]
