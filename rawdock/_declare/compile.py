"""Compiles a declaration into plain functions, so that a call does not have to interpret it."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from .._annotations import without_none
from .._generated import compile_function
from .._models.model import Model, fields_of
from .._shown import cannot_be_sent
from .._streams.faces.contexts import Opens, stream_classes
from .._versions import check_gate, passes_gate
from ..errors import DecodeError, InvalidArgument, NotSupported
from . import params as _params
from .declaration import BoundRequest, Declaration, Parameter

if TYPE_CHECKING:
    import httpx

__all__ = ["compile_bind", "compile_method"]

_NAME = re.compile(r"\{([a-z_]+)\}")
_JSON = "application/json"
_TAR = "application/x-tar"


def compile_bind(declared: Declaration) -> Callable[..., BoundRequest]:
    """The function that puts the arguments of one endpoint into a request: a line or two for each parameter.

    Its own names begin with an underscore; parameters never do.
    """
    names: dict[str, Any] = {
        "_BoundRequest": BoundRequest,
        "_new": cast("Any", tuple).__new__,
        "_gate": check_gate,
        "_passes": passes_gate,
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
        if parameter.adapt:
            names[f"_a{index}"] = parameter.adapt
            lines.append(f"{name} = _a{index}(_version, {name})")
        inner: list[str] = []
        if parameter.since:
            names[f"_s{index}"] = parameter.since
        if parameter.since and not parameter.until and not parameter.if_known:
            inner.append(f"_gate({where!r}, _version, _s{index})")
        if parameter.place == "body" and parameter.encode is _params.upload_body:
            inner.append(f"_body = {key}({where!r}, {name})")
            body, content_type = "_body", _TAR
            if not parameter.required:
                lines.append("_body = None")
        elif parameter.place == "body":
            names["_kind"] = without_none(parameter.type)[0]
            inner.append(f"_body = _encode_body({where!r}, {name}, _kind, _version)")
            body, content_type = "_body", _JSON
            if not parameter.required:
                lines.append("_body = b'{}'")  # Podman does not accept an empty body in place of an empty object
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
        if parameter.until:
            names[f"_s{index}"], names[f"_u{index}"] = parameter.since, parameter.until
            gate = f"_passes({where!r}, {where!r}, _version, _s{index}, _u{index}, {parameter.guards!r})"
            inner = [f"if {gate}:", *(f"    {line}" for line in inner)]
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
            if parameter.if_known:
                test += f" and _version >= _s{index}"
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
        lines.append("return _new(_BoundRequest, (_target, (), None, ''))")
    else:
        lines.append(f"return _BoundRequest(_target, {'_headers' if headers else '()'}, {body}, {content_type!r})")
    arguments = ", ".join(["_version", *(parameter.name for parameter in declared.parameters)])
    return compile_function(f"def bind({arguments}):", lines, names, f"{declared.operation}: bind")


def _upgrade(declared: Declaration, names: dict[str, Any]) -> str:
    """The source of the headers that request another protocol; empty if there is none."""
    if not declared.upgrade:
        return ""
    names["_upgrade"] = (("Connection", "Upgrade"), ("Upgrade", declared.upgrade))
    if declared.upgrade != "websocket":
        return "_upgrade"
    from .._streams.faces.websocket import key_headers

    names["_key_headers"] = key_headers
    return "_upgrade + _key_headers()"


def _query_writer(parameter: Parameter) -> Callable[[str, Any], str]:
    """Writes `&name=value`, once for each value."""
    encode, start = parameter.encode, f"&{parameter.wire}="
    quote = _params.quote

    def write(where: str, value: Any) -> str:
        text = encode(where, value)
        try:
            if isinstance(text, str):
                return start + quote(text)
            return "".join(start + quote(part) for part in text)
        except UnicodeEncodeError as error:
            raise InvalidArgument(f"{where}: {cannot_be_sent(error)}") from error

    return write


def _header_writer(parameter: Parameter) -> Callable[[str, Any], tuple[tuple[str, str], ...]]:
    """Writes the header, once for each value."""
    encode, name = parameter.encode, parameter.wire

    def write(where: str, value: Any) -> tuple[tuple[str, str], ...]:
        text = encode(where, value)
        return ((name, text),) if isinstance(text, str) else tuple((name, part) for part in text)

    return write


def compile_method(declared: Declaration) -> Callable[..., Any]:
    """The method that makes the request. It has the declared signature."""
    names: dict[str, Any] = {"_endpoint": declared}
    arguments = "".join(f"{parameter.name}, " for parameter in declared.parameters)
    head = ", ".join(_signature(declared, names))
    name = declared.function.__name__
    if inspect.iscoroutinefunction(declared.function):
        names["_answer"] = _answer_decoder(declared)
        lines = [
            "_client = self._client",
            f"return await _client.perform(_endpoint, ({arguments}), _client.call, _answer)",
        ]
        method = compile_function(f"async def {name}({head}):", lines, names, f"{declared.operation}: {name}")
    else:
        opens, stream = _stream_classes(declared)
        names |= {"_opens": opens, "_stream": stream, "_partial": functools.partial}
        lines = [
            "_client = self._client",
            "async def _connect(_stream=_stream, _headers=()):",
            "    _exchange = _partial(_client.open, headers=_headers) if _headers else _client.open",
            f"    return await _client.perform(_endpoint, ({arguments}), _exchange, _stream)",
        ]
        if declared.prepare is None:
            lines.append("_made = _opens(_connect)")
        else:
            names["_prepare"] = declared.prepare
            given = "".join(f", {one.name}={one.name}" for one in declared.parameters)
            lines.append(f"_made = _opens(_connect, _prepare(self{given}))")
        names["_operation"] = declared.operation
        lines += [f"_made._call = (_operation, {_subject(declared)})", "return _made"]
        method = compile_function(f"def {name}({head}):", lines, names, f"{declared.operation}: {name}")
    functools.update_wrapper(method, declared.function)
    method.__endpoint__ = declared  # type: ignore[attr-defined]
    return method


def _subject(declared: Declaration) -> str:
    """The parameter that says what a call is about: the first, if it need not be named."""
    parameters = [*inspect.signature(declared.function).parameters.values()][1:2]
    return next((one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY), "None")


def _signature(declared: Declaration, names: dict[str, Any]) -> Iterator[str]:
    """The declared parameters as source code, with names for their defaults."""
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


def _answer_decoder(declared: Declaration) -> Callable[[httpx.Response], Any]:
    """The function that makes the method's result of a successful response."""
    if declared.answer is not None:
        return declared.answer
    returns = declared.returns
    if returns is None or returns is type(None):
        return _no_result
    if returns is bool:
        return _has_changed
    from .._models.codec import decoder, loads

    decode = decoder(returns)

    def answer(response: httpx.Response) -> Any:
        content = response.content
        if not content:
            raise NotSupported(_NO_ANSWER + _HINTS.get(declared.operation, ""), status=response.status_code)
        return decode(loads(content))

    return _telling(declared, answer) if declared.method != "GET" else answer


