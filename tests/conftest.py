"""What all tests share: the event loops, the limit of each test, and the clock that a test may hold."""

from __future__ import annotations

import functools
import inspect
import signal
from collections.abc import Generator
from typing import Any

import anyio
import pytest

pytest.register_assert_rewrite(  # before they are imported: a failed assertion shows the values it compared
    "scenarios",
    *("address_cases", "addresses"),
    *(
        "bodies",
        "cancelling",
        "credential_cases",
        "certificates",
        "example_arguments",
        "failures",
        "fakeengine",
        "faultserver",
        "ignore_cases",
        "made",
        "pages",
    ),
    *("scripted", "spec", "stats_samples", "tar_archives"),
)

from held_clock import HeldClockLoop, held_trio_clock, wait_for_worker_threads  # noqa: E402

DOCKER_VARIABLES = ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "DOCKER_CUSTOM_HEADERS", "DOCKER_DEFAULT_PLATFORM")
# A shell starts its background jobs with SIGINT ignored, and every program that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
MORE_FOR_THE_PLUGIN = 30
"""Seconds that pytest-timeout, the last resort, waits beyond a test's own limit before it ends the process."""


@pytest.fixture(autouse=True, scope="session")
def no_configuration(tmp_path_factory: pytest.TempPathFactory) -> Generator[None, None, None]:
    """No test depends on how the docker command of this user is set up, nor reads or sends its credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in DOCKER_VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("docker-config")))
        yield


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every async test runs on both, and with `@pytest.mark.held_clock` on a clock that jumps while nothing happens."""
    name = str(request.param)
    if request.node.get_closest_marker("held_clock") is None:
        return name
    wait_for_worker_threads(monkeypatch)
    return (name, {"loop_factory": HeldClockLoop} if name == "asyncio" else {"clock": held_trio_clock()})


def limit_of(item: pytest.Item) -> float:
    """The seconds that a test may take: those of its own or its module's `timeout` marker, or the setting `timeout`."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0] if marker else item.config.getini("timeout"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Async tests have their limit in their own event loop, so pytest-timeout waits longer for them."""
    for item in items:
        if isinstance(item, pytest.Function) and _is_async(item):
            limit = limit_of(item)
            item.user_properties.append(("limit", str(limit)))
            item.add_marker(pytest.mark.timeout(limit + MORE_FOR_THE_PLUGIN), append=False)


def _is_async(item: pytest.Function) -> bool:
    return item.get_closest_marker("anyio") is not None and inspect.iscoroutinefunction(item.obj)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """An async test that exceeds its limit is cancelled and fails.

    pytest-timeout alone would interrupt whatever runs at that moment, and anyio's trio runner would then wait for ever.
    """
    if not _is_async(pyfuncitem):
        return (yield)
    test = pyfuncitem.obj
    limit = float(dict(pyfuncitem.user_properties)["limit"])

    @functools.wraps(test)
    async def limited(**arguments: Any) -> None:
        with anyio.move_on_after(limit) as scope:
            await test(**arguments)
        if scope.cancelled_caught:
            pytest.fail(f"the test was not finished after its limit of {limit:g} seconds")

    pyfuncitem.obj = limited
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test
