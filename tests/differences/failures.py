"""Rows about the same failure in the answers of different Engines. rawdock has one class of error for each."""

from __future__ import annotations

from collections.abc import Callable

from .heard import Heard
from .rows import Row


def _status(asked: str, number: int = 0) -> Callable[[Heard], str]:
    """How a request was refused."""

    def says(heard: Heard) -> str:
        answer = heard.answer(asked, number)
        if answer.status >= 400:
            return f"{answer.status}"
        if answer.status == 200 and any("error" in line for line in answer.lines):
            return "200, and the error is a line"
        raise LookupError(f"{heard.engine}: {answer.status} to {asked} is no failure")

    return says


def _row(what: str, scenario: str, asked: str, kind: str, number: int = 0) -> Row:
    return Row(what, scenario, _status(asked, number), kind)


_PULL, _PUSH = "POST /images/create", "POST /images/.*/push"
_NETWORK = "POST /networks/create"
_WITH_PASSWORD = f"{_PULL}.fromImage=127.0.0.1:5001"

ROWS = (
    _row(
        "A container's name is taken",
        "refusals-names",
        r"POST /containers/create.name=rawdock-s-refusals$",
        "Conflict",
        1,
    ),
    _row("A name is taken at a rename", "refusals-names", "POST /containers/[^/]+/rename", "Conflict"),
    _row("The command does not exist", "refusals-commands", "POST /containers/[^/]+/start", "BadRequest"),
    _row(
        "A detached command does not exist",
        "exec-not-a-command",
        "POST /exec/[^/]+/start",
        "BadRequest",
        1,
    ),
    _row("Processes of a container that does not run", "refusals-states", "GET /containers/[^/]+/top", "Conflict"),
    _row("A command in a container that does not run", "execute-errors", "POST /containers/[^/]+/exec", "Conflict", 1),
    _row(
        "AutoRemove together with a restart policy",
        "engines-removed-and-started-anew",
        "POST /containers/create",
        "BadRequest or ServerError",
    ),
    _row("A network's addresses are taken", "networks-errors", _NETWORK, "Forbidden", 2),
    _row("A network's addresses are no addresses", "networks-errors", _NETWORK, "BadRequest", 3),
    _row("A Dockerfile has an unknown instruction", "builds-refused", "POST /build", "BadRequest or BuildError"),
    _row("A volume's name is invalid", "volumes-errors", "POST /volumes/create", "BadRequest"),
    _row("A list of volumes by an unknown filter", "volumes-errors", "GET /volumes.filters", "BadRequest"),
    _row(
        "An archive is uploaded into a file",
        "archives-errors",
        "PUT /containers/[^/]+/archive.path=/tmp/file",
        "BadRequest",
    ),
    _row(
        "Logs where the log driver keeps none",
        "output-errors",
        "GET /containers/[^/]+/logs.stdout=true&stderr=true",
        "NotSupported",
        1,
    ),
    _row("A pull without credentials", "refusals-no-credentials", _WITH_PASSWORD, "Unauthorized"),
    _row("A pull with wrong credentials", "refusals-no-credentials", _WITH_PASSWORD, "Unauthorized", 1),
    _row("A push without credentials", "refusals-no-credentials", _PUSH, "Unauthorized"),
    _row("A push of an image that is not there", "images-push-missing", _PUSH, "NotFound"),
    _row("A pull for a platform that the image lacks", "refusals-platforms", _PULL, "NotFound"),
    _row("The registry says that there were too many pulls", "refusals-limits", _PULL, "RateLimited"),
    _row(
        "A layer is missing in the registry",
        "pull-fault-inside",
        f"{_PULL}.fromImage=127.0.0.1:5002",
        "StreamError, or NotFound where a status says so",
    ),
)
