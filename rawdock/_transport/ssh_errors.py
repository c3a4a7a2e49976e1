"""Explaining to users why there is no Engine behind ssh, by what ssh and the other machine have written."""

from __future__ import annotations

import re

from .errors import ConnectionEnded, Unreachable

__all__ = ["broken", "no_answer", "noise", "ssh_error"]

_SHOWN = 600

# A pattern of the error output, what it means, and what to do. The first that matches counts.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        r"Host key verification failed|IDENTIFICATION HAS CHANGED",
        "the key of the host is unknown, or another one than before. Run `{try_it}` once in a terminal, and accept the "
        "key if it is the right one",
    ),
    (
        r"Permission denied \(|Too many authentication failures|No more authentication methods|sign_and_send_pubkey",
        "the host accepts no key of yours, and nobody is asked for a password. Put your public key there "
        "(`ssh-copy-id {host}`), load it into an ssh agent if it has a passphrase, and check the user's name",
    ),
    (r"Could not resolve hostname", "there is no host of this name. Check the address, and Host in your ssh_config"),
    (
        r"Connection refused|No route to host|Network is unreachable|Connection timed out|Operation timed out",
        "the host cannot be reached. Check the address, the port, and that sshd runs there",
    ),
    (r"Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions", "mend your ssh_config"),
    (
        r"dial-stdio.* is not a docker command|unknown command|unknown flag|unknown shorthand",
        "the docker command there is too old: `docker system dial-stdio` came with Docker 18.09",
    ),
    (
        r"permission denied.*docker API|dial unix.*permission denied|Got permission denied",
        "the user may not use the Engine there. Let it join the group of the socket (`sudo usermod -aG docker USER`)",
    ),
    (
        r"failed to open the raw stream connection|Cannot connect to the Docker daemon|failed to connect to the docker",
        "the docker command there finds no Engine. Start it (`systemctl start docker`), or put the path of its socket "
        "into the address: ssh://host/path/to/docker.sock",
    ),
    (
        r"open failed: administratively prohibited|forwarding.*disabled|remote forward failure",
        "the host does not forward sockets (AllowStreamLocalForwarding of its sshd). Leave out ssh_forwarding",
    ),
    (
        r"open failed",
        "there is no socket of an Engine at {path} there. Give its path in the address: ssh://host/path/to/docker.sock",
    ),
)
_NOT_FOUND = (
    "there is no docker command there, or not in the PATH of a shell that is not interactive. "
    "Install it, set the PATH, or use ssh_forwarding, which needs no docker command"
)


def ssh_error(host: str, said: str, code: int | None, *, try_it: str, path: str = "") -> Unreachable:
    """The error for an ssh that has ended, or that has given no connection."""
    for pattern, reason in _REASONS:
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            why = reason.format(host=host, path=path, try_it=try_it)
            break
    else:
        if code == 127 or re.search(r"docker: (command )?not found", said):
            why = _NOT_FOUND
        elif code is not None and code < 0:
            why = f"it was ended by signal {-code}"
        else:
            why = f"try it by hand: `{try_it}`"
    ended = "" if code is None else f" ended with exit code {code}"
    return Unreachable(f"ssh to {host}{ended}{': ' if code is not None else ' gives no Engine: '}{why}. {_said(said)}")


def no_answer(host: str, said: str, timeout: float | None, try_it: str) -> Unreachable:
    """The error for an ssh that is silent."""
    return Unreachable(
        f"ssh to {host}: no Engine has answered within {timeout} s. Try it by hand: `{try_it}`; connect_timeout gives "
        f"it more time. {_said(said)}"
    )


def noise(host: str, problem: str, said: str) -> Unreachable:
    """The error for something else than an answer: most often what a login script prints."""
    return Unreachable(
        f"what came from ssh to {host} is no answer of an Engine ({problem}). If a login script there prints it, make "
        f"it silent for shells that are not interactive. {_said(said)}"
    )


def broken(error: Exception, said: str) -> Exception:
    """The error of a connection that has broken later, with the reason that ssh gives."""
    if type(error) is not ConnectionEnded or not said:
        return error
    result = ConnectionEnded(f"{error}. ssh said: {said.splitlines()[-1]}")
    result.nothing_sent, result.nothing_received = error.nothing_sent, error.nothing_received
    return result


def _said(said: str) -> str:
    text = " / ".join(line.strip() for line in said.splitlines() if line.strip())
    if len(text) > _SHOWN:
        text = "..." + text[-_SHOWN:]
    return f"ssh said: {text}" if text else "ssh said nothing."
