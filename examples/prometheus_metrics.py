"""Metrics of the calls of the Engine for Prometheus: `python prometheus_metrics.py PORT` serves them."""

import asyncio
import sys
from collections.abc import Callable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from rawdock import Call, CallEnd, Docker, OnCall


def metrics(registry: CollectorRegistry = REGISTRY) -> OnCall:
    # The operation and the status are few words: no name of a container is in them.
    ended_calls = Counter("docker_calls", "Calls and streams that ended", ["operation", "outcome"], registry=registry)
    open_calls = Gauge("docker_calls_open", "Calls and streams that are open", ["operation"], registry=registry)
    answered = Histogram("docker_answer_seconds", "Until the answer was there", ["operation"], registry=registry)
    received = Counter("docker_received_bytes", "What was read of bodies", ["operation"], registry=registry)
    connections = Counter("docker_connections", "Connections that were opened", registry=registry)

    def on_call(call: Call) -> Callable[[CallEnd], None]:
        open_calls.labels(call.operation).inc()

        def ended(end: CallEnd) -> None:
            open_calls.labels(call.operation).dec()
            failed_here = end.error is not None and (end.status is None or end.status < 400)
            outcome = type(end.error).__name__ if failed_here else str(end.status)
            ended_calls.labels(call.operation, outcome).inc()
            if end.answered is not None:
                answered.labels(call.operation).observe(end.answered)
            received.labels(call.operation).inc(end.received)
            connections.inc(end.new_connection)

        return ended

    return on_call


async def main() -> None:
    start_http_server(int(sys.argv[1]), "127.0.0.1")
    async with Docker(on_call=metrics()) as docker:
        while True:
            print(len(await docker.containers.list()), "containers run", flush=True)
            await asyncio.sleep(10)


if __name__ == "__main__":
    asyncio.run(main())
