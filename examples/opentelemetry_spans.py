"""Each call of the Engine as a span of OpenTelemetry, below the span in which it is made."""

import asyncio
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from rawdock import Call, CallEnd, Docker, OnCall


def spans(tracer: trace.Tracer) -> OnCall:
    def on_call(call: Call) -> Callable[[CallEnd], None]:
        # The parent is the span that is current here, where the call is made; it may have ended before a stream does.
        attributes = {"http.request.method": call.method, "url.template": call.path, "docker.operation": call.operation}
        span = tracer.start_span(f"{call.method} {call.path}", kind=trace.SpanKind.CLIENT, attributes=attributes)

        def ended(end: CallEnd) -> None:
            span.set_attribute("http.response.body.size", end.received)
            if end.status is not None:
                span.set_attribute("http.response.status_code", end.status)
            if end.error is not None:
                kind, refused = type(end.error), end.status is not None and end.status >= 400
                span.set_attribute("error.type", str(end.status) if refused else f"{kind.__module__}.{kind.__name__}")
                span.set_status(trace.StatusCode.ERROR)
            span.end()

        return ended

    return on_call


async def main() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    tracer = provider.get_tracer("example")
    async with Docker(on_call=spans(tracer)) as docker:
        with tracer.start_as_current_span("look around"):
            for container in await docker.containers.list():
                await docker.containers.inspect(container.id)


if __name__ == "__main__":
    asyncio.run(main())
