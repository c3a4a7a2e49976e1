"""The `endpoint` decorator: a method's signature is the declaration of a request, and this is its body.

A name in the route is path; a parameter whose type is a model is the JSON body; every other one is a query parameter in
camelCase, sent when it differs from its default. Exceptions stand in the annotation: `query`, `header`, `filters`,
`image_name`, `since`.

What can be checked without looking at types is checked when the class is made. The rest is compiled into one plain
function at the first call, so that importing stays cheap and calling interprets nothing.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterable, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, cast, get_args, get_origin

from . import _params
from ._annotations import resolve, without_none
from ._model import Model, since, until
from ._params import filters, header, image_name, query
from ._streams.opens import Opens
from ._versions import Version, check_gate, parse_version
from .errors import InvalidArgument

if TYPE_CHECKING:
    import httpx

    from ._client import Docker

__all__ = ["Bound", "Endpoint", "Parameter", "Resource", "built_on", "endpoint", "endpoint_of"]

F = TypeVar("F", bound=Callable[..., Any])

_ROUTE = re.compile(r"(GET|HEAD|POST|PUT|DELETE) (/\S*)")
_NAME = re.compile(r"\{([a-z_]+)\}")


class Bound(NamedTuple):
    """A request whose arguments are in their places."""

    target: str
    """Path and query, without the version."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterable[bytes] | None = None
    json: bool = False


class Parameter(NamedTuple):
    """One parameter of an endpoint, as it goes over the wire."""

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


