"""For tests of code that uses rawdock: record what an Engine answered, and answer from the recording later.

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
