"""A request whose body can hold a secret keeps its body out of errors and curl lines."""

from __future__ import annotations

from typing import Any, get_args

import httpx
import pytest
from spec.facts import methods

from rawdock import Docker, SecretStr, ServerError, endpoint_of
from rawdock._models.model import Model, SecretBytes, fields_of
from rawdock.models import SwarmCAConfig, SwarmInitRequest, SwarmSpec


def holds_secret(kind: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a value of this type can hold a `SecretStr`, at any depth."""
    if kind in (SecretStr, SecretBytes):
        return True
    if isinstance(kind, type) and issubclass(kind, Model):
        return kind not in seen and any(holds_secret(field.type, seen | {kind}) for field in fields_of(kind))
    return any(holds_secret(inner, seen) for inner in get_args(kind))


BODIES = {
    name: parameter.type
    for name, method in methods().items()
    for parameter in endpoint_of(method).parameters
    if parameter.place == "body"
}


@pytest.mark.parametrize("name", BODIES)
def test_it_is_declared_secret(name: str) -> None:
    """`secret=True` is set wherever a model of the body has a secret in it."""
    if holds_secret(BODIES[name]):
        assert endpoint_of(methods()[name]).secret, f"{name}: give its @endpoint secret=True"


def test_there_are_some() -> None:
    assert {name for name, kind in BODIES.items() if holds_secret(kind)} >= {"swarm.init", "swarm.join", "system.auth"}


@pytest.mark.anyio
async def test_a_signing_key_is_not_shown() -> None:
    """The key of a swarm's certificate authority is neither in the error nor in its curl line."""
    spec = SwarmSpec(ca_config=SwarmCAConfig(signing_ca_key=SecretStr("very-secret")))
    transport = httpx.MockTransport(lambda request: httpx.Response(500, json={"message": "no"}))
    async with Docker(transport=transport, version="1.51") as docker:
        with pytest.raises(ServerError) as caught:
            await docker.swarm.init(SwarmInitRequest(spec=spec))
    assert "very-secret" not in f"{caught.value}{caught.value!r}{caught.value.curl()}"