class Endpoint:
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
    ) -> None:
        match = _ROUTE.fullmatch(route)
        if match is None:
            raise TypeError(f"{function.__qualname__}: {route!r} is not a route like 'GET /containers/{{id}}/json'")
        self.method = match[1]
        self.path = match[2]
        self.function = function
        self.versioned = versioned
        self.since = parse_version(since) if since else None
        self.answer = answer
        self.secret = secret
        self.operation = function.__name__
        _check_names(function, self.path)

    def __repr__(self) -> str:
        return f"<Endpoint {self.operation}: {self.method} {self.path}>"

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters behind `self`, with their types resolved."""
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
        place, wire_name, encode = self._place(where, parameter.name, kind, marks, in_path)
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
        )

    @staticmethod
    def _place(
        where: str, name: str, kind: Any, marks: tuple[Any, ...], in_path: bool
    ) -> tuple[str, str, Callable[[str, Any], Any]]:
        if in_path:
            return "path", name, _params.image_path if image_name in marks else _params.identifier
        for mark in marks:
            if isinstance(mark, header):
                return "header", mark.name, mark.encode
            if isinstance(mark, query):
                return "query", mark.name or _camel(name), mark.encode or _params.encoder(where, kind)
            if mark is filters:
                return "query", _camel(name), _params.filters_text
        if isinstance(kind, type) and issubclass(kind, Model):
            return "body", name, _params.text
        return "query", _camel(name), _params.encoder(where, kind)

    @functools.cached_property
    def bind(self) -> Callable[..., Bound]:
        """`bind(version, *arguments)`: the arguments in their places, or an error before anything is sent."""
        return _compile_bind(self)


def endpoint(
    route: str,
    *,
    since: str | None = None,
    versioned: bool = True,
    answer: Callable[[httpx.Response], Any] | None = None,
    secret: bool = False,
) -> Callable[[F], F]:
    """Make a method of a `Resource` the operation `route`.

    `since` is the least API version. `versioned=False` is for the few paths without one. `answer` makes the result
    from the whole response where it is not simply its JSON. `secret` keeps the body out of errors.
    """

    def decorate(function: F) -> F:
        declared = Endpoint(function, route, since=since, versioned=versioned, answer=answer, secret=secret)
        method = _deferred(declared)
        method.__endpoint__ = declared  # type: ignore[attr-defined]
        return cast("F", method)

    return decorate


def built_on(declared: Callable[..., Any]) -> Callable[[F], F]:
    """Mark a method with a body of its own as the public face of an endpoint."""

    def decorate(function: F) -> F:
        function.__endpoint__ = declared.__endpoint__  # type: ignore[attr-defined]
        return function

    return decorate


def endpoint_of(method: Callable[..., Any]) -> Endpoint:
    """The declaration behind a method, as data: `endpoint_of(Containers.create)`."""
    declared = getattr(method, "__endpoint__", None)
    if not isinstance(declared, Endpoint):
        raise InvalidArgument(f"{getattr(method, '__qualname__', method)} is not an endpoint")
    return declared


class Resource:
    """A group of operations on one client."""

    __slots__ = ("_client",)

    def __init__(self, client: Docker) -> None:
        self._client = client

    def __init_subclass__(cls) -> None:
        group = cls.__name__.lower()
        for name, value in list(vars(cls).items()):
            declared = getattr(value, "__endpoint__", None)
            if isinstance(declared, Endpoint) and (name == declared.function.__name__ or not name.startswith("_")):
                declared.operation = f"{group}.{name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"


def _check_names(function: Callable[..., Any], path: str) -> None:
    """What can be known at import without resolving a single type."""
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
        from .models import MODULES

        return annotation.removesuffix(" | None") in MODULES
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _camel(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _compile_bind(declared: Endpoint) -> Callable[..., Bound]:
    """One straight function for one endpoint: a line or two a parameter, nothing decided at the call."""
    names: dict[str, Any] = {
        "Bound": Bound,
        "new": cast("Any", tuple).__new__,
        "gate": check_gate,
        "encode_body": _params.body,
        "quote": _params.quote,
    }
    lines: list[str] = []
    if declared.since is not None:
        names["operation_since"] = declared.since
        lines.append(f"gate({declared.operation!r}, version, operation_since)")
    headers: list[str] = []
    body = "None"
    first_query = True
    path_values: dict[str, str] = {}
    for index, parameter in enumerate(declared.parameters):
        name, key = parameter.name, f"e{index}"
        names[key] = parameter.encode
        where = f"{declared.operation}: {name}"
        if parameter.place == "path":
            lines.append(f"p{index} = {key}({where!r}, {name})")
            path_values[name] = f"p{index}"
            continue
        inner: list[str] = []
        if parameter.since or parameter.until:
            names[f"s{index}"], names[f"u{index}"] = parameter.since, parameter.until
            inner.append(f"gate({where!r}, version, s{index}, u{index})")
        if parameter.place == "body":
            inner.append(f"body = encode_body({where!r}, {name}, version)")
            body = "body"
            if not parameter.required:
                lines.append("body = None")
        elif parameter.place == "header":
            inner.append(f"headers += (({parameter.wire!r}, {key}({where!r}, {name})),)")
            headers.append(name)
        else:
            if first_query:
                lines.append("q = ''")
                first_query = False
            inner.append(f"q += {key}({where!r}, {name})")
            names[key] = _query_writer(parameter)
        if parameter.required:
            lines += inner
        else:
            default = "d" + str(index)
            names[default] = parameter.default
            test = f"{name} is not {default}"
            if parameter.default is not None and not isinstance(parameter.default, bool):
                test = f"{name} != {default}"
            elif parameter.default is not None:
                test = f"{name} is not None and {name} is not {default}"
            lines.append(f"if {test}:")
            lines += [f"    {line}" for line in inner]
    if headers:
        lines.insert(0, "headers = ()")
    pieces = _NAME.split(declared.path)
    path = " + ".join(path_values[piece] if i % 2 else repr(piece) for i, piece in enumerate(pieces) if piece or i % 2)
    lines.append(f"target = {path}")
    if not first_query:
        lines.append("if q: target += '?' + q[1:]")
    is_json = any(parameter.place == "body" for parameter in declared.parameters)
    if not headers and body == "None":
        lines.append("return new(Bound, (target, (), None, False))")
    else:
        lines.append(f"return Bound(target, {'headers' if headers else '()'}, {body}, {is_json})")
    arguments = ", ".join(["version", *(parameter.name for parameter in declared.parameters)])
    return _made(f"def bind({arguments}):", lines, names, "bind", declared)


def _query_writer(parameter: Parameter) -> Callable[[str, Any], str]:
    """`&name=value`, once for each value."""
    encode, start = parameter.encode, f"&{parameter.wire}="
    quote = _params.quote

    def write(where: str, value: Any) -> str:
        text = encode(where, value)
        if isinstance(text, str):
            return start + quote(text)
        return "".join(start + quote(part) for part in text)

    return write


def _made(head: str, lines: list[str], names: dict[str, Any], name: str, declared: Endpoint) -> Callable[..., Any]:
    source = head + "\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(source, f"<rawdock {declared.operation}>", "exec"), names)
    return cast("Callable[..., Any]", names[name])


def _deferred(declared: Endpoint) -> Callable[..., Any]:
    """The method until its first call, which compiles it and puts the compiled one in its place."""
    function = declared.function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def first_call(self: Resource, *args: Any, **kwargs: Any) -> Any:
            return await _install(declared, type(self))(self, *args, **kwargs)

        return first_call

    @functools.wraps(function)
    def first_open(self: Resource, *args: Any, **kwargs: Any) -> Any:
        return _install(declared, type(self))(self, *args, **kwargs)

    return first_open


def _install(declared: Endpoint, owner: type) -> Callable[..., Any]:
    method = _compile_method(declared)
    name = declared.function.__name__
    for cls in owner.__mro__:
        if name in vars(cls):
            if getattr(vars(cls)[name], "__endpoint__", None) is declared:
                setattr(cls, name, method)
            break
    return method


def _compile_method(declared: Endpoint) -> Callable[..., Any]:
    names: dict[str, Any] = {"endpoint": declared, "bind": declared.bind}
    arguments = "".join(f", {parameter.name}" for parameter in declared.parameters)
    head = ", ".join(_signature(declared, names))
    version = "version = client._version or await client.negotiate()" if declared.versioned else "version = None"
    from ._client import EngineSwapped

    names["EngineSwapped"] = EngineSwapped
    if inspect.iscoroutinefunction(declared.function):
        names["answer"] = _answer(declared)
        lines = [
            "client = self._client",
            version,
            "try:",
            f"    return await client.call(endpoint, bind(version{arguments}), answer)",
            "except EngineSwapped:",
            "    version = await client.negotiate(again=True)",
            f"    return await client.call(endpoint, bind(version{arguments}), answer)",
        ]
        method = _made(
            f"async def {declared.function.__name__}({head}):", lines, names, declared.function.__name__, declared
        )
    else:
        opens, face = _opens(declared)
        names |= {"opens": opens, "face": face}
        lines = [
            "client = self._client",
            "async def connect():",
            f"    {version}",
            "    try:",
            f"        return await client.open(endpoint, bind(version{arguments}), face)",
            "    except EngineSwapped:",
            "        version = await client.negotiate(again=True)",
            f"        return await client.open(endpoint, bind(version{arguments}), face)",
            "return opens(connect)",
        ]
        method = _made(f"def {declared.function.__name__}({head}):", lines, names, declared.function.__name__, declared)
    functools.update_wrapper(method, declared.function)
    method.__endpoint__ = declared  # type: ignore[attr-defined]
    return method


def _signature(declared: Endpoint, names: dict[str, Any]) -> Iterator[str]:
    """The declared parameters as source, with their defaults by name."""
    starred = False
    for index, parameter in enumerate(inspect.signature(declared.function).parameters.values()):
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            yield "*"
            starred = True
        if parameter.default is inspect.Parameter.empty:
            yield parameter.name
        else:
            names[f"d{index}"] = parameter.default
            yield f"{parameter.name}=d{index}"


def _answer(declared: Endpoint) -> Callable[[httpx.Response], Any]:
    """What the method gives back for a success."""
    if declared.answer is not None:
        return declared.answer
    returns = declared.returns
    if returns is None or returns is type(None):
        return _nothing
    if returns is bool:
        return _changed
    from ._codec import decoder, loads

    decode = decoder(returns)

    def answer(response: httpx.Response) -> Any:
        return decode(loads(response.content))

    return answer


def _nothing(response: httpx.Response) -> None:
    return None


def _changed(response: httpx.Response) -> bool:
    """start and stop: 304 says that it was so already."""
    return response.status_code != 304


def _opens(declared: Endpoint) -> tuple[type[Opens[Any]], type[Any]]:
    """`Opens[Face]` or a subclass of it, as the class to make and the face it gives."""
    returns = declared.returns
    kind: Any = get_origin(returns)
    if not (isinstance(kind, type) and issubclass(kind, Opens)):
        raise TypeError(f"{declared.operation}: a method that is not async returns Opens[...], not {returns!r}")
    face: Any = get_args(returns)[0]
    return cast("Any", kind), get_origin(face) or face
