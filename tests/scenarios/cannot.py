"""What Engines cannot do: the one place that says so.

The first of a key is a label of an Engine, as `kit.engine_of` gives them; the second a scenario or a step of one.
"""

from __future__ import annotations

_NO_UPLOAD = "its BuildKit looks in the network for the archive that it was sent"
_NO_SWARM = "it knows no swarms"
_FRAMES = "what it writes of the past has frames of wrong lengths"
_NO_NAME = "it gives an imported image no name"
_NO_ID = "its samples do not say of which container they are"

CANNOT: dict[tuple[str, str], str] = {
    ("docker", "refuse a second start"): "it says in the output that the command has run already",
    ("docker", "tell networks that are used"): "its list takes every network but its own for dangling",
    ("docker-20.10", "checkpoints-ends"): "its CRIU does not know this kernel",
    ("docker-20.10", "import for a platform"): "it takes the system and leaves the architecture out",
    ("docker-20.10", "swarm-volume"): "it has no volumes of a swarm: API 1.42",
    ("docker-20.10", "write checkpoints"): "its CRIU does not know this kernel",
    ("docker-26.1-ctrd", "builds-buildkit"): _NO_UPLOAD,
    ("docker-26.1-ctrd", "builds-buildkit-fails"): _NO_UPLOAD,
    ("docker-26.1-ctrd", "builds-cancelled"): _NO_UPLOAD,
    ("docker-26.1-ctrd", "builds-pruned"): _NO_UPLOAD,
    ("docker-ctrd", "tell layers that are there"): "it names only the layers that it pulls",
    ("podman", "ask registries"): "it has no such route",
    ("podman", "attach over a WebSocket"): "it has no such route",
    ("podman", "be a swarm"): _NO_SWARM,
    ("podman", "begin with a terminal's size"): "it does not look at the console's size",
    ("podman", "cancel a build"): "it has no such route",
    ("podman", "checkpoints-ends"): "it has no such route",
    ("podman", "checkpoints-kept"): "it has no such route",
    ("podman", "choose outputs of the past"): "an attach with logs begins with both",
    ("podman", "end with what is past"): "it answers nothing if `until` is past, and cuts times to seconds",
    ("podman", "fail inside the stream at once"): "it answers with an error status where no layer has come yet",
    ("podman", "filter networks by type"): "it knows neither type nor scope as a filter",
    ("podman", "filter volumes by two things"): "it takes a volume that one of them fits",
    ("podman", "give details of logs"): "it takes the parameter and adds nothing",
    ("podman", "give stats of what does not run"): "it answers nothing, or an error with status 200",
    ("podman", "have checkpoints"): "it has no such route",
    ("podman", "have plugins"): "it has no such routes",
    ("podman", "hold sessions"): "it has no such route",
    ("podman", "keep volumes with a name"): "its prune takes all that nobody uses, and does not know the filter all",
    ("podman", "list digests"): "it answers nothing at all to digests=true",
    ("podman", "overlook filters of events"): "it refuses those that it does not know",
    ("podman", "plugins-enabled"): "it has no such routes",
    ("podman", "plugins-made"): "it has no such routes",
    ("podman", "plugins-pulled"): "it has no such routes",
    ("podman", "prune what builds keep"): "it has no such route",
    ("podman", "pull all tags"): "without a tag it takes latest",
    ("podman", "pull digest"): "it names the layers only",
    ("podman", "push all tags"): "without a tag it takes latest",
    ("podman", "refuse a bad Dockerfile at once"): "it reads it when the answer has begun",
    ("podman", "refuse a folder that is not there"): "it makes the folder",
    ("podman", "refuse to write where it is read-only"): "it writes from outside the container",
    ("podman", "run health checks"): "it leaves them to systemd's timers",
    ("podman", "services-ends"): _NO_SWARM,
    ("podman", "services-errors"): _NO_SWARM,
    ("podman", "services-given"): _NO_SWARM,
    ("podman", "services-replicated"): _NO_SWARM,
    ("podman", "services-updated"): _NO_SWARM,
    ("podman", "stores-configs"): _NO_SWARM,
    ("podman", "swarm-keys"): _NO_SWARM,
    ("podman", "swarm-nodes"): _NO_SWARM,
    ("podman", "swarm-settings"): _NO_SWARM,
    ("podman", "swarm-volume"): _NO_SWARM,
    ("podman", "system-login"): "its login tries TLS only, also where a registry is named as insecure",
    ("podman", "take hosts for a build"): "it wants them as one JSON list, where Docker wants a parameter each",
    ("podman", "take two samples"): "it answers at once, with one",
    ("podman", "take ulimits for a build"): "it wants texts, where Docker wants objects",
    ("podman", "tell address ranges"): "it keeps the range to itself",
    ("podman", "update one thing alone"): "a restart policy that is left out becomes none",
    ("podman-4.3", "archives-exported"): _NO_NAME,
    ("podman-4.3", "attach-chosen"): _FRAMES,
    ("podman-4.3", "attach-with-logs"): _FRAMES,
    ("podman-4.3", "builds-refused"): "it refuses without a word of why",
    ("podman-4.3", "events-errors"): "it takes filters that it does not know and answers nothing",
    ("podman-4.3", "events-kinds"): "it tells of no networks",
    ("podman-4.3", "events-life"): "an event that is waited for does not come",
    ("podman-4.3", "exec-detached"): "it does not tell that a detached command has ended",
    ("podman-4.3", "images-committed"): "it makes nothing of the configuration that a commit is given",
    ("podman-4.3", "images-looked-at"): "its history names no tags",
    ("podman-4.3", "lifecycle-errors"): "it cannot update a container: it has no such route",
    ("podman-4.3", "lifecycle-updated"): "it has no such route",
    ("podman-4.3", "networks-errors"): "it refuses its default network for the containers in it",
    ("podman-4.3", "networks-joined"): "it tells other ids of a network",
    ("podman-4.3", "pull-fault-inside"): "it says nothing of the layers before the error",
    ("podman-4.3", "system-ping"): "its ping does not name the system",
    ("podman-4.3", "tarballs-imported"): _NO_NAME,
    ("podman-4.3", "tarballs-nameless"): "it names what has no name",
    ("podman-4.3", "tarballs-saved-and-loaded"): _NO_NAME,
    ("podman-4.3", "tarballs-several"): _NO_NAME,
    ("podman-4.3", "usage-errors"): "it says that there is no container without its name",
    ("podman-4.3", "usage-once"): _NO_ID,
    ("podman-4.3", "usage-samples"): _NO_ID,
    ("podman-4.3", "volumes-made"): "it wants a file system with quotas for the size of a volume",
}


def reason(labels: frozenset[str], step: str) -> str:
    """Why an Engine with these labels cannot do this; empty if it can."""
    return next((CANNOT[label, step] for label in sorted(labels) if (label, step) in CANNOT), "")
