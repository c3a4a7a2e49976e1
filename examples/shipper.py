"""Print the lines of all containers as JSON, each once: `python shipper.py STATE [LABEL ...]`.

STATE is a file that remembers where each log was read to: start this again, and it goes on there. It also goes on when
containers and the Engine are started again. Where lines may be missing, it prints why.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from rawdock import Docker, LogGap


def save(state: Path, mark: str) -> None:
    new = state.with_suffix(".new")
    new.write_text(mark)
    os.replace(new, state)


async def main(state: Path, labels: list[str], mark: str | None) -> None:
    async with Docker() as docker, docker.follow_logs(filters={"label": labels}, mark=mark) as logs:
        async for item in logs:
            line = {"container": item.name, "id": item.id}
            if isinstance(item, LogGap):
                line |= {"missing": item.reason, "problem": item.problem}
            else:
                line |= {"time": item.time, "stream": item.stream, "text": item.text}
            print(json.dumps(line), flush=True)
            save(state, logs.mark)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    asyncio.run(main(path, sys.argv[2:], path.read_text() if path.exists() else None))
