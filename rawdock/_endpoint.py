"""The `endpoint` decorator: a method's signature is the declaration of a request, and this is its body.

A name in the route is path; a parameter whose type is a model is the JSON body; every other one is a query parameter in
camelCase, sent when it differs from its default. Exceptions stand in the annotation: `query`, `header`, `filters`,
`image_name`, `content`, `json_body`, `since`. What the route has behind a `?` is sent with every call.

What can be checked without looking at types is checked when the class is made. The rest is compiled into one plain
function at the first call, so that importing stays cheap and calling interprets nothing.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, cast, get_args, get_origin

from . import _params
from ._annotations import resolve, without_none
from ._model import Model, since, until
from ._params import content, filters, header, image_name, json_body, query
from ._streams.opens import Opens
from ._versions import Version, check_gate, parse_version
from .errors import InvalidArgument

if TYPE_CHECKING:
    import httpx

    from ._client import Docker

__all__ = ["Bound", "Endpoint", "Parameter", "Resource", "built_on", "endpoint", "endpoint_of"]

F = TypeVar("F", bound=Callable[..., Any])
Then = Callable[..., Callable[[Any], Awaitable[None]]]

_ROUTE = re.compile(r"(GET|HEAD|POST|PUT|DELETE) (/\S*)")
_NAME = re.compile(r"\{([a-z_]+)\}")
_BODY = re.compile(r"\b(content|json_body)\b")
_JSON = "application/json"
_TAR = "application/x-tar"


class Bound(NamedTuple):
    """A request whose arguments are in their places."""

    target: str
    """Path and query, without the version."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterable[bytes] | None = None
    content_type: str = ""


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
    always: bool = False
    """Sent also where it equals its default."""


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
        upgrade: str = "",
        then: Then | None = None,
    ) -> None:
        match = _ROUTE.fullmatch(route)
        if match is None:
            raise TypeError(f"{function.__qualname__}: {route!r} is not a route like 'GET /containers/{{id}}/json'")
        self.method = match[1]
        path, _, fixed = match[2].partition("?")
        self.path: str = path
        self.fixed: str = fixed
        """A query that is sent with every call."""
        self.function = function
        self.upgrade = upgrade
        self.then = then
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
            always=any(isinstance(mark, query) and mark.always for mark in marks),
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
            if mark is content:
                return "body", name, _params.uploaded
            if mark is json_body:
                return "body", name, _params.text
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
    upgrade: str = "",
    then: Then | None = None,
) -> Callable[[F], F]:
    """Make a method of a `Resource` the operation `route`.

    `since` is the least API version. `versioned=False` is for the few paths without one. `answer` makes the result
    from the whole response where it is not simply its JSON. `secret` keeps the body out of errors. `upgrade` is the
    protocol that the connection is to be handed over to. `then` is called with the resource and the arguments, and
    gives what is still to be done with a stream before the caller has it.
    """

    def decorate(function: F) -> F:
        declared = Endpoint(
            function,
            route,
            since=since,
            versioned=versioned,
            answer=answer,
            secret=secret,
            upgrade=upgrade,
            then=then,
        )
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

        return annotation.removesuffix(" | None") in MODULES or _BODY.search(annotation) is not None
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _camel(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def _compile_bind(declared: Endpoint) -> Callable[..., Bound]:
    """One straight function for one endpoint: a line or two a parameter, nothing decided at the call.

    Its own names begin with an underscore, which those of parameters never do.
    """
    names: dict[str, Any] = {
        "_Bound": Bound,
        "_new": cast("Any", tuple).__new__,
        "_gate": check_gate,
        "_encode_body": _params.body,
    }
    lines: list[str] = []
    if declared.since is not None:
        names["_since"] = declared.since
        lines.append(f"_gate({declared.operation!r}, _version, _since)")
    headers = _upgrade(declared, names)
    body, content_type = "None", ""
    first_query = True
    path_values: dict[str, str] = {}
    for index, parameter in enumerate(declared.parameters):
        name, key = parameter.name, f"_e{index}"
        names[key] = parameter.encode
        where = f"{declared.operation}: {name}"
        if parameter.place == "path":
            lines.append(f"_p{index} = {key}({where!r}, {name})")
            path_values[name] = f"_p{index}"
            continue
        inner: list[str] = []
        if parameter.since or parameter.until:
            names[f"_s{index}"], names[f"_u{index}"] = parameter.since, parameter.until
            inner.append(f"_gate({where!r}, _version, _s{index}, _u{index})")
        if parameter.place == "body" and parameter.encode is _params.uploaded:
            inner.append(f"_body = {key}({where!r}, {name})")
            body, content_type = "_body", _TAR
            if not parameter.required:
                lines.append("_body = None")
        elif parameter.place == "body":
            names["_kind"] = without_none(parameter.type)[0]
            inner.append(f"_body = _encode_body({where!r}, {name}, _kind, _version)")
            body, content_type = "_body", _JSON
            if not parameter.required:
                lines.append("_body = b'{}'")  # Podman does not take an empty body for an empty object
        elif parameter.place == "header":
            inner.append(f"_headers += {key}({where!r}, {name})")
            names[key] = _header_writer(parameter)
            headers = headers or "()"
        else:
            if first_query:
                lines.append(f"_q = {'&' + declared.fixed if declared.fixed else ''!r}")
                first_query = False
            inner.append(f"_q += {key}({where!r}, {name})")
            names[key] = _query_writer(parameter)
        if parameter.required or parameter.always:
            lines += inner
        else:
            default = f"_d{index}"
            names[default] = parameter.default
            test = f"{name} is not {default}"
            if parameter.default is not None and not isinstance(parameter.default, bool):
                test = f"{name} != {default}"
            elif parameter.default is not None:
                test = f"{name} is not None and {name} is not {default}"
            lines.append(f"if {test}:")
            lines += [f"    {line}" for line in inner]
    if headers:
        lines.insert(0, f"_headers = {headers}")
    pieces = _NAME.split(declared.path)
    path = " + ".join(path_values[piece] if i % 2 else repr(piece) for i, piece in enumerate(pieces) if piece or i % 2)
    lines.append(f"_target = {path}")
    if not first_query:
        lines.append("if _q: _target += '?' + _q[1:]")
    elif declared.fixed:
        lines[-1] += f" + {'?' + declared.fixed!r}"
    if not headers and body == "None":
        lines.append("return _new(_Bound, (_target, (), None, ''))")
    else:
        lines.append(f"return _Bound(_target, {'_headers' if headers else '()'}, {body}, {content_type!r})")
    arguments = ", ".join(["_version", *(parameter.name for parameter in declared.parameters)])
    return _made(f"def bind({arguments}):", lines, names, "bind", declared)


def _upgrade(declared: Endpoint, names: dict[str, Any]) -> str:
    """The source of the headers that ask for another protocol; empty if there are none."""
    if not declared.upgrade:
        return ""
    names["_asked"] = (("Connection", "Upgrade"), ("Upgrade", declared.upgrade))
    if declared.upgrade != "websocket":
        return "_asked"
    from ._streams.websocket import key_headers

    names["_key_headers"] = key_headers
    return "_asked + _key_headers()"


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


def _header_writer(parameter: Parameter) -> Callable[[str, Any], tuple[tuple[str, str], ...]]:
    """The header, once for each value."""
    encode, name = parameter.encode, parameter.wire

    def write(where: str, value: Any) -> tuple[tuple[str, str], ...]:
        text = encode(where, value)
        return ((name, text),) if isinstance(text, str) else tuple((name, part) for part in text)

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
    names: dict[str, Any] = {"_endpoint": declared, "_bind": declared.bind}
    arguments = "".join(f", {parameter.name}" for parameter in declared.parameters)
    head = ", ".join(_signature(declared, names))
    version = "_version = _client._version or await _client.negotiate()" if declared.versioned else "_version = None"
    from ._client import EngineSwapped

    names["_EngineSwapped"] = EngineSwapped
    if inspect.iscoroutinefunction(declared.function):
        names["_answer"] = _answer(declared)
        lines = [
            "_client = self._client",
            version,
            "try:",
            f"    return await _client.call(_endpoint, _bind(_version{arguments}), _answer)",
            "except _EngineSwapped:",
            "    _version = await _client.negotiate(again=True)",
            f"    return await _client.call(_endpoint, _bind(_version{arguments}), _answer)",
        ]
        method = _made(
            f"async def {declared.function.__name__}({head}):", lines, names, declared.function.__name__, declared
        )
    else:
        opens, face = _opens(declared)
        names |= {"_opens": opens, "_face": face}
        lines = [
            "_client = self._client",
            "async def _connect():",
            f"    {version}",
            "    try:",
            f"        return await _client.open(_endpoint, _bind(_version{arguments}), _face)",
            "    except _EngineSwapped:",
            "        _version = await _client.negotiate(again=True)",
            f"        return await _client.open(_endpoint, _bind(_version{arguments}), _face)",
            "return _opens(_connect)",
        ]
        if declared.then is not None:
            names["_then"] = declared.then
            given = "".join(f", {one.name}={one.name}" for one in declared.parameters)
            lines[-1] += f".then(_then(self{given}))"
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
            names[f"_d{index}"] = parameter.default
            yield f"{parameter.name}=_d{index}"


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
