"""`commit(changes=...)` takes a list as `import_` does, and one text as before."""

from __future__ import annotations

import httpx
import pytest

from rawdock import Docker, InvalidArgument

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("changes", [["USER ada", "WORKDIR /"], "USER ada\nWORKDIR /"])
async def test_both_forms_are_sent_alike(changes: list[str] | str) -> None:
    """The lines are one text to the Engine."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(201, json={"Id": "sha256:1"}, headers={"Api-Version": "1.51"})

    async with Docker(transport=httpx.MockTransport(answer), version="1.51") as docker:
        await docker.containers.commit("web", changes=changes)
        with pytest.raises(InvalidArgument, match="changes"):
            await docker.containers.commit("web", changes=["USER ada", 1])  # type: ignore[list-item]
    assert [url.params["changes"] for url in asked] == ["USER ada\nWORKDIR /"]
