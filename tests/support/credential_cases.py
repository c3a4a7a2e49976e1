"""Ways in which credentials can be kept. `scripts/credentials_corpus` records which ones the docker command sends."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

HUB = "https://index.docker.io/v1/"
HOST = "hub.test:5001"
IMAGE = f"{HOST}/shop/web:2"
VARIABLE = "DOCKER_AUTH_CONFIG"


def _says(user: str, secret: str) -> str:
    return "printf '%s' '" + json.dumps({"ServerURL": "any", "Username": user, "Secret": secret}) + "'"


PROGRAMS = {
    "first": _says("first-user", "first-secret"),
    "second": _says("second-user", "second-secret"),
    "token": _says("<token>", "refresh"),
    "none": "echo 'credentials not found in native keychain'; exit 1",
    "none-spaced": "printf '  credentials not found in native keychain\\n\\n'; exit 1",
    "none-on-stderr": "echo 'credentials not found in native keychain' >&2; exit 1",
    "none-but-0": "echo 'credentials not found in native keychain'",
    "no-user": _says("", "secret"),
    "no-secret": _says("user", ""),
    "neither": _says("", ""),
    "lower": "printf '%s' '" + json.dumps({"username": "lower-user", "secret": "lower-secret"}) + "'",
    "number": "printf '%s' '" + json.dumps({"Username": 1, "Secret": "secret"}) + "'",
    "list": "echo '[]'",
    "null": "echo null",
    "rubbish": "echo not JSON",
    "after": _says("first-user", "first-secret") + "; echo more",
    "nothing": "exit 0",
    "fails": "echo 'the chain is rusty'; exit 1",
    "fails-on-stderr": "echo 'the chain is rusty' >&2; exit 3",
    "no-reader": "exec 0<&-; " + _says("no-reader", "secret"),
    "unicode": _says("ünï", "pässwörd"),
}
"""What each `docker-credential-NAME` does after it has noted what it was asked."""


class Case(NamedTuple):
    config: object = None
    """Of config.json: an object, or the text itself; None for no file."""
    image: str = IMAGE
    variable: str | None = None


def pair(user: str = "ada", password: str = "lovelace") -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def login(user: str = "ada", **more: str) -> dict[str, str]:
    return {"auth": pair(user), **more}


def _auths(entry: Any, key: str = HOST) -> dict[str, Any]:
    return {"auths": {key: entry}}


def _hub(key: str, image: str = "busybox:1") -> Case:
    return Case(_auths(login(), key), image)


def _variable(value: Any, config: Any = None) -> Case:
    return Case(config, IMAGE, value if isinstance(value, str) else json.dumps(value))


OURS = login("variable")

CASES: dict[str, Case] = {
    "no file": Case(),
    "an empty object": Case({}),
    "auths: auth": Case(_auths(login())),
    "auths: a colon in the password": Case(_auths({"auth": pair("ada", "a:b:c")})),
    "auths: an empty password": Case(_auths({"auth": pair("ada", "")})),
    "auths: an empty user": Case(_auths({"auth": pair("", "secret")})),
    "auths: no colon": Case(_auths({"auth": base64.b64encode(b"ada").decode()})),
    "auths: auth is empty": Case(_auths({"auth": ""})),
    "auths: no base64": Case(_auths({"auth": "%%%"})),
    "auths: base64 for URLs": Case(_auths({"auth": base64.urlsafe_b64encode("ada:þÿ??>".encode()).decode()})),
    "auths: base64 without its padding": Case(_auths({"auth": pair("ada", "x").rstrip("=")})),
    "auths: base64 with a line break": Case(_auths({"auth": pair()[:4] + "\n" + pair()[4:]})),
    "auths: base64 with a blank": Case(_auths({"auth": pair()[:4] + " " + pair()[4:]})),
    "auths: zero bytes around the password": Case(_auths({"auth": pair("ada", "\0secret\0\0")})),
    "auths: letters beyond ASCII": Case(_auths({"auth": pair("ünï", "pässwörd")})),
    "auths: bytes that are no text": Case(_auths({"auth": base64.b64encode(b"ada:\xff\xfe").decode()})),
    "auths: username and password": Case(_auths({"username": "ada", "password": "lovelace"})),
    "auths: username alone": Case(_auths({"username": "ada"})),
    "auths: auth beside username": Case(_auths({"auth": pair(), "username": "bob", "password": "x"})),
    "auths: identitytoken": Case(_auths({"auth": pair("ada", ""), "identitytoken": "refresh"})),
    "auths: identitytoken alone": Case(_auths({"identitytoken": "refresh"})),
    "auths: identitytoken and a password": Case(_auths({"auth": pair(), "identitytoken": "refresh"})),
    "auths: registrytoken": Case(_auths({"registrytoken": "bearer"})),
    "auths: email": Case(_auths(login(email="ada@hub.test"))),
    "auths: serveraddress in the entry": Case(_auths(login(serveraddress="other.test"))),
    "auths: a field nobody knows": Case(_auths({"auth": pair(), "color": "red"})),
    "auths: an empty entry": Case(_auths({})),
    "auths: null as entry": Case(_auths(None)),
    "auths: text as entry": Case(_auths("secret")),
    "auths: a number as auth": Case(_auths({"auth": 1})),
    "auths: names in upper case": Case({"AUTHS": {HOST: {"AUTH": pair()}}}),
    "auths: https://": Case(_auths(login(), f"https://{HOST}")),
    "auths: http://": Case(_auths(login(), f"http://{HOST}")),
    "auths: HTTPS://": Case(_auths(login(), f"HTTPS://{HOST}")),
    "auths: another scheme": Case(_auths(login(), f"oci://{HOST}")),
    "auths: https:// and /v1/": Case(_auths(login(), f"https://{HOST}/v1/")),
    "auths: https:// and /v2/": Case(_auths(login(), f"https://{HOST}/v2/")),
    "auths: a slash behind": Case(_auths(login(), f"{HOST}/")),
    "auths: a path": Case(_auths(login(), f"{HOST}/shop")),
    "auths: the repository": Case(_auths(login(), f"{HOST}/shop/web")),
    "auths: the very key is last": Case({"auths": {f"https://{HOST}": login("second"), HOST: login("very")}}),
    "auths: the very key is broken, another is not": Case(
        {"auths": {f"https://{HOST}": login("second"), HOST: {"auth": "%%%"}}}
    ),
    "auths: another entry is broken": Case({"auths": {"other.test": {"auth": "%%%"}, HOST: login()}}),
    "auths: without the port": Case(_auths(login(), "hub.test")),
    "auths: another port": Case(_auths(login(), "hub.test:5002")),
    "auths: upper case": Case(_auths(login(), HOST.upper())),
    "auths: another host": Case(_auths(login(), "other.test")),
    "auths: a host that ends alike": Case(_auths(login(), f"my.{HOST}")),
    "auths: an empty key": Case(_auths(login(), "")),
    "hub: its key": _hub(HUB),
    "hub: docker.io": _hub("docker.io"),
    "hub: index.docker.io": _hub("index.docker.io"),
    "hub: the key without its slash": _hub(HUB.rstrip("/")),
    "hub: the key without a path": _hub("https://index.docker.io"),
    "hub: the key with /v2/": _hub("https://index.docker.io/v2/"),
    "hub: registry-1.docker.io": _hub("registry-1.docker.io"),
    "hub: an image with docker.io": _hub(HUB, "docker.io/library/busybox:1"),
    "hub: an image with index.docker.io": _hub(HUB, "index.docker.io/library/busybox:1"),
    "hub: an image with registry-1.docker.io": _hub(HUB, "registry-1.docker.io/library/busybox:1"),
    "hub: an image of a user": _hub(HUB, "shop/web:2"),
    "hub: an image by digest": _hub(HUB, f"busybox@sha256:{'0' * 64}"),
    "localhost": Case(_auths(login(), "localhost"), "localhost/web:2"),
    "an IPv6 address": Case(_auths(login(), "[::1]:5000"), "[::1]:5000/web:2"),
    "a host in upper case": Case(_auths(login(), "HUB.test"), "HUB.test/web:2"),
    "credsStore": Case({"credsStore": "first"}),
    "credsStore: its name in lower case": Case({"credsstore": "first"}),
    "credsStore: hub": Case({"credsStore": "first"}, "busybox:1"),
    "credsStore: beside auths": Case({**_auths(login()), "credsStore": "first"}),
    "credsStore: has none, auths has": Case({**_auths(login()), "credsStore": "none"}),
    "credsStore: has none, with blanks": Case({**_auths(login()), "credsStore": "none-spaced"}),
    "credsStore: has none, on stderr": Case({**_auths(login()), "credsStore": "none-on-stderr"}),
    "credsStore: has none, with exit code 0": Case({**_auths(login()), "credsStore": "none-but-0"}),
    "credsStore: empty": Case({**_auths(login()), "credsStore": ""}),
    "credsStore: null": Case({**_auths(login()), "credsStore": None}),
    "credsStore: a number": Case({**_auths(login()), "credsStore": 1}),
    "credsStore: beside a registrytoken": Case({**_auths({"registrytoken": "bearer"}), "credsStore": "first"}),
    "credHelpers": Case({"credHelpers": {HOST: "first"}}),
    "credHelpers: over credsStore": Case({"credsStore": "second", "credHelpers": {HOST: "first"}}),
    "credHelpers: has none, credsStore has": Case({"credsStore": "second", "credHelpers": {HOST: "none"}}),
    "credHelpers: has none, auths has": Case({**_auths(login()), "credHelpers": {HOST: "none"}}),
    "credHelpers: fails, credsStore has": Case({"credsStore": "second", "credHelpers": {HOST: "fails"}}),
    "credHelpers: fails, auths has": Case({**_auths(login()), "credHelpers": {HOST: "fails"}}),
    "credHelpers: empty, credsStore": Case({"credsStore": "second", "credHelpers": {HOST: ""}}),
    "credHelpers: empty, auths": Case({**_auths(login()), "credHelpers": {HOST: ""}}),
    "credHelpers: https://": Case({"credHelpers": {f"https://{HOST}": "first"}}),
    "credHelpers: another host": Case({**_auths(login()), "credHelpers": {"other.test": "first"}}),
    "credHelpers: hub by its key": Case({"credHelpers": {HUB: "first"}}, "busybox:1"),
    "credHelpers: hub by docker.io": Case({"credHelpers": {"docker.io": "first"}}, "busybox:1"),
    "credHelpers: a list": Case({"credHelpers": []}),
    "helper: an identity token": Case({"credsStore": "token"}),
    "helper: no user": Case({"credsStore": "no-user"}),
    "helper: no secret": Case({"credsStore": "no-secret"}),
    "helper: neither": Case({**_auths(login()), "credsStore": "neither"}),
    "helper: names in lower case": Case({"credsStore": "lower"}),
    "helper: a number as user": Case({**_auths(login()), "credsStore": "number"}),
    "helper: a list": Case({**_auths(login()), "credsStore": "list"}),
    "helper: null": Case({**_auths(login()), "credsStore": "null"}),
    "helper: rubbish": Case({"credsStore": "rubbish"}),
    "helper: rubbish, auths has": Case({**_auths(login()), "credsStore": "rubbish"}),
    "helper: more after the answer": Case({"credsStore": "after"}),
    "helper: nothing": Case({"credsStore": "nothing"}),
    "helper: nothing, auths has": Case({**_auths(login()), "credsStore": "nothing"}),
    "helper: fails": Case({"credsStore": "fails"}),
    "helper: fails, auths has": Case({**_auths(login()), "credsStore": "fails"}),
    "helper: fails on stderr, auths has": Case({**_auths(login()), "credsStore": "fails-on-stderr"}),
    "helper: does not read": Case({"credsStore": "no-reader"}),
    "helper: letters beyond ASCII": Case({"credsStore": "unicode"}),
    "helper: missing": Case({"credsStore": "nowhere"}),
    "helper: missing, auths has": Case({**_auths(login()), "credsStore": "nowhere"}),
    "variable": _variable(_auths(OURS)),
    "variable: over auths": _variable(_auths(OURS), _auths(login())),
    "variable: over credHelpers": _variable(_auths(OURS), {"credHelpers": {HOST: "first"}}),
    "variable: over credsStore": _variable(_auths(OURS), {"credsStore": "first"}),
    "variable: another host": _variable(_auths(OURS, "other.test"), {"credsStore": "first"}),
    "variable: https://": _variable(_auths(OURS, f"https://{HOST}"), _auths(login())),
    "variable: hub": Case(None, "busybox:1", json.dumps(_auths(OURS, HUB))),
    "variable: names in upper case": _variable({"AUTHS": {HOST: {"AUTH": pair("variable")}}}),
    "variable: username and password": _variable(_auths({"username": "v", "password": "x"}), _auths(login())),
    "variable: auth beside username": _variable(_auths({**OURS, "username": "v"}), _auths(login())),
    "variable: identitytoken": _variable(_auths({"identitytoken": "refresh"}), _auths(login())),
    "variable: an empty entry": _variable(_auths({}), _auths(login())),
    "variable: another entry is broken": _variable({"auths": {HOST: OURS, "other.test": {}}}, _auths(login())),
    "variable: no base64": _variable(_auths({"auth": "%%%"}), _auths(login())),
    "variable: credHelpers in it": _variable({"auths": {}, "credHelpers": {HOST: "first"}}, _auths(login())),
    "variable: rubbish": _variable("{rubbish", _auths(login())),
    "variable: a list": _variable("[]", _auths(login())),
    "variable: null": _variable("null", _auths(login())),
    "variable: an object and more": _variable(json.dumps(_auths(OURS)) + " {}", _auths(login())),
    "variable: an object and a word": _variable(json.dumps(_auths(OURS)) + " more", _auths(login())),
    "variable: empty": _variable("", _auths(login())),
    "variable: blank": _variable(" ", _auths(login())),
    "variable: an empty object": _variable("{}", _auths(login())),
    "file: rubbish": Case("{rubbish"),
    "file: empty": Case(""),
    "file: a blank": Case(" \n"),
    "file: null": Case("null"),
    "file: a list": Case("[]"),
    "file: text behind": Case(json.dumps(_auths(login())) + " more"),
    "file: a byte order mark": Case("\ufeff" + json.dumps(_auths(login()))),
    "file: auths is a list": Case({"auths": []}),
    "file: auths is null": Case({"auths": None}),
    "file: a broken value elsewhere": Case({**_auths(login()), "psFormat": 1}),
}


def plant(folder: Path, case: Case) -> dict[str, str]:
    """Make config.json and the programs in a folder that is empty or was used before; the variables to set."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "config.json").unlink(missing_ok=True)
    (folder / "asked").unlink(missing_ok=True)
    if case.config is not None:
        text = case.config if isinstance(case.config, str) else json.dumps(case.config)
        (config / "config.json").write_text(text, encoding="utf-8")
    programs = folder / "bin"
    if not programs.exists():
        programs.mkdir()
        for name, does in PROGRAMS.items():
            program = programs / f"docker-credential-{name}"
            noted = f'printf "%s %s %s\\n" {name} "$1" "$(cat)" >>"{folder}/asked"'
            program.write_text(f"#!/bin/sh\n{noted}\n{does}\n", encoding="utf-8")
            program.chmod(0o755)
    variables = {"DOCKER_CONFIG": str(config), "PATH": f"{programs}:/usr/bin:/bin"}
    return variables if case.variable is None else variables | {VARIABLE: case.variable}


def asked(folder: Path) -> list[str]:
    """What the programs were asked since `plant`: name, command and registry of each."""
    file = folder / "asked"
    return file.read_text().splitlines() if file.exists() else []
