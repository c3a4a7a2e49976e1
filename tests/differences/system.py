"""Rows about the Engine itself."""

from __future__ import annotations

from .heard import Heard
from .rows import Row


def _api(heard: Heard) -> str:
    found = heard.answer(r"GET /version").json
    return f"{found['MinAPIVersion']} to {found['ApiVersion']}"


def _forms(heard: Heard) -> str:
    found = heard.answer(r"GET /system/df$").json
    old, new = "Images" in found, "ImageUsage" in found
    return {(True, False): "lists of objects", (True, True): "lists, and totals beside them"}[old, new]


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


ROWS = (
    Row("API versions that are offered", "system-version", _api, "the newest that both know"),
    Row("`system.data_usage`", "system-disk-use", _forms, "properties read whichever came"),
    Row("Images in the disk usage: their names", "system-disk-use", _tags, "as they came"),
    Row("Images in the disk usage: their ids", "system-disk-use", _ids, "as they came"),
    Row("Nodes are listed outside a swarm", "swarm-outside", _swarm, "NotSupported where there is no swarm"),
    Row(
        "An image in a registry is inspected",
        "registries-looked-at",
        _distribution,
        "NotSupported where there is no such route",
    ),
)
