"""Run a job of a CI system: `python ci.py job.json FOLDER OUTPUT`.

The job has an image, services that are waited for, steps whose lines are printed as they come, and artifacts. FOLDER is
copied in, the artifacts are copied out to OUTPUT, and nothing is left on the Engine afterwards.
"""

import asyncio
import json
import sys
from typing import Any

from rawdock import Docker, Temporary
from rawdock.models import ContainerSpec, NetworkCreateRequest

WORK = "/work"


async def start_service(docker: Docker, tmp: Temporary, network: str, service: dict[str, Any]) -> None:
    await docker.ensure_image(service["image"])
    spec = ContainerSpec.of(service["image"], service.get("cmd"), env=service.get("env", {}), network=network)
    box = await tmp.containers.create(spec, name=service["name"])
    await docker.containers.start(box.id)
    await docker.wait_port(box.id, service["port"])


async def run_step(docker: Docker, box: str, step: dict[str, Any]) -> int:
    print(f"== {step['name']}", flush=True)
    cmd = ["sh", "-ec", step["script"]]
    async with docker.execute(
        box, cmd, env=step.get("env"), working_dir=WORK, timeout=step.get("timeout")
    ) as execution:
        async for frame in execution:
            print(frame.data.decode(errors="replace"), end="", flush=True)
        return (await execution.result()).exit_code


async def run_job(job: dict[str, Any], folder: str, output: str) -> int:
    async with Docker() as docker, docker.temporary(lifetime=3600) as tmp:
        network = (await tmp.networks.create(NetworkCreateRequest(name=f"ci-{job['name']}"))).id
        async with asyncio.TaskGroup() as tasks:
            for service in job.get("services", []):
                tasks.create_task(start_service(docker, tmp, network, service))
        await docker.ensure_image(job["image"])
        spec = ContainerSpec.of(job["image"], ["sleep", "inf"], init=True, working_dir=WORK, network=network)
        box = (await tmp.containers.create(spec)).id
        await docker.containers.start(box)
        await docker.copy_in(box, f"{folder}/.", WORK)
        for step in job["steps"]:
            if code := await run_step(docker, box, step):
                return code
        for path in job.get("artifacts", []):
            await docker.copy_out(box, f"{WORK}/{path}", output)
        return 0


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        sys.exit(asyncio.run(run_job(json.load(file), *sys.argv[2:])))
