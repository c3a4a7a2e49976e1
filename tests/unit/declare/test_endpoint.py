"""Declarations: wrong ones fail at import, right ones can be read as data."""

from __future__ import annotations

import inspect
import traceback
from typing import Annotated, Any, Literal

import httpx
import pytest

import rawdock.models
from rawdock._annotations import resolve
from rawdock._declare.endpoint import endpoint, endpoint_of
from rawdock._declare.params import filters, query
from rawdock._models.model import Model, since
from rawdock._resource import Resource
from rawdock._types import Filters
from rawdock._versions import NEWEST, version_text
from rawdock.api.images import Images

pytestmark = pytest.mark.anyio


class Body(Model):
    text: str = ""


class Things(Resource):
    @endpoint("POST /things/{id}/do")
    async def do(
        self,
        id: str,
        *,
        how_many: int | None = None,
        fast: bool = True,
        names: list[str] | None = None,
        mode: Literal["a", "b"] | None = None,
        filters: Annotated[Filters | None, filters] = None,
        odd: Annotated[str | None, query("ODD-name"), since("1.45")] = None,
    ) -> bool:
        """Do it."""

    @endpoint("PUT /things")
    async def put(self, body: Body, *, other: str = "") -> None: ...

    @endpoint("GET /things/new", since="1.50")
    async def new(self) -> list[str]: ...


def engine(requests: list[httpx.Request], status: int = 200, body: bytes = b"[]", api: str = "1.44") -> rawdock.Docker:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/_ping":
            return httpx.Response(200, headers={"Api-Version": api})
        requests.append(request)
        return httpx.Response(status, content=body, headers={"Api-Version": api})

    return rawdock.Docker(transport=httpx.MockTransport(answer))


async def sent(call: Any, **kwargs: Any) -> str:
    requests: list[httpx.Request] = []
    await call(Things(engine(requests, **kwargs)))
    return f"{requests[0].method} {requests[0].url.raw_path.decode()} {requests[0].content.decode()}".strip()


async def test_arguments_find_their_places() -> None:
    """Arguments become path, query in camelCase, and filters in JSON; defaults are not sent."""
    assert await sent(lambda x: x.do("a b".replace(" ", "-"))) == "POST /v1.44/things/a-b/do"
    assert await sent(lambda x: x.do("x", how_many=0, fast=False, names=["a", "b&"], mode="b")) == (
        "POST /v1.44/things/x/do?howMany=0&fast=false&names=a&names=b%26&mode=b"
    )
    assert await sent(lambda x: x.do("é:@", filters={"label": "a=b", "dangling": True, "id": ["1", "2"]})) == (
        "POST /v1.44/things/%C3%A9:@/do"
        "?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%2C%22dangling%22%3A%5B%22true%22%5D"
        "%2C%22id%22%3A%5B%221%22%2C%222%22%5D%7D"
    )
    assert await sent(lambda x: x.put(Body(text="é"))) == 'PUT /v1.44/things {"Text":"é"}'


async def test_no_content_and_not_modified() -> None:
    """A bool result says whether anything has changed."""
    assert await Things(engine([], status=204, body=b"")).do("x") is True
    assert await Things(engine([], status=304, body=b"")).do("x") is False


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": ""}, {"id": "a/b"}, {"id": ".."}, {"id": "."}, {"id": "a\nb"}, {"id": "a b"}, {"id": "a?b"},
        {"id": "a%2Fb"},
        {"id": 5}, {"id": None}, {"id": "x", "how_many": "1"}, {"id": "x", "how_many": True}, {"id": "x", "fast": 0},
        {"id": "x", "names": "ab"}, {"id": "x", "names": [1]}, {"id": "x", "mode": "c"}, {"id": "x", "filters": "a=b"},
        {"id": "x", "filters": {"a": None}}, {"id": "x", "filters": {"": "a"}},
    ],
)  # fmt: skip
async def test_wrong_arguments_are_never_sent(arguments: dict[str, Any]) -> None:
    """A wrong argument is an InvalidArgument, which is a ValueError, and nothing is sent."""
    requests: list[httpx.Request] = []
    with pytest.raises(ValueError, match=r"things\.do") as caught:
        await Things(engine(requests)).do(**arguments)
    assert isinstance(caught.value, rawdock.InvalidArgument)
    assert requests == []


