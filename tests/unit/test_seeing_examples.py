"""The programs in examples/ that make spans and metrics of calls."""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from typing import Any

import anyio
import pytest
from faultserver import serving
from observed_engine import EVENT, answer
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import http_attributes as more_of_http
from opentelemetry.semconv._incubating.attributes import url_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes
from opentelemetry.trace import SpanKind, StatusCode
from pages import PROJECT
from prometheus_client import CollectorRegistry, generate_latest

from rawdock import ConnectError, Docker, NotFound, TruncatedError

pytestmark = pytest.mark.anyio


def example(name: str) -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "examples" / f"{name}.py"))


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")
        self.on_call = example("opentelemetry_spans")["spans"](self.tracer)

    def ended(self) -> list[ReadableSpan]:
        spans = list(self.exporter.get_finished_spans())
        self.exporter.clear()
        return spans


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    assert span.attributes is not None
    return span.attributes


async def test_a_span_of_a_call() -> None:
    """Its names are those of OpenTelemetry, and no name of a container is in it."""
    spans = Spans()
    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=spans.on_call) as docker:
        await docker.containers.inspect("web")
    (span,) = spans.ended()
    assert (span.name, span.kind, span.status.status_code) == (
        "GET /containers/{id}/json",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert span.parent is None
    assert attributes(span) == {
        http_attributes.HTTP_REQUEST_METHOD: "GET",
        url_attributes.URL_TEMPLATE: "/containers/{id}/json",
        http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
        more_of_http.HTTP_RESPONSE_BODY_SIZE: 10,
        "docker.operation": "containers.inspect",
    }


async def test_spans_of_failures() -> None:
    """The status where the Engine refused, and otherwise the class of the error; a cancelled call ends its span too."""
    spans = Spans()
    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=spans.on_call) as docker:
        with pytest.raises(NotFound):
            await docker.containers.inspect("missing")
        with anyio.move_on_after(0.05):
            await docker.containers.inspect("slow")
        async with docker.system.events(since=1) as events:
            with pytest.raises(TruncatedError):
                assert [event async for event in events]
    async with Docker("/nowhere/at/all", version="1.51", on_call=spans.on_call) as docker:
        with pytest.raises(ConnectError):
            await docker.containers.inspect("web")
    ended = spans.ended()
    cancelled = anyio.get_cancelled_exc_class()
    assert [attributes(span)[error_attributes.ERROR_TYPE] for span in ended] == [
        "404",
        f"{cancelled.__module__}.{cancelled.__name__}",
        "rawdock.errors.TruncatedError",
        "rawdock.errors.ConnectError",
    ]
    assert {span.status.status_code for span in ended} == {StatusCode.ERROR}
    codes = [attributes(span).get(http_attributes.HTTP_RESPONSE_STATUS_CODE) for span in ended]
    assert codes == [404, None, 200, None]


async def test_the_parent_is_the_span_in_which_the_call_is_made() -> None:
    """For calls at once in several tasks, for the calls of helpers, and for a stream that is closed elsewhere."""
    spans = Spans()
    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=spans.on_call) as docker:

        async def one(name: str) -> None:
            with spans.tracer.start_as_current_span(name):
                await docker.containers.inspect("web")

        async with anyio.create_task_group() as tasks:
            for name in ("a", "b", "c"):
                tasks.start_soon(one, name)
        found = {span.context.span_id: span for span in spans.ended() if span.context is not None}
        parents = [found[span.parent.span_id].name for span in found.values() if span.parent is not None]
        assert sorted(parents) == ["a", "b", "c"]
        with spans.tracer.start_as_current_span("opened in"):
            entered = docker.system.events()
            stream = await entered.__aenter__()
        (parent,) = spans.ended()
        with spans.tracer.start_as_current_span("closed in"):
            await anext(stream)
            await entered.__aexit__(None, None, None)
        stream_span, _ = spans.ended()
        assert parent.context is not None
        assert stream_span.parent is not None
        assert (stream_span.name, stream_span.parent.span_id) == ("GET /events", parent.context.span_id)


async def test_metrics() -> None:
    """What was asked, how it ended, what is open, and how much came; labels are operations and outcomes only."""
    registry = CollectorRegistry()
    on_call = example("prometheus_metrics")["metrics"](registry)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    async with serving(answer) as server, Docker(server.path, version="1.51", on_call=on_call) as docker:
        for name in ("web", "db"):
            await docker.containers.inspect(name)
        with pytest.raises(NotFound):
            await docker.containers.inspect("missing")
        with anyio.move_on_after(0.05):
            await docker.containers.inspect("slow")
        async with docker.system.events() as events:
            await anext(events)
            assert value("docker_calls_open", operation="system.events") == 1
        async with docker.system.events(since=1) as events:
            with pytest.raises(TruncatedError):
                assert [event async for event in events]
    inspect = "containers.inspect"
    assert value("docker_calls_total", operation=inspect, outcome="200") == 2
    assert value("docker_calls_total", operation=inspect, outcome="404") == 1
    cancelled = anyio.get_cancelled_exc_class().__name__
    assert value("docker_calls_total", operation=inspect, outcome=cancelled) == 1
    assert value("docker_calls_total", operation="system.events", outcome="200") == 1
    assert value("docker_calls_total", operation="system.events", outcome="TruncatedError") == 1
    assert value("docker_calls_open", operation=inspect) == value("docker_calls_open", operation="system.events") == 0
    assert value("docker_answer_seconds_count", operation=inspect) == 3
    assert value("docker_received_bytes_total", operation="system.events") == 2 * len(EVENT)
    assert value("docker_connections_total") in (2, 3, 4)  # what was cancelled or broken off is not used again
    assert "web" not in generate_latest(registry).decode()
