"""Services of a swarm: what one is made from, and how it is."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, until, wire

from .common import ObjectVersion
from .tasks import EndpointPortConfig, NetworkAttachmentConfig, TaskSpec


class ReplicatedService(Model):
    """So many tasks at all times."""

    replicas: int | None = None
    """None is 1."""


class GlobalService(Model):
    """One task on each node, at all times. There is nothing to say about it."""


class ReplicatedJob(Model):
    """So many tasks that run to their end."""

    max_concurrent: int | None = None
    """At the same time; None is 1."""
    total_completions: int | None = None
    """In all; None is `max_concurrent`."""


class GlobalJob(Model):
    """One task on each node that runs to its end. There is nothing to say about it."""


class ServiceMode(Model):
    """How many tasks a service has. At most one is set; none is `replicated` with one task."""

    replicated: ReplicatedService | None = None
    global_: GlobalService | None = None
    replicated_job: Annotated[ReplicatedJob | None, since("1.41")] = None
    global_job: Annotated[GlobalJob | None, since("1.41")] = None


class UpdateConfig(Model):
    """How new tasks take the place of old ones, in an update or a rollback."""

    parallelism: int = 0
    """Tasks at a time; 0 is all at once."""
    delay: int = 0
    """Between two groups of tasks, in nanoseconds."""
    failure_action: str = ""
    """pause, continue or (not of a rollback) rollback; empty is pause."""
    monitor: int = 0
    """How long a new task is watched for failure, in nanoseconds; 0 is 5 s."""
    max_failure_ratio: float = 0.0
    """The share of tasks that may fail, from 0 to 1."""
    order: str = ""
    """stop-first or start-first; empty is stop-first."""


class EndpointSpec(Model):
    """How a service is reached."""

    mode: str = ""
    """vip (one address for all tasks) or dnsrr (the name has all their addresses); empty is vip."""
    ports: list[EndpointPortConfig] = []


class ServiceSpec(Model):
    """What a service is made from; an update takes the place of the old one as a whole."""

    name: str = ""
    """Empty lets the Engine make one up."""
    labels: dict[str, str] = {}
    task_template: TaskSpec = TaskSpec()
    mode: ServiceMode = ServiceMode()
    update_config: UpdateConfig | None = None
    """None is one task at a time, as in `rollback_config`."""
    rollback_config: UpdateConfig | None = None
    networks: Annotated[list[NetworkAttachmentConfig], until("1.52")] = []
    """The old place for `task_template.networks`."""
    endpoint_spec: EndpointSpec = EndpointSpec()


class EndpointVirtualIP(Model):
    """The address of a service in one network."""

    network_id: Annotated[str, wire("NetworkID")] = ""
    addr: str = ""
    """With the length of its prefix."""


class ServiceEndpoint(Model):
    """Where a service is reached."""

    spec: EndpointSpec = EndpointSpec()
    ports: list[EndpointPortConfig] = []
    """With the published ports that the swarm chose."""
    virtual_ips: Annotated[list[EndpointVirtualIP], wire("VirtualIPs")] = []


class UpdateStatus(Model):
    """How far an update of a service has come."""

    state: str = ""
    """updating, paused, completed, rollback_started, rollback_paused or rollback_completed."""
    started_at: Timestamp = Timestamp("")
    completed_at: Timestamp = Timestamp("")
    message: str = ""


class ServiceStatus(Model):
    """How many tasks a service has."""

    running_tasks: int = 0
    desired_tasks: int = 0
    completed_tasks: int = 0
    """Of a job; 0 elsewhere."""


class JobStatus(Model):
    """How a job is."""

    job_iteration: ObjectVersion = ObjectVersion()
    """Grows with each run, not always by 1."""
    last_execution: Timestamp = Timestamp("")


class Service(Model):
    """All the Engine knows about a service."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ServiceSpec = ServiceSpec()
    previous_spec: ServiceSpec | None = None
    """What a rollback goes back to; None before the first update."""
    endpoint: ServiceEndpoint = ServiceEndpoint()
    update_status: UpdateStatus | None = None
    """None before the first update."""
    service_status: Annotated[ServiceStatus | None, since("1.41")] = None
    """Only a list has it, and only if asked for."""
    job_status: Annotated[JobStatus | None, since("1.41")] = None
    """None for what is no job."""


class ServiceCreated(Model):
    """A service was made."""

    id: Annotated[str, wire("ID")]
    warnings: list[str] = []


class ServiceUpdated(Model):
    """A service was changed."""

    warnings: list[str] = []
