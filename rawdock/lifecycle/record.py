"""Make a new recording: `python -m rawdock.lifecycle.record ADDRESS`, on an Engine without any of the images."""

from __future__ import annotations

import datetime
import sys

import anyio

from .._docker import Docker
from ..testing import Recorder
from .__main__ import RECORDING
from .screen import Screen
from .story import Story


async def record(address: str) -> None:
    """Run the story on this Engine and save its answers."""
    recorder = Recorder(address)
    async with Docker(address, transport=recorder) as docker:
        await Story(docker, Screen(sys.stdout)).run()
        version = await docker.system.version()
        about = {
            "address": docker.address,
            "api": docker.version or "",
            "date": datetime.date.today().isoformat(),
            "engine": f"Docker Engine {version.version}",
        }
    recorder.save(RECORDING, about)


if __name__ == "__main__":
    anyio.run(record, sys.argv[1])
