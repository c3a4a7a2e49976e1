"""The Engine keeps a bounded log of a container of `run`: its output may be endless, and the caller gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.host_config import LogConfig

if TYPE_CHECKING:
    from ..errors import BadRequest
    from ..models import ContainerSpec

__all__ = ["MAX_SIZE", "is_refused", "with_bounded_log", "without_bounded_log"]

MAX_SIZE = "10m"
"""In the words of `--log-opt max-size`. The newest output of about this size stays."""
_BOUNDED = LogConfig(config={"max-size": MAX_SIZE})
"""Without a type: the Engine's own driver stays, and takes its other options from the Engine's settings."""


def with_bounded_log(spec: ContainerSpec) -> ContainerSpec:
    """The same container with a bounded log, unless it says itself how it logs."""
    if getattr(spec.host_config, "log_config", None) != LogConfig():
        return spec  # what is no HostConfig is refused with the call
    return spec.replace(host_config=spec.host_config.replace(log_config=_BOUNDED))


def without_bounded_log(spec: ContainerSpec) -> ContainerSpec:
    """The container as it was before `with_bounded_log`."""
    return spec.replace(host_config=spec.host_config.replace(log_config=LogConfig()))


def is_refused(spec: ContainerSpec, error: BadRequest) -> bool:
    """Whether the Engine's own log driver has no such option: journald and those that send logs elsewhere."""
    return spec.host_config.log_config == _BOUNDED and "unknown log opt" in error.message
