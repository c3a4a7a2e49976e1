"""One operation as data, read from the signature of its method. Types are resolved when they are first needed."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_origin

from .._annotations import resolve, without_none
from .._index import MODELS
from .._models.model import Model, since, until
from .._versions import Version, parse_version
from . import params as _params
from .adapted import adapt
from .looked_up import looked_up
from .params import content, filters, header, image_name, json_body, query
from .path_names import path_encoder

if TYPE_CHECKING:
    import httpx

__all__ = ["BoundRequest", "Declaration", "Parameter", "Prepare"]

Prepare = Callable[..., Callable[[Any], Awaitable[None]]]
"""Called with the resource and the arguments of a call; returns a function that prepares the open stream."""

_ROUTE = re.compile(r"(GET|HEAD|POST|PUT|DELETE) (/\S*)")
_NAME = re.compile(r"\{([a-z_]+)\}")
_BODY = re.compile(r"\b(content|json_body)\b")


class BoundRequest(NamedTuple):
    """A request with its arguments encoded."""

    target: str
    """Path and query, without the version."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterable[bytes] | None = None
    content_type: str = ""


class Parameter(NamedTuple):
    """One parameter of an endpoint, and how it is sent."""

    name: str
    place: str
    """`path`, `query`, `header` or `body`."""
    wire: str
    type: Any
    required: bool
    default: Any
    since: Version | None = None
    until: Version | None = None
    encode: Callable[[str, Any], Any] = _params.text
    always: bool = False
    """Whether it is sent even if it equals its default."""
    guards: bool = False
    """Whether it must not be left out where it is gone; see `until`."""
    adapt: Callable[[Version, Any], Any] | None = None
    """Gives the value for the Engine that is asked."""
    lookup: looked_up | None = None
    """Finds the value where the caller gives none."""
    if_known: bool = False
    """Whether it is left out where the API version does not have it."""


class Declaration:
    """The declaration of one operation, as data."""

    def __init__(
        self,
        function: Callable[..., Any],
        route: str,
        *,
        since: str | None,
        versioned: bool,
        answer: Callable[[httpx.Response], Any] | None,
        secret: bool,
        upgrade: str = "",
        prepare: Prepare | None = None,
    ) -> None:
        match = _ROUTE.fullmatch(route)
        if match is None:
            raise TypeError(f"{function.__qualname__}: {route!r} is not a route like 'GET /containers/{{id}}/json'")
        self.method = match[1]
        path, _, fixed = match[2].partition("?")
        self.path: str = path
        self.fixed: str = fixed
        """A query string that is sent with every call."""
        self.function = function
        self.upgrade = upgrade
        self.prepare = prepare
        self.versioned = versioned
        self.since = parse_version(since) if since else None
        self.answer = answer
        self.secret = secret
        self.operation = function.__name__
        _check_names(function, self.path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.operation}: {self.method} {self.path}>"

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters after `self`, with their types resolved."""
        signature = inspect.signature(self.function)
        path_names = _NAME.findall(self.path)
        found = tuple(
            self._parameter(parameter, parameter.name in path_names)
            for parameter in list(signature.parameters.values())[1:]
        )
        bodies = [parameter.name for parameter in found if parameter.place == "body"]
        if len(bodies) > 1:
            raise TypeError(f"{self.operation}: two bodies: {', '.join(bodies)}")
        return found

    @functools.cached_property
    def returns(self) -> Any:
        """The type that the method is declared to return."""
        return resolve(self.function.__annotations__.get("return"), self.function.__globals__)

    def _parameter(self, parameter: inspect.Parameter, in_path: bool) -> Parameter:
        where = f"{self.operation}: {parameter.name}"
        annotation = resolve(parameter.annotation, self.function.__globals__)
        marks: tuple[Any, ...] = ()
        if get_origin(annotation) is Annotated:
            annotation, *rest = get_args(annotation)
            marks = tuple(rest)
        kind, _ = without_none(annotation)
        required = parameter.default is inspect.Parameter.empty
        route = f"{self.method} {self.path}" if in_path else ""
        place, wire_name, encode = self._place(where, parameter.name, kind, marks, route)
        gates = [mark for mark in marks if isinstance(mark, (since, until))]
        return Parameter(
            name=parameter.name,
            place=place,
            wire=wire_name,
            type=annotation,
            required=required,
            default=None if required else parameter.default,
            since=next((parse_version(gate.version) for gate in gates if isinstance(gate, since)), None),
            until=next((parse_version(gate.version) for gate in gates if isinstance(gate, until)), None),
            encode=encode,
            always=any(isinstance(mark, query) and mark.always for mark in marks),
            guards=any(isinstance(mark, until) and mark.guards for mark in marks),
            adapt=next((mark.function for mark in marks if isinstance(mark, adapt)), None),
            lookup=next((mark for mark in marks if isinstance(mark, looked_up)), None),
            if_known=any(isinstance(mark, query) and mark.if_known for mark in marks),
        )

    @staticmethod
    def _place(
        where: str, name: str, kind: Any, marks: tuple[Any, ...], route: str
    ) -> tuple[str, str, Callable[[str, Any], Any]]:
        if route:
            return "path", name, path_encoder(route, name, image_name in marks)
        for mark in marks:
            if isinstance(mark, header):
                return "header", mark.name, mark.encode
            if isinstance(mark, query):
                return "query", mark.name or _camel(name), mark.encode or _params.encoder(where, kind)
            if mark is filters:
                return "query", _camel(name), _params.filters_text
            if mark is content:
                return "body", name, _params.upload_body
            if mark is json_body:
                return "body", name, _params.text
        if isinstance(kind, type) and issubclass(kind, Model):
            return "body", name, _params.text
        return "query", _camel(name), _params.encoder(where, kind)


def _check_names(function: Callable[..., Any], path: str) -> None:
    """Check what can be checked at import, without resolving types."""
    code = function.__code__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    missing = [name for name in _NAME.findall(path) if name not in names]
    if missing:
        raise TypeError(f"{function.__qualname__}: no parameter for {', '.join(missing)} of the route {path}")
    unannotated = [name for name in names if name not in function.__annotations__]
    if unannotated or "return" not in function.__annotations__:
        raise TypeError(f"{function.__qualname__}: no annotation for {', '.join(unannotated) or 'the answer'}")
    bodies = [name for name in names if _is_model(function.__annotations__[name])]
    if len(bodies) > 1:
        raise TypeError(f"{function.__qualname__}: two bodies: {', '.join(bodies)}")


def _is_model(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.removesuffix(" | None") in MODELS or _BODY.search(annotation) is not None
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _camel(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)
