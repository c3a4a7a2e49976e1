"""Rows about events."""

from __future__ import annotations

from typing import Any

from .heard import Heard
from .rows import Row

_EVENTS = "GET /events"


def _of(heard: Heard) -> list[dict[str, Any]]:
    return heard.answer(_EVENTS).lines


def _actions(heard: Heard) -> list[str]:
    return [event["Action"].partition(":")[0] for event in _of(heard)]


def _removal(heard: Heard) -> str:
    (word,) = {"destroy", "remove"} & set(_actions(heard))
    return f"`{word}`"


def _command(heard: Heard) -> str:
    words = [word for word in dict.fromkeys(_actions(heard)) if word.startswith("exec")]
    if not words:
        raise LookupError("no event of the command")
    return ", ".join(f"`{word}`" for word in words)


def _stop(heard: Heard) -> str:
    words = [word for word in _actions(heard) if word in ("kill", "stop", "die", "cleanup")]
    if "die" not in words:
        raise LookupError("it did not end")
    return ", ".join(f"`{word}`" for word in words)


def _old_fields(heard: Heard) -> str:
    return {True: "there", False: "left out"}[all("status" in event for event in _of(heard))]


def _volume(heard: Heard) -> str:
    event = next(event for event in _of(heard) if event["Type"] == "volume")
    if event["Actor"]["ID"]:
        return "in `actor.id`"
    return {True: "in `actor.attributes`, under `name`"}["name" in event["Actor"]["Attributes"]]


def _untag(heard: Heard) -> str:
    event = next(event for event in _of(heard) if event["Action"] == "untag")
    name = event["Actor"]["Attributes"]["name"]
    return "the image's id" if name.startswith("sha256:") else "the name that it lost"


def _type(heard: Heard) -> str:
    return f"`{heard.answer(_EVENTS).type}`"


def _unknown_filter(heard: Heard) -> str:
    return {200: "no events", 500: "refused (500)", 400: "refused (400)"}[heard.answer(_EVENTS).status]


def _times(heard: Heard) -> str:
    return {200: "no events", 400: "refused (400)"}[heard.answer(_EVENTS).status]


ROWS = (
    Row(
        "A container is removed",
        "engines-events-of-a-stop",
        _removal,
        "`docker_action` is `destroy`; `watch` takes either word as a filter",
    ),
    Row(
        "A command is executed",
        "engines-events-of-a-stop",
        _command,
        "`docker_action` is `exec_die` at its end; `watch` takes either word as a filter",
    ),
    Row(
        "A container is stopped, and ends by itself on the signal",
        "engines-events-of-a-stop",
        _stop,
        "as they came: do not rely on the order",
    ),
    Row(
        "`status`, `id` and `from` of an event of a container",
        "events-life",
        _old_fields,
        "empty where they are left out: use `action` and `actor`",
    ),
    Row("Where an event of a volume has the volume's name", "events-kinds", _volume, "as it came"),
    Row("The name in the event of an image that loses a name", "events-kinds", _untag, "as it came"),
    Row("Content type of the events", "events-as-json-lines", _type, "not looked at"),
    Row("An unknown filter", "events-errors", _unknown_filter, "ServerError where it is refused"),
    Row("An `until` that is before `since`", "engines-times-of-events", _times, "as the Engine does"),
)
