"""`ContainerSpec.of`: the options of `docker run`, as the Engine takes them."""

from __future__ import annotations

import pytest

from rawdock import Docker, InvalidArgument
from rawdock.models import ContainerSpec

from .kit import BUSYBOX, no_container

NAME = "rawdock-s-options"


async def made(docker: Docker) -> None:
    """What the options say is what an inspection shows."""
    await no_container(docker, NAME)
    spec = ContainerSpec.of(
        BUSYBOX,
        ["sleep", "300"],
        env={"GREETING": "hello", "EMPTY": ""},
        labels={"rawdock.test": "options"},
        ports={80: ("127.0.0.1", None), "53/udp": None},
        expose=[8080],
        volumes=["/anonymous"],
        tmpfs=["/scratch:size=1m"],
        memory="64m",
        cap_drop=["ALL"],
        cap_add=["chown"],
        user="1000:1000",
        working_dir="/tmp",
        restart="on-failure:3",
        hostname="made",
        ulimits={"nofile": (512, 1024)},
        healthcheck={"cmd": "true", "interval": "30s", "retries": 2},
        stop_signal="SIGINT",
        stop_timeout=1,
        shm_size="1m",
        init=True,
    )
    await docker.images.pull(BUSYBOX)
    await docker.containers.create(spec, name=NAME)
    found = await docker.containers.inspect(NAME)
    config, host = found.config, found.host_config
    assert {"GREETING=hello", "EMPTY="} <= set(config.env)
    assert config.labels["rawdock.test"] == "options"
    assert (config.user, config.working_dir, config.hostname) == ("1000:1000", "/tmp", "made")
    assert {"80/tcp", "53/udp"} <= config.exposed_ports.keys()
    assert host.port_bindings["80/tcp"][0].host_ip == "127.0.0.1"
    assert "53/udp" in host.port_bindings
    assert config.healthcheck.test == ["CMD-SHELL", "true"]
    assert (config.healthcheck.interval, config.healthcheck.retries) == (30 * 10**9, 2)
    assert (host.memory, host.shm_size) == (64 << 20, 1 << 20)
    assert (host.restart_policy.name, host.restart_policy.maximum_retry_count) == ("on-failure", 3)
    assert [(one.soft, one.hard) for one in host.ulimits if one.name.lower().endswith("nofile")] == [(512, 1024)]
    assert "/scratch" in host.tmpfs
    assert host.init
    assert any(mount.destination == "/anonymous" for mount in found.mounts)
    await docker.containers.delete(NAME, force=True, volumes=True)


async def run_by_them(docker: Docker) -> None:
    """`run` takes such a specification, and refuses a second image or command beside it."""
    await no_container(docker, NAME)
    say = ["sh", "-c", "id -u; pwd; echo $GREETING; touch /x || touch /scratch/x && echo written"]
    options = ContainerSpec.of(
        BUSYBOX,
        say,
        env=["GREETING=hello"],
        user="1000",
        working_dir="/tmp",
        read_only=True,
        tmpfs=["/scratch:mode=1777"],
    )
    done = await docker.run(options, name=NAME)
    assert done.check().stdout == b"1000\n/tmp\nhello\nwritten\n"
    with pytest.raises(InvalidArgument, match="the image is given twice"):
        docker.run(BUSYBOX, spec=options)
    with pytest.raises(InvalidArgument, match="the command is given twice"):
        docker.run(options, ["true"])
    shell = ContainerSpec.of(BUSYBOX, entrypoint=["sh", "-c"], network="none")
    assert (await docker.run(shell, ["echo joined | tr a-z A-Z"], name=NAME)).stdout == b"JOINED\n"
