"""Helper programs that do not do what they should, and what is left of them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from rawdock import AddressError
from rawdock._credentials import helper
from rawdock._credentials.search import Found, Keychain

pytestmark = pytest.mark.anyio
HOST = "hub.test:5000"
SECRET = "planted-secret"
ANSWER = f"""printf '{{"Username":"ada","Secret":"{SECRET}"}}'"""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make docker-credential-own of a shell script; it is the helper for everything."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "config.json").write_text('{"credsStore": "own"}')

    def make(script: str) -> None:
        path = tmp_path / "docker-credential-own"
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        path.chmod(0o755)

    return make


def is_alive(file: Path) -> bool:
    """Whether the process whose number is in a file still runs."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{file.read_text().strip()}/status").read_text()
    except OSError:
        return False


def is_written(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


async def is_ended(file: Path) -> bool:
    """Whether the process ends that was sent SIGKILL; the kernel takes a moment for one that nobody here waits for."""
    with anyio.move_on_after(10):
        while is_alive(file):  # noqa: ASYNC110 - another's process
            await anyio.sleep(0.005)
    return not is_alive(file)


async def appears(path: Path) -> None:
    while not is_written(path):  # noqa: ASYNC110 - another process writes it
        await anyio.sleep(0.005)


BROKEN = {
    "rubbish": ("echo not JSON", "printed no JSON object with Username and Secret"),
    "nothing": ("true", "printed nothing"),
    "too much": ("yes x | head -c 1000000", "printed more than 262144 bytes"),
    "endless": ("exec yes", "printed more than 262144 bytes"),
    "a failure": ("echo the chain is rusty; exit 3", "failed with exit code 3: the chain is rusty"),
    "a failure on stderr": ("echo 'the chain is rusty' >&2; exit 1", "failed with exit code 1: the chain is rusty"),
    "a long failure": ("yes wrong | head -c 100000 >&2; exit 1", "failed with exit code 1: wrong wrong"),
    "a failure with an escape": ("printf '\\033[2Jred' >&2; exit 1", "failed with exit code 1: ?[2Jred"),
    "killed": ("kill -9 $$", "failed with exit code -9"),
    "an answer, and a failure": (f"{ANSWER}; exit 1", "failed with exit code 1"),
    "a secret that is cut": (f"""printf '{{"Username":"ada","Secret":"{SECRET}'""", "printed no JSON object"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_helper_is_told_once_and_auths_count(
    name: str, install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script, words = BROKEN[name]
    install(script)
    config = {"credsStore": "own", "auths": {HOST: {"username": "file", "password": SECRET}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    keychain = Keychain(set())
    for _ in range(2):
        found = await keychain.find(HOST)
        assert found.auth is not None
        assert found.auth.username == "file"
        assert found.source == f"auths in {tmp_path}/config.json"
        assert f"docker-credential-own {words}" in found.places[1]
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told.startswith(f"{HOST}: docker-credential-own {words}")
    assert len(told) < 500
    assert SECRET not in f"{told}{found}{found.describe()}{found.auth!r}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own", "docker-credential-own cannot be started: "),
        ("none", "there is no program 'docker-credential-none' in PATH; install it, or mend config.json"),
        ("../own", "there is no program 'docker-credential-../own' in PATH"),
        ("zero\0", "there is no program 'docker-credential-zero\\x00' in PATH"),
    ],
)
async def test_a_helper_that_cannot_be_started(name: str, words: str, install: Install, tmp_path: Path) -> None:
    install("")
    (tmp_path / "docker-credential-own").write_text("#!/nowhere/at-all\n")
    with pytest.raises(helper.HelperFailed) as caught:
        await helper.ask_helper(name, HOST)
    assert str(caught.value).startswith(words)


async def test_no_helper_of_the_current_folder(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty part of PATH is the current folder, where anybody's files may be."""
    install(ANSWER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ":/nowhere")
    with pytest.raises(helper.HelperFailed, match="current folder"):
        await helper.ask_helper("own", HOST)


async def test_a_helper_that_hangs_is_ended(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With what it has started."""
    monkeypatch.setattr(helper, "TIME_LIMIT", 0.3)
    install("echo $$ >own\nsleep 1000 &\necho $! >child\nwait")
    found = await Keychain().find(HOST)
    assert found.auth is None
    assert "did not answer within 0.3 seconds and was ended" in found.describe()
    assert (tmp_path / "own").exists()
    assert not is_alive(tmp_path / "own")
    assert await is_ended(tmp_path / "child")
    assert "call it by hand" in caplog.text


async def test_a_helper_that_closes_its_output_and_hangs_is_ended(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helper, "TIME_LIMIT", 0.3)
    install("echo $$ >own\nexec sleep 1000 >&- 2>&-")
    with pytest.raises(helper.HelperFailed, match="did not answer"):
        await helper.ask_helper("own", HOST)
    assert not is_alive(tmp_path / "own")


async def test_what_a_helper_leaves_behind_is_not_waited_for(install: Install, tmp_path: Path) -> None:
    """As an agent that keeps a key: it is the helper's own, and may hold the output open."""
    install(f"sleep 1000 &\necho $! >agent\n{ANSWER}")
    auth = await helper.ask_helper("own", HOST)
    assert auth is not None
    assert auth.password.reveal() == SECRET
    assert is_alive(tmp_path / "agent")
    os.kill(int((tmp_path / "agent").read_text()), 9)


async def test_a_cancelled_scope_ends_the_helper(install: Install, tmp_path: Path) -> None:
    install("sleep 1000 &\necho $! >child\necho $$ >own\nwait")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Keychain().find, HOST)
        await appears(tmp_path / "own")
        tasks.cancel_scope.cancel()
    assert not is_alive(tmp_path / "own")
    assert await is_ended(tmp_path / "child")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancelled_task_ends_the_helper(install: Install, tmp_path: Path) -> None:
    install("echo $$ >own\nexec sleep 1000")
    task = asyncio.create_task(Keychain().find(HOST))
    await appears(tmp_path / "own")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_alive(tmp_path / "own")


async def test_no_terminal_and_no_shell(install: Install, tmp_path: Path) -> None:
    """The registry is input and never part of a command line; a question on the terminal finds none."""
    install(f'cat >asked\necho "$@" >arguments\n(: </dev/tty) 2>/dev/null && touch terminal\n{ANSWER}')
    registry = 'hub.test:5000"; touch made; "'
    await helper.ask_helper("own", registry)
    assert (tmp_path / "asked").read_text() == registry
    assert (tmp_path / "arguments").read_text() == "get\n"
    assert not (tmp_path / "terminal").exists()
    assert not (tmp_path / "made").exists()


async def test_many_at_once_ask_once(install: Install, tmp_path: Path) -> None:
    """And another registry for itself."""
    install(f"echo x >>times\nsleep 0.1\n{ANSWER}")
    keychain = Keychain()
    found: list[Found] = []

    async def find(registry: str) -> None:
        found.append(await keychain.find(registry))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(find, HOST)
        tasks.start_soon(find, "other.test")
    assert (tmp_path / "times").read_text() == "x\nx\n"
    assert len(found) == 9
    assert all(one.auth is not None for one in found)


async def test_it_is_asked_again_for_what_was_refused(install: Install, tmp_path: Path) -> None:
    install("""echo x >>times\nprintf '{"Username":"ada","Secret":"%s"}' "$(wc -l <times)" """)
    keychain = Keychain()
    first = await keychain.find(HOST)
    assert first.auth is not None
    assert await keychain.find(HOST) == first
    keychain.forget(first)
    second = await keychain.find(HOST)
    assert second.auth is not None
    assert second.auth != first.auth
    keychain.forget(first)
    assert await keychain.find(HOST) == second, "another call that was refused finds the new one"
    assert (tmp_path / "times").read_text() == "x\nx\n"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("{", "cannot read "),
        ("[]", "does not hold a JSON object"),
        (json.dumps({"auths": {HOST: {"auth": f"{SECRET}%"}}}), f"auths['{HOST}']: auth is not base64; log in again"),
        (json.dumps({"auths": {HOST: {"auth": "YWRh"}}}), "auth is not the base64 of user:password; log in again"),
        (json.dumps({"auths": {HOST: {"password": [SECRET]}}}), "password is not text; log in again"),
        (json.dumps({"auths": {HOST: SECRET}}), f"auths['{HOST}'] is not an object; log in again with `docker login"),
        (json.dumps({"auths": SECRET}), "auths is not an object"),
        (json.dumps({"credHelpers": {HOST: 5}}), "the name of a credential helper is 5, and has to be text"),
        (f'{{"auths": "{SECRET}', "cannot read "),
    ],
)
async def test_a_broken_file_is_an_error_that_names_it(
    config: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(AddressError) as caught:
        await Keychain().find(HOST)
    assert words in str(caught.value)
    assert str(tmp_path / "config.json") in str(caught.value)
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"


async def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").mkdir()
    with pytest.raises(AddressError, match=r"config\.json'?: Is a directory"):
        await Keychain().find(HOST)


async def test_a_file_that_would_be_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(AddressError, match="it is a pipe"):
        await Keychain().find(HOST)


async def test_odd_keys_and_variables(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half characters, zero bytes and nothing at all: each is asked for as it is, or left out with a WARNING."""
    install(ANSWER)
    odd = {"\ud800": "own", "a\0b": "own", "": "own", "x" * 100_000: "own"}
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": odd, "auths": {"\ud800\n": 1, "c": None}}))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", '{"auths": {"\udcff": {"auth": "\udcff"}}}')
    found = await Keychain().find_all()
    assert found.keys() <= odd.keys()
    assert all(auth.username == "ada" for auth in found.values())
    assert found.keys() == {"\ud800", "a\0b", ""}


async def test_a_changed_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    keychain = Keychain()
    assert (await keychain.find(HOST)).auth is None
    for password in ("one", "two", "six"):
        new = tmp_path / "new"
        new.write_text(json.dumps({"auths": {HOST: {"username": "ada", "password": password}}}))
        new.rename(tmp_path / "config.json")
        auth = (await keychain.find(HOST)).auth
        assert auth is not None
        assert auth.password.reveal() == password
