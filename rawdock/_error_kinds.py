"""Which class an Engine's error has: by its status, by Podman's `cause`, and by the words of messages where neither
says it.

The same failure has the same class on every Engine. Docker's status is mostly right. Podman answers nearly every error
with 500, and its `cause` is mostly a constant of its source code. What is left are messages: each pattern has to match
the whole message, belongs to some operations and to statuses that say nothing or the wrong thing, and is in a recording
of the scenarios in `tests/scenarios/refusals.py` or in one that the row names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import (
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    NotSupported,
    RateLimited,
    ServerError,
    StatusError,
    Unauthorized,
)

__all__ = ["IN_A_SUCCESS", "kind_in_a_success", "kind_of_error"]

IN_A_SUCCESS = 200
"""The status of an error that an answer with a status of success contains."""

_BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: NotSupported,
    409: Conflict,
    429: RateLimited,
    501: NotSupported,
}

_BY_CAUSE: dict[str, type[StatusError]] = {
    "UNIQUE constraint failed: ContainerConfig.Name": Conflict,  # a rename to a name in use
    "layer not known": NotFound,  # the changes of no such container
    "no such container": NotFound,
    "no such exec session": NotFound,
    "no such pod": NotFound,
    "no such volume": NotFound,
    "image not known": NotFound,
    "network not found": NotFound,
    "container already exists": Conflict,
    "container is stopped": Conflict,
    "container state improper": Conflict,
    "exec session state improper": Conflict,
    "image is in use by a container": Conflict,
    "network already exists": Conflict,
    "network is already connected": Conflict,
    "network is being used": Conflict,
    "that name is already in use": Conflict,
    "top can only be used on running containers": Conflict,
    "volume already exists": Conflict,
    "volume is being used": Conflict,
    "address already in use": Conflict,
    "this container is not logging output": NotSupported,
    "invalid argument": BadRequest,
    "unauthorized: authentication required": Unauthorized,  # a push that the registry refuses, Podman 6.1
}

# Causes that contain a name. Podman 6.1 puts `netavark: ` in front of those of networks.
_CAUSES: tuple[tuple[re.Pattern[str], type[StatusError]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (r"(?:netavark: )?network already exists .*", Conflict),
        (r"(?:netavark: )?subnet \S+ is already used on the host or by another config", Forbidden),
        (r"default network \S+ cannot be removed", Forbidden),
        (r"invalid CIDR address: .*", BadRequest),
        (r"invalid signal: .*", BadRequest),
        (r"invalid (?:image )?filter .*", BadRequest),
        (r'".*" is an invalid volume filter', BadRequest),
        (r"normalizing name for compat API: parsing reference .*", BadRequest),
        (r"copier: put: .*: exists but is not a directory", BadRequest),
    )
)


class _Words(NamedTuple):
    operations: frozenset[str]
    statuses: frozenset[int]
    pattern: re.Pattern[str]
    kind: type[StatusError]


def _words(operations: str, statuses: set[int], pattern: str, kind: type[StatusError]) -> _Words:
    return _Words(frozenset(operations.split()), frozenset(statuses), re.compile(pattern, re.DOTALL), kind)


_REGISTRY = (
    "images.pull images.push images.build images.search distribution.inspect system.auth "
    "plugins.get_privileges plugins.pull plugins.push plugins.upgrade"
)
"""What asks a registry."""
_VAGUE = {IN_A_SUCCESS, 500}
_START = "containers.start containers.restart"
_SWARM_UPDATES = (
    "swarm.update nodes.update services.update secrets.update configs.update volumes.update"  # of a cluster volume
)

_BY_WORDS: tuple[_Words, ...] = (
    # Docker 20.10 and containerd's image store.
    _words(_REGISTRY, _VAGUE, r"(?:.*[: ])?toomanyrequests(?:: .*)?", RateLimited),
    _words(_REGISTRY, _VAGUE, r".*: 429 Too Many Requests", RateLimited),
    _words(_REGISTRY, _VAGUE, r"(?:.*: )?no basic auth credentials", Unauthorized),
    _words(_REGISTRY, _VAGUE, r"(?:.*: )?unauthorized: .*", Unauthorized),
    _words(_REGISTRY, _VAGUE, r".*: 401 Unauthorized", Unauthorized),
    _words(_REGISTRY, _VAGUE, r".*: authentication required", Unauthorized),  # Podman
    _words("images.pull", _VAGUE, r"no matching manifest for \S+ in the manifest list entries(?:: .*)?", NotFound),
    _words(
        "images.pull", _VAGUE, r"(?:.*: )?no image found in (?:image index|manifest list) for .*", NotFound
    ),  # Podman
    # tarballs-of-a-platform
    _words("images.save images.save_all", {500}, r"no suitable export target found for platform \S+", NotFound),
    # images-push-missing
    _words("images.push", _VAGUE, r"An image does not exist locally with the tag: .*", NotFound),
    _words("images.push", _VAGUE, r"tag does not exist: .*", NotFound),
    _words("networks.connect", {403}, r"endpoint with name \S+ already exists in network .*", Conflict),
    _words(
        "networks.delete", {403}, r"error while removing network: network .+ has active endpoints(?: \(.*\))?", Conflict
    ),
    _words(
        _START,
        {500},
        r"(?:failed to set up container networking: )?driver failed programming external connectivity on endpoint .*: "
        r"(?:Bind for .* failed: port is already allocated"
        r"|failed to bind host port (?:for )?.*: address already in use"
        r"|error while calling RootlessKit PortManager\.AddPort\(\): listen .*: bind: address already in use"
        r"|Error starting userland proxy: .*: bind: address already in use)",
        Conflict,
    ),
    _words(_START, {500}, r"rootlessport listen .*: bind: address already in use", Conflict),
    _words("containers.unpause", {500}, r"Container \S+ is not paused", Conflict),  # lifecycle-errors
    _words("checkpoints.create", {500}, r"Container \S+ not running", Conflict),  # checkpoints-errors, Docker 20.10
    _words(_SWARM_UPDATES, {500}, r"rpc error: code = Unknown desc = update out of sequence", Conflict),
    # networks-named-freely, Podman 6.1
    _words("networks.create", {500}, r"netavark: Invalid characters in network name .*", BadRequest),
    _words("networks.create", {500}, r"Invalid subnet .*: invalid CIDR address: .*", BadRequest),  # Docker 20.10
    _words("plugins.pull", {400}, r"plugin \S+ already exists", Conflict),  # plugins-pulled
    # builds-refused, and Docker 20.10 in images-errors
    _words("images.build images.tag containers.commit", {500}, r"invalid reference format(?:: .*)?", BadRequest),
    # archives-errors and archives-read-only, Docker 20.10
    _words(
        "containers.put_archive",
        {500},
        r"extraction point is not a directory|container rootfs is marked read-only",
        BadRequest,
    ),
    # The cause of these says too little: a limit that cannot be set has the same.
    _words(
        f"{_START} containers.attach exec.start exec.start_detached",
        {500},
        r"(?:preparing container \S+ for attach: )?crun: "
        r"(?:executable file .* not found|the path .* is not a regular file|(?:cannot )?open .*: Not a directory).*",
        BadRequest,
    ),
)


def kind_of_error(status: int, message: str, cause: str, operation: str) -> type[StatusError]:
    """The class of an answer with an error status, or of an error object of Podman."""
    return (
        _kind_of_cause(cause)
        or _kind_of_words(status, message, operation)
        or _BY_STATUS.get(status)
        or (ServerError if status >= 500 else StatusError)
    )


def kind_in_a_success(message: str, operation: str) -> type[StatusError] | None:
    """The class of a failure that a stream reports; None if it is no more than that."""
    return _kind_of_words(IN_A_SUCCESS, message, operation)


def _kind_of_cause(cause: str) -> type[StatusError] | None:
    if not cause:
        return None
    return _BY_CAUSE.get(cause) or next((kind for pattern, kind in _CAUSES if pattern.fullmatch(cause)), None)


def _kind_of_words(status: int, message: str, operation: str) -> type[StatusError] | None:
    message = message.strip()
    for words in _BY_WORDS:
        if status in words.statuses and operation in words.operations and words.pattern.fullmatch(message):
            return words.kind
    return None
