"""Services of a swarm: their specification and status."""

from __future__ import annotations

from typing import Annotated

from rawdock._models.model import Model, Timestamp, since, until, wire

from .common import ObjectVersion
from .tasks import EndpointPortConfig, NetworkAttachmentConfig, TaskSpec


class ReplicatedService(Model):
    """A fixed number of running tasks."""

    replicas: int | None = None
    """None is 1."""


class GlobalService(Model):
    """One running task on each node. It has no settings."""


class ReplicatedJob(Model):
    """A fixed number of tasks that run to completion."""

    max_concurrent: int | None = None
    """How many run at the same time; None is 1."""
    total_completions: int | None = None
    """How many in total; None is `max_concurrent`."""


class GlobalJob(Model):
    """One task on each node that runs to completion. It has no settings."""


class ServiceMode(Model):
    """The mode of a service. At most one field is set; none means `replicated` with one task."""

    replicated: ReplicatedService | None = None
    global_: GlobalService | None = None
    replicated_job: Annotated[ReplicatedJob | None, since("1.41")] = None
    global_job: Annotated[GlobalJob | None, since("1.41")] = None


class UpdateConfig(Model):
    """How tasks are replaced in an update or a rollback."""

    parallelism: int = 0
    """How many tasks are replaced at a time; 0 is all at once."""
    delay: int = 0
    """The pause between two groups of tasks, in nanoseconds."""
    failure_action: str = ""
    """pause, continue or (not of a rollback) rollback; empty is pause."""
    monitor: int = 0
    """How long a new task is watched for failure, in nanoseconds; 0 is 5 s."""
    max_failure_ratio: float = 0.0
    """The share of tasks that may fail, from 0 to 1."""
    order: str = ""
    """stop-first or start-first; empty is stop-first."""


class EndpointSpec(Model):
    """How a service can be reached."""

    mode: str = ""
    """vip (one address for all tasks) or dnsrr (the name has all their addresses); empty is vip."""
    ports: list[EndpointPortConfig] = []


class ServiceSpec(Model):
    """The specification of a service; an update replaces it as a whole."""

    name: str = ""
    """Empty for a name chosen by the Engine."""
    labels: dict[str, str] = {}
    task_template: TaskSpec = TaskSpec()
    mode: ServiceMode = ServiceMode()
    update_config: UpdateConfig | None = None
    """None is one task at a time, as in `rollback_config`."""
    rollback_config: UpdateConfig | None = None
    networks: Annotated[list[NetworkAttachmentConfig], until("1.52", guards=True)] = []
    """The old place for `task_template.networks`."""
    endpoint_spec: EndpointSpec = EndpointSpec()


class EndpointVirtualIP(Model):
    """The address of a service in one network."""

    network_id: Annotated[str, wire("NetworkID")] = ""
    addr: str = ""
    """With the length of its prefix."""


class ServiceEndpoint(Model):
    """The addresses and ports of a service."""

    spec: EndpointSpec = EndpointSpec()
    ports: list[EndpointPortConfig] = []
    """Including the published ports chosen by the swarm."""
    virtual_ips: Annotated[list[EndpointVirtualIP], wire("VirtualIPs")] = []


class UpdateStatus(Model):
    """The progress of an update of a service."""

    state: str = ""
    """updating, paused, completed, rollback_started, rollback_paused or rollback_completed."""
    started_at: Timestamp = Timestamp("")
    completed_at: Timestamp = Timestamp("")
    message: str = ""


class ServiceStatus(Model):
    """The number of tasks of a service."""

    running_tasks: int = 0
    desired_tasks: int = 0
    completed_tasks: int = 0
    """Of a job; 0 elsewhere."""


class JobStatus(Model):
    """The status of a job."""

    job_iteration: ObjectVersion = ObjectVersion()
    """Grows with each run, not always by 1."""
    last_execution: Timestamp = Timestamp("")


class Service(Model):
    """Everything that the Engine reports about a service."""

    id: Annotated[str, wire("ID")]
    version: ObjectVersion = ObjectVersion()
    created_at: Timestamp = Timestamp("")
    updated_at: Timestamp = Timestamp("")
    spec: ServiceSpec = ServiceSpec()
    previous_spec: ServiceSpec | None = None
    """The specification that a rollback restores; None before the first update."""
    endpoint: ServiceEndpoint = ServiceEndpoint()
    update_status: UpdateStatus | None = None
    """None before the first update."""
    service_status: Annotated[ServiceStatus | None, since("1.41")] = None
    """Only in a list, if requested."""
    job_status: Annotated[JobStatus | None, since("1.41")] = None
    """None for services that are no jobs."""


class ServiceCreated(Model):
    """A service was created."""

    id: Annotated[str, wire("ID")]
    warnings: list[str] = []


class ServiceUpdated(Model):
    """A service was changed."""

    warnings: list[str] = []
