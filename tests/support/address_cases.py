"""Set-ups that say which Engine is meant. `scripts/address_corpus` records what the docker command does with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from addresses import write_context
from certificates import certificates

__all__ = ["CASES", "Case", "filled", "plant"]


class Case(NamedTuple):
    """`{port}` stands for a port that somebody listens at, `{certs}` for a folder with certificates."""

    environment: dict[str, str]
    current: str | None = None
    """`currentContext` in config.json; other texts than a name are the whole file."""
    host: str | None = None
    """The option --host."""
    context: str | None = None
    """The option --context."""
    remove: tuple[str, ...] = ()
    """What is missing of ca.pem, cert.pem and key.pem in `{certs}`."""
    config_has_certificates: bool = False


H, C, V, T, P = "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"
TCP = "tcp://127.0.0.1:{port}"

CASES = {
    "nothing": Case({}),
    "currentContext": Case({}, "cur"),
    "currentContext is default": Case({}, "default"),
    "currentContext is empty": Case({}, ""),
    "currentContext is unknown": Case({}, "nope"),
    "currentContext is a number": Case({}, '{"currentContext": 5}'),
    "config.json is broken": Case({}, "{rubbish"),
    "config.json is broken, DOCKER_HOST": Case({H: "unix:///env.sock"}, "{rubbish"),
    "DOCKER_CONTEXT": Case({C: "socket"}),
    "DOCKER_CONTEXT over currentContext": Case({C: "socket"}, "cur"),
    "DOCKER_CONTEXT is default": Case({C: "default"}, "cur"),
    "DOCKER_CONTEXT is empty": Case({C: ""}, "cur"),
    "DOCKER_CONTEXT is unknown": Case({C: "nope"}, "cur"),
    "DOCKER_HOST": Case({H: "unix:///env.sock"}),
    "DOCKER_HOST over all contexts": Case({H: "unix:///env.sock", C: "socket"}, "cur"),
    "DOCKER_HOST, unknown currentContext": Case({H: "unix:///env.sock"}, "nope"),
    "DOCKER_HOST, unknown DOCKER_CONTEXT": Case({H: "unix:///env.sock", C: "nope"}),
    "DOCKER_HOST is empty": Case({H: ""}, "cur"),
    "DOCKER_HOST is blank": Case({H: " "}, "cur"),
    "blanks around": Case({H: " unix:///env.sock "}),
    "host and port": Case({H: "127.0.0.1:{port}"}),
    "a path": Case({H: "/env.sock"}),
    "tcp://": Case({H: "tcp://"}),
    "tcp, no host": Case({H: "tcp://:1"}),
    "tcp, no port": Case({H: "tcp://127.0.0.1"}),
    "tcp, no port, TLS": Case({H: "tcp://127.0.0.1", T: "1"}),
    "tcp and a path": Case({H: TCP + "/base"}),
    "tcp and a slash": Case({H: TCP + "/"}),
    "tcp, IPv6": Case({H: "tcp://[::1]:1"}),
    "unix://": Case({H: "unix://"}),
    "unix, relative": Case({H: "unix://relative"}),
    "UNIX://": Case({H: "UNIX:///env.sock"}),
    "http://": Case({H: "http://127.0.0.1:1"}),
    "https://": Case({H: "https://127.0.0.1:1"}),
    "ftp://": Case({H: "ftp://127.0.0.1:1"}),
    "ssh with a password": Case({H: "ssh://ada:pw@127.0.0.1"}),
    "ssh with a query": Case({H: "ssh://127.0.0.1?x=1"}),
    "ssh without a host": Case({H: "ssh://"}),
    "--host": Case({}, host="unix:///arg.sock"),
    "--host over everything": Case({H: "unix:///env.sock", C: "socket"}, "cur", host="unix:///arg.sock"),
    "--host is empty": Case({}, "cur", host=""),
    "--context": Case({}, "cur", context="socket"),
    "--context over DOCKER_HOST": Case({H: "unix:///env.sock"}, "cur", context="socket"),
    "--context over DOCKER_CONTEXT": Case({C: "cur"}, context="socket"),
    "--context default over currentContext": Case({}, "cur", context="default"),
    "--context default, DOCKER_HOST": Case({H: "unix:///env.sock"}, "cur", context="default"),
    "--context default, DOCKER_CONTEXT": Case({C: "socket"}, context="default"),
    "--context is unknown": Case({}, context="nope"),
    "--context is empty": Case({}, "cur", context=""),
    "--context and --host": Case({}, context="socket", host="unix:///arg.sock"),
    "DOCKER_API_VERSION": Case({H: "unix:///env.sock", "DOCKER_API_VERSION": "1.41"}),
    # TLS
    "VERIFY, a socket": Case({H: "unix:///env.sock", V: "1"}),
    "VERIFY, no certificates": Case({H: TCP, V: "1"}),
    "VERIFY": Case({H: TCP, V: "1", P: "{certs}"}),
    "VERIFY is 0": Case({H: TCP, V: "0", P: "{certs}"}),
    "VERIFY is empty": Case({H: TCP, V: "", P: "{certs}"}),
    "VERIFY, --host": Case({V: "1", P: "{certs}"}, host=TCP),
    "VERIFY, the files are beside config.json": Case({H: TCP, V: "1"}, config_has_certificates=True),
    "VERIFY, no folder": Case({H: TCP, V: "1", P: "{certs}/nowhere"}),
    "VERIFY, no ca.pem": Case({H: TCP, V: "1", P: "{certs}"}, remove=("ca.pem",)),
    "VERIFY, ca.pem alone": Case({H: TCP, V: "1", P: "{certs}"}, remove=("cert.pem", "key.pem")),
    "VERIFY, no key.pem": Case({H: TCP, V: "1", P: "{certs}"}, remove=("key.pem",)),
    "VERIFY, no cert.pem": Case({H: TCP, V: "1", P: "{certs}"}, remove=("cert.pem",)),
    "TLS, no certificates": Case({H: TCP, T: "1"}),
    "TLS": Case({H: TCP, T: "1", P: "{certs}"}),
    "TLS, --host": Case({T: "1", P: "{certs}"}, host=TCP),
    "TLS, no ca.pem": Case({H: TCP, T: "1", P: "{certs}"}, remove=("ca.pem",)),
    "TLS, ca.pem alone": Case({H: TCP, T: "1", P: "{certs}"}, remove=("cert.pem", "key.pem")),
    "TLS is empty": Case({H: TCP, T: ""}),
    "CERT_PATH alone": Case({H: TCP, P: "{certs}"}),
    "VERIFY, a plain context": Case({C: "plain", V: "1", P: "{certs}"}),
    "TLS, a plain context": Case({C: "plain", T: "1"}),
    "a plain context": Case({C: "plain"}),
    "a context that does not verify": Case({C: "skips"}),
    "a context with files": Case({C: "secure"}),
    "a context with files, --context": Case({H: "unix:///env.sock"}, context="secure"),
}
"""The 50 set-ups of addresses, and more for TLS."""


def filled(text: str, port: int, certs: Path) -> str:
    return text.replace("{port}", str(port)).replace("{certs}", str(certs))


def plant(case: Case, folder: Path, port: int) -> dict[str, str]:
    """Make the folder of configuration, and return the whole environment."""
    config, certs = folder / "config", folder / "certs"
    config.mkdir(parents=True)
    if case.current is not None:
        text = case.current if case.current.startswith("{") else json.dumps({"currentContext": case.current})
        (config / "config.json").write_text(text)
    client = certificates().folder("client")
    shutil.copytree(client, certs)
    for name in case.remove:
        (certs / name).unlink()
    if case.config_has_certificates:
        shutil.copytree(client, config, dirs_exist_ok=True)
    for name, host in {"socket": "unix:///ctx.sock", "cur": "unix:///cur.sock", "plain": TCP}.items():
        write_context(config, name, filled(host, port, certs))
    write_context(config, "skips", filled(TCP, port, certs), skip_verify=True)
    write_context(config, "secure", filled(TCP, port, certs), client)
    environment = {name: filled(value, port, certs) for name, value in case.environment.items()}
    return {"HOME": str(folder), "DOCKER_CONFIG": str(config), "XDG_RUNTIME_DIR": str(folder)} | environment
