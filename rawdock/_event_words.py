"""The actions of events that Podman (5.4, 5.8 and 6.1) calls by other words than Docker."""

from __future__ import annotations

__all__ = ["DOCKER_ONLY", "DOCKER_WORDS", "HEALTH", "podman_words"]

HEALTH = "health_status"
"""Docker writes the result behind it, as `health_status: healthy`; Podman puts it into a field of its own."""

DOCKER_WORDS: dict[tuple[str, str], str] = {
    ("container", "remove"): "destroy",
    ("container", "exec"): "exec_start",
    ("container", "exec_died"): "exec_die",
    ("network", "remove"): "destroy",
    ("volume", "remove"): "destroy",
    ("image", "loadfromarchive"): "load",
}
"""Docker's word for an action of Podman, by the type of the object."""

DOCKER_ONLY = frozenset(
    (
        "archive-path",
        "copy",
        "detach",
        "disable",
        "enable",
        "exec_create",
        "exec_detach",
        "extract-to-dir",
        "install",
        "oom",
        "reload",
        "resize",
        "top",
    )
)
"""Actions that Podman has no event for."""


def podman_words(action: str) -> list[str]:
    """Podman's words for an action of Docker's, for a filter."""
    word = action.partition(":")[0]
    found = [ours for (_, ours), theirs in DOCKER_WORDS.items() if theirs == word]
    return list(dict.fromkeys(found)) or [word]