def _telling(declared: Declaration, answer: Callable[[httpx.Response], Any]) -> Callable[[httpx.Response], Any]:
    """The same function; if the result has warnings about the call, the logger `rawdock` is told of them too."""
    kind = declared.returns
    fields = fields_of(kind) if isinstance(kind, type) and issubclass(kind, Model) else ()
    name = next((field.name for field in fields if field.name in ("warnings", "warning")), None)
    if name is None:
        return answer

    def answer_and_tell(response: httpx.Response) -> Any:
        result = answer(response)
        try:
            found: str | list[str] = getattr(result, name)
        except DecodeError:  # raised again where the caller reads it
            return result
        if found:
            from .._log import log

            for text in [found] if isinstance(found, str) else found:
                log.warning("%s: %s", declared.operation, text.strip())
        return result

    return answer_and_tell


# Podman's answer to some questions that it does not understand, and to some that fail.
_NO_ANSWER = "the answer is empty where JSON is due: this Engine does not do this, at least not with these arguments"
_HINTS = {
    "containers.top": "; leave out ps_args, or look whether the container still runs",
    "images.list": "; leave out digests: Podman lists no images with it, and each has its `repo_digests` anyway",
}


def _no_result(response: httpx.Response) -> None:
    return None


def _has_changed(response: httpx.Response) -> bool:
    """Of start and stop: 304 means that the container was in that state already."""
    return response.status_code != 304


def _stream_classes(declared: Declaration) -> tuple[type[Opens[Any]], type[Any]]:
    found = stream_classes(declared.returns)
    if found is None:
        raise TypeError(
            f"{declared.operation}: a method that is not async returns Opens[...], not {declared.returns!r}"
        )
    return found
