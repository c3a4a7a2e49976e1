"""Headers, the default platform and proxies, as docker 28.5.2 takes them from its configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from faultserver import Peer, json_answer, serving

from rawdock import AddressError, BadRequest, Docker
from rawdock._command_config import custom_headers, proxies_for
from rawdock.models import ContainerSpec

MARK = "planted-5ecret"
PROXIES = {"httpProxy": "http://h:1", "httpsProxy": "http://s:2", "noProxy": "a,b", "ftpProxy": "http://f:3"}
ALL = {
    "HTTP_PROXY": "http://h:1",
    "http_proxy": "http://h:1",
    "HTTPS_PROXY": "http://s:2",
    "https_proxy": "http://s:2",
    "NO_PROXY": "a,b",
    "no_proxy": "a,b",
    "FTP_PROXY": "http://f:3",
    "ftp_proxy": "http://f:3",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def keep(folder: Path, **config: Any) -> None:
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("config", "variable", "expected"),
    [
        ({}, "", {}),
        ({"HttpHeaders": {"X-One": "1", "user-agent": "mine", "Host": "other"}}, "", {"X-One": "1"}),
        ({"httpheaders": {"X-One": "1"}}, "", {"X-One": "1"}),
        (
            {"HttpHeaders": {"X-One": "1"}},
            'X-Two=2,User-Agent=z,"X-Three=a,b",x-two=22',
            {"X-Three": "a,b", "x-two": "22"},
        ),
        ({}, "X=", {"X": ""}),
        ({}, "  X = 1 ", {"X": "1"}),
        ({}, "X=a=b", {"X": "a=b"}),
        ({}, "X=a\nY=b", {"X": "a"}),
    ],
)
def test_headers(
    config: dict[str, Any], variable: str, expected: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(home, **config)
    monkeypatch.setenv("DOCKER_CUSTOM_HEADERS", variable)
    assert custom_headers() == expected


@pytest.mark.parametrize(
    ("config", "variable", "words"),
    [
        ({}, MARK, "DOCKER_CUSTOM_HEADERS: each part is NAME=VALUE"),
        ({}, f"={MARK}", "DOCKER_CUSTOM_HEADERS: each part is NAME=VALUE"),
        ({}, f"bad name={MARK}", "'bad name' is not the name of a header"),
        ({"HttpHeaders": {"X": f"{MARK}\nY: b"}}, "", "the value of X has characters that no header may have"),
        ({"HttpHeaders": {"X\r\nY": MARK}}, "", "is not the name of a header"),
        ({"HttpHeaders": {"Transfer-Encoding": MARK}}, "", "Transfer-Encoding differs from request to request"),
        ({"HttpHeaders": [MARK]}, "", "HttpHeaders is not an object"),
        ({"HttpHeaders": {"X": [MARK]}}, "", "HttpHeaders: 'X' is not text"),
    ],
)
def test_headers_that_cannot_be_sent(
    config: dict[str, Any], variable: str, words: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are found before anything is sent, and the message has no value. `config=False` goes on without."""
    keep(home, **config)
    monkeypatch.setenv("DOCKER_CUSTOM_HEADERS", variable)
    with pytest.raises(AddressError) as caught:
        Docker("unix:///nowhere")
    assert words in str(caught.value)
    assert MARK not in str(caught.value)
    Docker("unix:///nowhere", config=False)
    Docker(transport=httpx.MockTransport(lambda request: httpx.Response(200)))


