"""Rows about the Engine itself."""

from __future__ import annotations

from collections.abc import Callable

from .heard import Heard
from .rows import Row


def _api(heard: Heard) -> str:
    found = heard.answer(r"GET /version").json
    return f"{found['MinAPIVersion']} to {found['ApiVersion']}"


def _forms(heard: Heard) -> str:
    found = heard.answer(r"GET /system/df$").json
    old, new = "Images" in found, "ImageUsage" in found
    return {(True, False): "lists of objects", (True, True): "lists, and totals beside them"}[old, new]


def _verbose(heard: Heard) -> str:
    before, after = heard.answer(r"GET /system/df$").json, heard.answer(r"GET /system/df.verbose=true").json
    old, new, items = "Images" in after, "ImageUsage" in after, after.get("ImageUsage", {}).get("Items")
    if old and before.keys() == after.keys():
        return "the same"
    return {(False, True, True): "totals with the objects in them, and no lists"}[old, new, bool(items)]


def _tags(heard: Heard) -> str:
    (tag,) = heard.answer(r"GET /system/df$").json["Images"][0]["RepoTags"]
    return {True: "repository and tag", False: "the tag alone"}["/" in tag]


def _ids(heard: Heard) -> str:
    id = heard.answer(r"GET /system/df$").json["Images"][0]["Id"]
    return {True: "`sha256:` and 64 digits", False: "64 digits alone"}[id.startswith("sha256:")]


def _swarm(heard: Heard) -> str:
    return {503: "status 503", 404: "no such route (404)"}[heard.answer("GET /nodes$").status]


def _distribution(heard: Heard) -> str:
    answer = heard.answer("GET /distribution/")
    return {200: "yes", 404: f"no such route (404, {answer.type})"}[answer.status]


def _route(asked: str) -> Callable[[Heard], str]:
    """Whether an Engine has a route: without one, the answer is a 404 that is not JSON."""

    def says(heard: Heard) -> str:
        answer = heard.answer(asked)
        missing = answer.status == 404 and answer.type != "application/json"
        return "no such route (404)" if missing else "yes"

    return says


def _secret(heard: Heard) -> str:
    return {200: "yes, of labels alone", 501: "no (501)"}[heard.answer("POST /secrets/[^/]+/update").status]


ROWS = (
    Row("API versions that are offered", "system-version", _api, "the newest that both know"),
    Row("`system.data_usage()`", "engines-disk-usage", _forms, "`all_images` and its like read whichever came"),
    Row("The same with `verbose`", "engines-disk-usage", _verbose, "VersionError under API 1.52"),
    Row("The disk usage: names of images", "engines-disk-usage", _tags, "as they came"),
    Row("The disk usage: ids of images", "engines-disk-usage", _ids, "as they came"),
    Row(
        "Nodes are listed outside a swarm",
        "swarm-outside",
        _swarm,
        "NotSupported where there are no swarms, else ServerError",
    ),
    Row("Sessions of builds", "sessions-offered", _route("POST /session"), "NotSupported where there are none"),
    Row("A build is cancelled", "builds-cancelled", _route("POST /build/cancel"), "NotSupported where it cannot be"),
    Row("Plugins", "plugins-errors", _route("GET /plugins"), "NotSupported where there are none"),
    Row("A secret is updated", "stores-secrets", _secret, "NotSupported where it cannot be"),
    Row(
        "An image in a registry is inspected",
        "registries-looked-at",
        _distribution,
        "NotSupported where there is no such route",
    ),
)
