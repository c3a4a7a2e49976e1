"""What a pull sends, for all ways in which credentials can be kept, beside what the docker command sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from credential_cases import CASES, HOST, asked, plant
from faultserver import Peer, json_answer, serving
from pages import PROJECT

from rawdock import AddressError, Docker

CORPUS: dict[str, Any] = json.loads((PROJECT / "tests" / "support" / "credentials_corpus.json").read_text())
SECRETS = ("refresh", "bearer", "registrytoken", "identitytoken", "username", "password")

_RAISES = "the docker command warns and sends what it cannot read, or nothing; AddressError says what to mend"
_NEEDED = "only the entry that is needed has to be right; the docker command takes none of the file then"
_ADA = {"username": "ada", "password": "lovelace", "serveraddress": HOST}
DIFFERENT: dict[str, tuple[dict[str, str] | type[Exception], str]] = {
    **{
        name: (AddressError, _RAISES)
        for name in (
            "auths: an empty user",
            "auths: no colon",
            "auths: no base64",
            "auths: base64 for URLs",
            "auths: base64 without its padding",
            "auths: base64 with a blank",
            "auths: text as entry",
            "auths: a number as auth",
            "auths: the very key is broken, another is not",
            "credsStore: a number",
            "credHelpers: a list",
            "file: rubbish",
            "file: a list",
            "file: text behind",
            "file: a byte order mark",
            "file: auths is a list",
        )
    },
    "auths: another entry is broken": (_ADA, _NEEDED),
    "file: a broken value elsewhere": (_ADA, _NEEDED),
    "credsStore: beside a registrytoken": (
        {"username": "first-user", "password": "first-secret", "serveraddress": HOST},
        "what a helper program answers counts alone, as it does everywhere else",
    ),
}
"""What rawdock does instead, and why."""


def test_every_case_is_recorded() -> None:
    assert CORPUS["cases"].keys() == CASES.keys()
    assert DIFFERENT.keys() <= CASES.keys()
    assert len(CASES) > 81


@pytest.mark.anyio
@pytest.mark.parametrize("name", CASES)
async def test_a_pull_sends_what_the_docker_command_sends(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    recorded = CORPUS["cases"][name]
    for variable, value in plant(tmp_path, case).items():
        monkeypatch.setenv(variable, value)
    headers: list[str] = []

    async def answer(request: bytes, peer: Peer) -> bytes:
        lines = request.decode().partition("\r\n\r\n")[0].split("\r\n")
        headers.extend(line.partition(": ")[2] for line in lines if line.startswith("X-Registry-Auth: "))
        return json_answer(b'{"status":"done"}')

    expected: Any = recorded["sent"]
    if not any(expected.get(field) for field in SECRETS):
        expected = None  # the docker command sends an empty header then, or the address alone
    if name in DIFFERENT:
        assert DIFFERENT[name][0] != expected, "it is not different any more"
        expected = DIFFERENT[name][0]
    async with serving(answer) as server, Docker(server.path) as docker:
        if isinstance(expected, type):
            with pytest.raises(expected, match=r"config\.json"):
                await docker.images.pull(case.image)
            assert server.requests == []
            return
        await docker.images.pull(case.image)
    sent = json.loads(base64.urlsafe_b64decode(headers[0])) if headers else None
    assert sent == expected
    assert asked(tmp_path) == recorded["asked"]