@pytest.mark.anyio
async def test_every_request_has_the_headers_and_no_error_shows_them(home: Path) -> None:
    keep(home, HttpHeaders={"X-Pass": MARK})
    seen: list[bytes] = []

    async def answer(request: bytes, peer: Peer) -> bytes:
        seen.append(request)
        return json_answer(b'{"message":"no"}', b"400 Bad Request")

    async with serving(answer) as server, Docker(server.path) as docker:
        for call in (docker.system.info(), docker.containers.start("a"), docker.images.pull("a")):
            with pytest.raises(BadRequest) as caught:
                await call
            assert "X-Pass: ***" in caught.value.curl()
            assert MARK not in f"{caught.value}{caught.value.curl()}{caught.value!r}"
        await docker.http.get("/info")
        async with Docker(server.path, config=False) as other:
            with pytest.raises(BadRequest):
                await other.system.info()
    assert [f"x-pass: {MARK}".encode() in request.lower() for request in seen] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ({"default": PROXIES}, ALL),
        ({"default": PROXIES, "unix:///a": {"httpProxy": "http://own:1"}}, ["http://own:1"]),
        ({"default": PROXIES, "unix:///a": {}}, {}),
        ({"unix:///b": PROXIES}, {}),
        ({"default": {"httpProxy": "http://h:1", "noProxy": ""}}, ["http://h:1"]),
        (None, {}),
    ],
)
def test_proxies(proxies: Any, expected: Any, home: Path) -> None:
    keep(home, proxies=proxies)
    if isinstance(expected, list):
        expected = {"HTTP_PROXY": expected[0], "http_proxy": expected[0]}
    assert proxies_for("unix:///a") == expected


@pytest.mark.parametrize("proxies", [[], {"default": 1}, {"default": {"httpProxy": 1}}])
def test_proxies_that_cannot_be_read(proxies: Any, home: Path) -> None:
    keep(home, proxies=proxies)
    with pytest.raises(AddressError, match=r"config\.json: proxies.* mend it"):
        proxies_for("unix:///a")


@pytest.mark.anyio
async def test_run_build_and_pull_take_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given goes before, each by itself."""
    keep(home, proxies={"default": PROXIES})
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/arm64")
    created: list[list[str]] = []
    queries: list[dict[str, list[str]]] = []

    async def answer(request: bytes, peer: Peer) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        queries.append(parse_qs(urlsplit(target).query))
        if "/containers/create" in target:
            created.append(json.loads(body).get("Env", []))
            return json_answer(b'{"message":"enough"}', b"400 Bad Request")
        if "/build" in target:
            if b"Transfer-Encoding: chunked" in head:
                await peer.rest_of_chunks()
            return json_answer(b'{"stream":"Successfully built 0123456789ab\\n"}')
        return json_answer(b'{"status":"done"}')

    async def run(docker: Docker, **more: Any) -> list[str]:
        with pytest.raises(BadRequest):
            await docker.run("a", ["true"], **more)
        return created.pop()

    def names(env: list[str]) -> dict[str, str]:
        return dict(one.partition("=")[::2] for one in env)

    def platform() -> list[str] | None:
        return queries.pop().get("platform")

    async with serving(answer) as server, Docker(server.path) as docker, Docker(server.path, config=False) as bare:
        assert names(await run(docker)) == ALL
        assert platform() == ["linux/arm64"]
        own = ContainerSpec(env=["HTTP_PROXY=own", "no_proxy=", "FTP_PROXY", "A=b"])
        assert names(await run(docker, spec=own, platform="linux/amd64")) == {
            **{name: value for name, value in ALL.items() if name != "FTP_PROXY"},
            "HTTP_PROXY": "own",
            "no_proxy": "",
            "FTP_PROXY": "",
            "A": "b",
        }
        assert platform() == ["linux/amd64"]
        assert await run(bare) == []
        assert platform() is None

        await docker.build(dockerfile=b"FROM scratch", builder="classic", build_args={"http_proxy": "own"})
        query = queries.pop()
        assert json.loads(query["buildargs"][0]) == {**ALL, "http_proxy": "own"}
        assert query["platform"] == ["linux/arm64"]
        await bare.build(dockerfile=b"FROM scratch", builder="classic")
        assert queries.pop().keys().isdisjoint({"platform", "buildargs"})

        await docker.images.pull("a")
        assert platform() == ["linux/arm64"]
        await docker.images.pull("a", platform="linux/amd64")
        assert platform() == ["linux/amd64"]
        await bare.images.pull("a")
        assert platform() is None
