"""The `endpoint` decorator, which turns the signature of a method into a request.

A parameter named in the route is part of the path; one whose type is a model is the JSON body; every other one is a
query parameter in camelCase, sent if it differs from its default. Annotations say what differs from that: `query`,
`header`, `filters`, `image_name`, `content`, `json_body`, `since`. A query string in the route is sent with every call.

What can be checked without resolving types is checked at import. The rest is compiled into a plain function at the
first call, so that importing stays cheap and calls do not have to interpret the declaration.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._lazy import loading
from .._shown import shown
from ..errors import InvalidArgument
from .compile import compile_bind, compile_method
from .declaration import BoundRequest, Declaration, Parameter, Prepare

if TYPE_CHECKING:
    import httpx

__all__ = ["BoundRequest", "Endpoint", "Parameter", "endpoint", "endpoint_of", "wraps_endpoint"]

F = TypeVar("F", bound=Callable[..., Any])


class Endpoint(Declaration):
    """The declaration of one operation, and the function that makes a request of its arguments."""

    @functools.cached_property
    def bind(self) -> Callable[..., BoundRequest]:
        """`bind(version, *arguments)`: the request with the arguments encoded; wrong arguments raise an error."""
        return compile_bind(self)


def endpoint(
    route: str,
    *,
    since: str | None = None,
    versioned: bool = True,
    answer: Callable[[httpx.Response], Any] | None = None,
    secret: bool = False,
    upgrade: str = "",
    prepare: Prepare | None = None,
) -> Callable[[F], F]:
    """Make a method of a `Resource` the operation `route`.

    `since` is the least API version. `versioned=False` is for the few paths without a version. `answer` makes the
    result of the whole response, if it is not just its JSON. `secret` keeps the body out of errors. `upgrade` is the
    protocol to upgrade the connection to. `prepare` is called with the resource and the arguments, and returns a
    function that prepares the open stream before the caller gets it.
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
            prepare=prepare,
        )
        method = _deferred(declared)
        method.__endpoint__ = declared  # type: ignore[attr-defined]
        return cast("F", method)

    return decorate


def wraps_endpoint(declared: Callable[..., Any]) -> Callable[[F], F]:
    """Mark a method with a body of its own as the public method of an endpoint."""

    def decorate(function: F) -> F:
        function.__endpoint__ = declared.__endpoint__  # type: ignore[attr-defined]
        return function

    return decorate


def endpoint_of(method: Callable[..., Any]) -> Endpoint:
    """The declaration of a method, as data: `endpoint_of(Containers.create)`."""
    declared = getattr(method, "__endpoint__", None)
    if not isinstance(declared, Endpoint):
        raise InvalidArgument(f"{getattr(method, '__qualname__', None) or shown(method)} is not an endpoint")
    return declared


def _deferred(declared: Endpoint) -> Callable[..., Any]:
    """A method whose first call replaces it by the compiled one."""
    function = declared.function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def first_call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await _install(declared, cast("type[Any]", type(self)))(self, *args, **kwargs)

        return first_call

    @functools.wraps(function)
    def first_open(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _install(declared, cast("type[Any]", type(self)))(self, *args, **kwargs)

    return first_open


def _install(declared: Endpoint, owner: type) -> Callable[..., Any]:
    with loading():
        method = compile_method(declared)
    name = declared.function.__name__
    for cls in owner.__mro__:
        if name in vars(cls):
            if getattr(vars(cls)[name], "__endpoint__", None) is declared:
                setattr(cls, name, method)
            break
    return method
