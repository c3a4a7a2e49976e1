"""For tests of programs that use rawdock: record the answers of an Engine and replay them without one.

recorder = Recorder()
async with Docker(transport=recorder) as docker:
    await docker.images.list()
recorder.save("images.json")

async with Docker(transport=Replay("images.json")) as docker:
    await docker.images.list()  # no Engine needed
"""

from .format import Exchange, RecordedRequest, RecordedResponse, Recording
from .recording import Recorder
from .replay import NotRecorded, Replay

__all__ = ["Exchange", "NotRecorded", "RecordedRequest", "RecordedResponse", "Recorder", "Recording", "Replay"]
