"""What Engines cannot do: the one place that says so.

The first of a key is a label of an Engine, as `kit.engine_of` gives them; the second a scenario or a step of one.
"""

from __future__ import annotations

CANNOT: dict[tuple[str, str], str] = {
    ("docker-ctrd", "tell layers that are there"): "it names only the layers that it pulls",
    ("podman", "fail inside the stream at once"): "it answers with an error status where no layer has come yet",
    ("podman", "list digests"): "it answers nothing at all to digests=true",
    ("podman", "pull all tags"): "without a tag it takes latest",
    ("podman", "pull digest"): "it names the layers only",
    ("podman", "push all tags"): "without a tag it takes latest",
    ("podman", "system-login"): "its login tries TLS only, also where a registry is named as insecure",
    ("podman", "update one thing alone"): "a restart policy that is left out becomes none",
    ("docker", "tell networks that are used"): "its list takes every network but its own for dangling",
    ("podman", "filter networks by type"): "it knows neither type nor scope as a filter",
    ("podman", "tell address ranges"): "it keeps the range to itself",
    ("podman", "keep volumes with a name"): "its prune takes all that nobody uses, and does not know the filter all",
    ("docker", "refuse a second start"): "it says in the output that the command has run already",
    ("podman", "filter volumes by two things"): "it takes a volume that one of them fits",
    ("podman", "begin with a terminal's size"): "it does not look at the console's size",
    ("podman", "choose outputs of the past"): "an attach with logs begins with both",
    ("podman", "attach over a WebSocket"): "it has no such route",
    ("podman", "give details of logs"): "it takes the parameter and adds nothing",
    ("podman", "give stats of what does not run"): "its answer is empty, or an error with status 200",
    ("podman", "take two samples"): "it answers at once, with one",
    ("podman", "ask registries"): "it has no such route",
    ("podman", "refuse a folder that is not there"): "it makes the folder",
    ("podman", "refuse to write where it is read-only"): "it writes from outside the container",
    ("podman", "cancel a build"): "it has no such route",
    ("podman", "prune what builds keep"): "it has no such route",
    ("podman", "refuse a bad Dockerfile at once"): "it reads it when the answer has begun",
    ("podman", "take hosts for a build"): "it wants them as one JSON list, where Docker wants a parameter each",
    ("podman", "take ulimits for a build"): "it wants texts, where Docker wants objects",
}


def reason(labels: frozenset[str], step: str) -> str:
    """Why an Engine with these labels cannot do this; empty if it can."""
    return next((CANNOT[label, step] for label in sorted(labels) if (label, step) in CANNOT), "")
