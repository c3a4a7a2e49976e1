"""Rows about networks and volumes."""

from __future__ import annotations

from .heard import Heard
from .rows import NOT_ASKED, Row

_CREATE = "POST /networks/create"
_MAC = "02:42:ac:11:00:99"


def _names(heard: Heard) -> str:
    statuses = {answer.status for answer in heard.all(_CREATE)}
    (status,) = statuses
    return {201: "taken", 500: "refused (500)", 400: "refused (400)"}[status]


def _ipv4(heard: Heard) -> str:
    found = heard.answer("GET /networks/rawdock-s-made").json
    if not found["IPAM"]["Config"][0]["Subnet"].startswith("10."):
        raise LookupError("the network has no IPv4")
    return {True: "true", False: "false", None: "left out"}[found.get("EnableIPv4")]


def _range(heard: Heard) -> str:
    found = heard.answer("GET /networks/rawdock-s-made").json["IPAM"]["Config"][0]
    return {True: "shown", False: "left out"}["IPRange" in found]


def _type_filter(heard: Heard) -> str:
    answer = heard.answer(r'GET /networks.filters=.*"type":\["custom"\]')
    return {200: "obeyed", 500: "refused (500)"}[answer.status]


def _mac(heard: Heard) -> str:
    if heard.api < (1, 44):
        return NOT_ASKED  # VersionError
    found = heard.answer(r"GET /containers/[^/]+/json$").json["NetworkSettings"]["Networks"]["rawdock-s-mac"]
    return {True: "obeyed", False: "taken and ignored"}[found["MacAddress"] == _MAC]


def _dangling(heard: Heard) -> str:
    return {True: "it is listed", False: "it is not listed"}[bool(heard.answer(r"GET /networks\?.*dangling").json)]


def _deleted_in_use(heard: Heard) -> str:
    network = heard.answer("DELETE /networks/").status
    container = heard.answer("DELETE /containers/").status
    return {
        (403, 204): "refused (403)",
        (204, 500): "deleted; the container's removal answers 500 then, and removes it",
    }[network, container]


def _prune(heard: Heard) -> str:
    deleted = heard.answer("POST /volumes/prune").json["VolumesDeleted"] or []
    return {True: "it is deleted", False: "it stays"}[bool(deleted)]


def _filters(heard: Heard) -> str:
    return {True: "it is listed", False: "it is not listed"}[bool(heard.answer(r"GET /volumes\?").json["Volumes"])]


def _anonymous(heard: Heard) -> str:
    made = heard.answer("POST /volumes/create", -1).json
    return {True: "the label `com.docker.volume.anonymous`", False: "nothing"}[
        "com.docker.volume.anonymous" in (made["Labels"] or {})
    ]


def _wrong_filter(heard: Heard) -> str:
    answer = heard.answer('GET /volumes.filters=.*"nonsense"')
    return f"status {answer.status}" + (", and the body is two JSON objects" if len(answer.lines) == 2 else "")


ROWS = (
    Row(
        "A network whose name has blanks, slashes or percent signs",
        "networks-named-freely",
        _names,
        "sent as it is; BadRequest where the Engine refuses it",
    ),
    Row(
        "`enable_ipv4` of a network with IPv4",
        "networks-made",
        _ipv4,
        "None where it is left out; look at `ipam.config`",
    ),
    Row("The address range of a network in its inspect", "networks-made", _range, "as it came"),
    Row("A list of networks by the filter `type`", "networks-made", _type_filter, "BadRequest where it is refused"),
    Row(
        "A network with a running container, in a list with `dangling=true`",
        "engines-network-in-use",
        _dangling,
        "as the Engine does",
    ),
    Row(
        "A network is deleted by its id while a container runs in it",
        "engines-network-deleted-in-use",
        _deleted_in_use,
        "as the Engine does: by its name, Podman refuses it, which is Conflict",
    ),
    Row(
        "A container is connected to a network with a MAC address",
        "networks-joined-with-mac",
        _mac,
        "VersionError under API 1.44",
    ),
    Row(
        "A prune of volumes with a label, without `all`: a named volume",
        "engines-prune-of-volumes",
        _prune,
        "NotSupported under API 1.42 and Podman 6 without the filter `all`; Podman 6 is asked for `anonymous` ones",
    ),
    Row(
        "A list of volumes with two filters: a volume that matches one of them",
        "engines-filters-of-volumes",
        _filters,
        "as the Engine does",
    ),
    Row("What marks a volume without a name", "volumes-pruned", _anonymous, "as it came"),
    Row(
        "A list of volumes with an unknown filter",
        "volumes-errors",
        _wrong_filter,
        "BadRequest",
    ),
)
