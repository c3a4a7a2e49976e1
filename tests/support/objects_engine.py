"""An Engine of containers, networks and volumes that only exist, and that fails in the way a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from anyio.lowlevel import checkpoint

__all__ = ["ObjectsEngine"]

VERSION = "1.51"


class ObjectsEngine:
    """Created objects have an id of their own; volumes are known by name."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, Any]] = {}
        self.networks: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, str]] = {}
        """The labels of each image."""
        self.asked: list[str] = []
        """The method and path of every request."""
        self.before: Callable[[str], int | None] = lambda asked: None
        """Called with each; what it returns is the status of an error. It may raise one of httpx's errors."""
        self.after: Callable[[str], None] = lambda asked: None
        """Called when it was done. What it raises takes the place of the answer."""
        self.ignores_filters = False
        self.transport = httpx.MockTransport(self.answer)
        self._made = 100

    @property
    def left(self) -> list[str]:
        """What exists, in the order in which it was made."""
        return [*self.containers, *self.networks, *self.volumes]

    @property
    def removals(self) -> list[str]:
        return [one for one in self.asked if one.startswith("DELETE")]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await checkpoint()
        parts = urlsplit(request.url.raw_path.decode())
        path = parts.path.removeprefix(f"/v{VERSION}")
        asked = f"{request.method} {path}"
        self.asked.append(asked)
        if status := self.before(asked):
            return self._answer({"message": "no"}, status)
        answer = self._do(request.method, path.strip("/").split("/"), parse_qs(parts.query), await request.aread())
        self.after(asked)
        return answer

    def _answer(self, value: object, status: int = 200) -> httpx.Response:
        body = b"" if value is None else json.dumps(value).encode()
        return httpx.Response(
            204 if value is None else status,
            content=body,
            headers={"content-type": "application/json", "api-version": VERSION},
        )

    def _do(self, method: str, words: list[str], query: dict[str, list[str]], body: bytes) -> httpx.Response:
        if words == ["_ping"]:
            return self._answer("OK")
        group, rest = words[0], words[1:]
        if group == "images":
            if rest[0] not in self.images:
                return self._answer({"message": "no such image"}, 404)
            return self._answer({"Id": rest[0], "Config": {"Labels": self.images[rest[0]]}})
        objects: dict[str, dict[str, Any]] = getattr(self, group)
        match method, rest:
            case "POST", ["create"]:
                return self._create(group, objects, json.loads(body), query)
            case "GET", [] | ["json"]:
                return self._list(group, objects, query)
            case _:
                pass
        if rest[0] not in objects:
            return self._answer({"message": f"no such {group}"}, 404)
        if method == "DELETE":
            del objects[rest[0]]
            return self._answer(None)
        if method == "GET":
            return self._answer(objects[rest[0]])
        return self._answer(None)

    def _create(
        self, group: str, objects: dict[str, dict[str, Any]], given: dict[str, Any], query: dict[str, list[str]]
    ) -> httpx.Response:
        self._made += 1
        labels = given.get("Labels", {})
        if group == "volumes":
            name = given.get("Name") or f"v{self._made}"
            objects.setdefault(name, {"Name": name, "Labels": labels})
            return self._answer(objects[name], 201)
        id = f"{group[0]}{self._made}"
        name = query.get("name", [given.get("Name", id)])[0]
        objects[id] = {"Id": id, "Name": f"/{name}" if group == "containers" else name, "Labels": labels}
        objects[id] |= {"Config": {"Labels": labels}, "Image": given.get("Image", "")}
        return self._answer({"Id": id, "Warnings": []}, 201)

    def _list(self, group: str, objects: dict[str, dict[str, Any]], query: dict[str, list[str]]) -> httpx.Response:
        wanted = json.loads(query.get("filters", ["{}"])[0]).get("label", [])
        found: list[dict[str, Any]] = []
        for one in objects.values():
            texts = {text for key, value in one["Labels"].items() for text in (key, f"{key}={value}")}
            if self.ignores_filters or texts.issuperset(wanted):
                found.append({**one, "Names": [one["Name"]]} if group == "containers" else one)
        return self._answer({"Volumes": found} if group == "volumes" else found)
