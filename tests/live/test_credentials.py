"""Credentials that are found by themselves, with real registries, real Engines and a real helper program."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scenarios.kit import PASSWORD, USER, WITH_PASSWORD, WRONG, engine_of, no_image
from test_live import ENGINES

from rawdock import Docker, NotFound, Unauthorized

pytestmark = [pytest.mark.live, pytest.mark.anyio, pytest.mark.timeout(180)]
if not ENGINES:
    pytestmark.append(pytest.mark.skip(reason="RAWDOCK_LIVE_ENGINES names no engine (NAME=SOCKET, ...)"))

WITH_TOKEN = "127.0.0.1:5003"
BASIC = f"{WITH_PASSWORD}/busybox:1"
PRIVATE = f"{WITH_TOKEN}/ok/busybox:1"
TAG = "localhost/rawdock-s-credentials:1"  # Podman keeps a tag without a host as one of Docker Hub
KEY = "rawdock test <test@rawdock.invalid>"


@pytest.fixture(params=ENGINES or [""], ids=lambda entry: entry.partition("=")[0] or "none")
def socket(request: pytest.FixtureRequest) -> str:
    return str(request.param).partition("=")[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@asynccontextmanager
async def client(socket: str) -> AsyncIterator[Docker]:
    """A client; the images of these tests are not there before, nor afterwards."""
    async with Docker(socket) as docker:
        for image in (TAG, BASIC, PRIVATE):
            await no_image(docker, image)
        try:
            yield docker
        finally:
            for image in (TAG, BASIC, PRIVATE):
                await no_image(docker, image)


def keep(folder: Path, **config: Any) -> None:
    (folder / "config.json").write_text(json.dumps(config))


def login(password: str = PASSWORD) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()}


def helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-own"
    path.write_text(f"#!/bin/sh\ncd {folder}\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("registry", [WITH_PASSWORD, WITH_TOKEN])
async def test_a_pull_with_what_config_json_has(registry: str, socket: str, home: Path) -> None:
    """Without it, and with a wrong password, the error says where credentials were looked for."""
    image = BASIC if registry == WITH_PASSWORD else PRIVATE
    async with client(socket) as docker:
        keep(home)
        with pytest.raises((Unauthorized, NotFound)):  # a token server may say of a private image that there is none
            await docker.images.pull(image)
        keep(home, auths={registry: login(WRONG)})
        with pytest.raises(Unauthorized) as caught:
            await docker.images.pull(image)
        assert f"the credentials for {registry} were those of auths in {home}/config.json" in str(caught.value)
        assert WRONG not in f"{caught.value}{caught.value.curl()}"
        for key in (registry, f"https://{registry}/v1/"):
            keep(home, auths={key: login()})
            await docker.images.pull(image)
            await no_image(docker, image)


async def test_a_helper_whose_token_has_expired_is_asked_again(socket: str, home: Path) -> None:
    keep(home, credsStore="own")
    passwords = f"case $(wc -l <times) in 1) p={WRONG};; *) p={PASSWORD};; esac"
    helper(home, f"""echo x >>times\n{passwords}\nprintf '{{"Username":"{USER}","Secret":"%s"}}' $p""")
    async with client(socket) as docker:
        await docker.images.pull(BASIC)
    assert (home / "times").read_text() == "x\nx\n"


async def test_push_run_and_distribution(socket: str, home: Path) -> None:
    keep(home, auths={WITH_PASSWORD: login()})
    async with client(socket) as docker:
        engine = await engine_of(docker)
        result = await docker.run(BASIC, ["echo", "hello"])
        assert result.stdout == b"hello\n"
        pushed = f"{WITH_PASSWORD}/rawdock-s-pushed:1"
        await docker.images.tag(BASIC, repo=f"{WITH_PASSWORD}/rawdock-s-pushed", tag="1")
        try:
            await docker.images.push(pushed)
        finally:
            await no_image(docker, pushed)
        if engine.can("inspect images in registries"):
            found = await docker.distribution.inspect(pushed)
            assert found.descriptor.digest.startswith("sha256:")


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
@pytest.mark.parametrize("image", [BASIC, PRIVATE])
async def test_a_build_on_a_private_image(builder: Any, image: str, socket: str, home: Path) -> None:
    registry = image.partition("/")[0]
    keep(home, auths={registry: login()})
    async with client(socket) as docker:
        if docker.is_podman or (await docker.known_engine()).flavour == "podman":
            builder = None
        built = await docker.build(
            dockerfile=f"FROM {image}\nLABEL rawdock-s=credentials\n",
            tag=TAG,
            builder=builder,
            pull=True,
            no_cache=True,
        )
        assert built.id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a store of `pass` with a key of its own; skipped where its programs are not installed."""
    missing = [name for name in ("docker-credential-pass", "pass", "gpg") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: golang-docker-credential-helpers, pass)")
    folder = tmp_path_factory.mktemp("p")
    home = folder / "gnupg"
    home.mkdir(mode=0o700)
    variables = {"GNUPGHOME": str(home), "PASSWORD_STORE_DIR": str(folder / "store")}
    environ = os.environ | variables

    def call(*command: str) -> None:
        subprocess.run(command, env=environ, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    call("gpg", "--batch", "--passphrase", "", "--quick-gen-key", KEY, "default", "default", "never")
    call("pass", "init", KEY)
    yield variables
    subprocess.run(["gpgconf", "--kill", "all"], env=environ, check=False, capture_output=True)


@pytest.fixture
def kept(store: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Keeps a password for a registry in the store, as `docker login` does."""
    for name, value in store.items():
        monkeypatch.setenv(name, value)

    def keep_in_store(registry: str, password: str) -> None:
        entry = {"ServerURL": registry, "Username": USER, "Secret": password}
        subprocess.run(
            ["docker-credential-pass", "store"], input=json.dumps(entry).encode(), check=True, capture_output=True
        )

    return keep_in_store


async def test_a_real_helper_program(socket: str, home: Path, kept: Callable[[str, str], None]) -> None:
    """`pass`, which answers with an empty user where it has none."""
    keep(home, credsStore="pass", auths={WITH_PASSWORD: {}})
    async with client(socket) as docker:
        assert docker.keychain is not None
        found = await docker.keychain.find("nobody.test")
        assert found.auth is None
        assert found.source == ""
        kept(WITH_PASSWORD, WRONG)
        with pytest.raises(Unauthorized, match="were those of docker-credential-pass"):
            await docker.images.pull(BASIC)
        kept(WITH_PASSWORD, PASSWORD)
        await docker.images.pull(BASIC)
    (home / "config.json").unlink()
    keep(home, credHelpers={WITH_TOKEN: "pass"})
    kept(WITH_TOKEN, PASSWORD)
    async with client(socket) as docker:
        await docker.images.pull(PRIVATE)


async def test_what_the_engine_is(socket: str) -> None:
    async with Docker(socket) as docker:
        found = await docker.engine()
        assert found.flavour in ("docker", "podman")
        assert found.spoken_version == docker.version
        assert found.version
        assert found.storage_driver
        assert str(found)