async def test_versions() -> None:
    """Operations and parameters newer than the Engine's version are refused by name, and nothing is sent."""
    requests: list[httpx.Request] = []
    things = Things(engine(requests, api="1.44"))
    with pytest.raises(rawdock.VersionError, match=r"things\.do: odd needs API 1\.45; this Engine has 1\.44"):
        await things.do("x", odd="y")
    with pytest.raises(rawdock.VersionError, match=r"things\.new needs API 1\.50"):
        await things.new()
    assert requests == []
    assert await Things(engine(requests, api="1.99")).new() == []
    assert requests[0].url.path == f"/v{version_text(NEWEST)}/things/new"


async def test_an_unknown_name_in_an_annotation() -> None:
    """The error says which name, where, and what to do about it."""
    with pytest.raises(NameError, match=r"'Tomorrow' .* of .*test_endpoint .*run scripts/index"):
        resolve("list[Tomorrow]", globals())
    assert resolve("list[PortBinding]", globals()) == list[rawdock.models.PortBinding]


def test_unknown_path_name_fails_at_once() -> None:
    """A name in the route that is not a parameter is an error at import."""
    with pytest.raises(TypeError, match="no parameter for id"):

        class Wrong(Resource):
            @endpoint("GET /x/{id}")
            async def get(self, name: str) -> None: ...


def test_two_bodies_fail_at_once() -> None:
    """Two models would be two bodies, which is an error at import, also if they are only named."""
    with pytest.raises(TypeError, match="two bodies: spec, config"):

        class Wrong(Resource):
            @endpoint("POST /x")
            async def post(self, spec: ContainerSpec, config: ContainerConfig | None = None) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def test_missing_annotation_fails_at_once() -> None:
    """Every parameter and the answer have a type."""
    with pytest.raises(TypeError, match="no annotation for x"):

        class Wrong(Resource):
            @endpoint("GET /x")
            async def get(self, x) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(TypeError, match="no annotation for the answer"):

        class Silent(Resource):
            @endpoint("GET /x")
            async def get(self): ...  # type: ignore[no-untyped-def]


def test_route_form() -> None:
    """A route is a method and a path."""
    with pytest.raises(TypeError, match="is not a route"):
        endpoint("containers/json")(inspect.unwrap(Things.do))


def test_declaration_as_data() -> None:
    """`endpoint_of` has the method, path, parameters and versions."""
    declared = endpoint_of(Things.do)
    assert (declared.method, declared.path, declared.operation) == ("POST", "/things/{id}/do", "things.do")
    assert {p.name: (p.place, p.wire) for p in declared.parameters} == {
        "id": ("path", "id"), "how_many": ("query", "howMany"), "fast": ("query", "fast"), "names": ("query", "names"),
        "mode": ("query", "mode"), "filters": ("query", "filters"), "odd": ("query", "ODD-name"),
    }  # fmt: skip
    assert declared.parameters[-1].since == (1, 45)
    assert endpoint_of(Images.pull).path == "/images/create"
    with pytest.raises(rawdock.InvalidArgument):
        endpoint_of(len)


async def test_a_traceback_shows_compiled_lines() -> None:
    """A traceback through the compiled code of an endpoint names the operation and shows the lines of that code."""
    with pytest.raises(rawdock.InvalidArgument) as caught:
        await Things(engine([])).do("x", how_many="3")  # type: ignore[arg-type]
    text = "".join(traceback.format_exception(caught.value))
    method, bind = (
        [line.strip() for line in text.split(f'File "<rawdock things.do: {name}>", line ')[1].splitlines()]
        for name in ("do", "bind")
    )
    assert method[0].endswith("in do")
    assert method[1].startswith("return await _client.perform(_endpoint, (id, how_many, ")
    assert bind[0].endswith("in bind")
    assert bind[1].endswith("('things.do: how_many', how_many)")
