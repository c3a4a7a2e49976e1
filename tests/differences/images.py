"""Rows about images and registries."""

from __future__ import annotations

from .heard import Heard
from .rows import NOT_ASKED, Row

_PULL = "POST /images/create"
_INSPECT = r"GET /images/.+/json$"


def _statuses(heard: Heard) -> str:
    lines = heard.answer(_PULL).lines
    ids = {line["id"] for line in lines if line["status"] in ("Pulling fs layer", "Already exists")}
    seen = list(dict.fromkeys(line["status"] for line in lines if line.get("id") in ids))
    # what is there already, and how far the download of a small layer is when it is looked at, is chance
    sure = [status for status in seen if status not in ("Already exists", "Downloading", "Extracting", "Waiting")]
    return ", ".join(f"`{status}`" for status in sure)


def _digest(heard: Heard) -> str:
    return {True: "yes", False: "no"}[
        any(line.get("status", "").startswith("Digest: sha256:") for line in heard.answer(_PULL).lines)
    ]


def _image_as_layer(heard: Heard) -> str:
    """Whether a line has the id of the image itself."""
    inspected = heard.answer(_INSPECT).json["Id"].removeprefix("sha256:")[:12]
    there = any(line.get("id") == inspected for line in heard.answer(_PULL).lines)
    return {True: "lines of the image itself, beside its layers", False: "lines of layers alone"}[there]


def _commit(heard: Heard) -> str:
    id = heard.answer("POST /commit").json["Id"]
    if len(id.removeprefix("sha256:")) != 64:
        raise LookupError(f"{id} is no id")
    return "`sha256:` and 64 digits" if id.startswith("sha256:") else "64 digits alone"


def _short_name(heard: Heard) -> str:
    (tag,) = heard.answer(_INSPECT).json["RepoTags"]
    return f"`{tag.removesuffix('rawdock-s-committed:1')}name:1`"


def _author(heard: Heard) -> str:
    return {"Ada": "kept", "": "ignored"}[heard.answer(_INSPECT).json.get("Author", "")]


def _two_names(heard: Heard) -> str:
    listed = heard.answer("GET /images/json.*rawdock-s-engines").json[0]["RepoDigests"] or []
    inspected = heard.answer(r"GET /images/.*engines:1/json$").json["RepoDigests"]
    words = {0: "none", 1: "one", 2: "both"}
    return f"{words[len(listed)]} in the list, {words[len(inspected)]} in inspect"


def _built_again(heard: Heard) -> str:
    before = heard.answer(r"GET /images/sha256.*/json$", -1)
    if before.status == 404:
        return "it is gone"
    if before.json["RepoTags"]:
        raise LookupError(f"it is still named {before.json['RepoTags']}")
    return "it stays, without a name"


def _digests(heard: Heard) -> str:
    answer = heard.answer("GET /images/json.digests=true")
    return {True: "the list", False: "status 200 and an empty body"}[bool(answer.body)]


def _sizes(heard: Heard) -> str:
    listed = heard.answer("GET /images/json").json[0]["Size"]
    inspected = heard.answer(_INSPECT).json["Size"]
    return "the same" if listed == inspected else f"the list says {listed / inspected:.1f} times as much"


def _pruned(heard: Heard) -> str:
    result = heard.answer("POST /images/prune").json
    untagged = [one for one in result["ImagesDeleted"] if "Untagged" in one]
    deleted = [one["Deleted"] for one in result["ImagesDeleted"] if "Deleted" in one]
    if not deleted:
        raise LookupError(f"{result} deleted nothing")
    if untagged:
        return "the image, untagged and deleted"
    return {1: "the image", 2: "the image and its layer"}[len(deleted)]


def _reclaimed(heard: Heard) -> str:
    space = heard.answer("POST /images/prune").json["SpaceReclaimed"]
    return "nothing" if space == 0 else "the whole image" if space > 1_000_000 else "its own layer"


def _load(heard: Heard) -> str:
    lines = heard.answer("POST /images/load").lines
    (said,) = [line["stream"] for line in lines if "stream" in line]
    words = f"`{said.partition('sha256:')[0].strip()}` and the id"
    return f"`Loading layer` with its bytes, then {words}" if len(lines) > 1 else words


def _push(heard: Heard) -> str:
    lines = heard.answer("POST /images/.*/push").lines
    words = "lines of layers, " if any("id" in line for line in lines) else ""
    return f"{words}the digest" + (" in a sentence, and by itself" if "aux" in lines[-1] else " in a sentence")


def _failed_step(heard: Heard) -> str:
    (error,) = [line["errorDetail"] for line in heard.answer("POST /build").lines if "error" in line]
    if "3" not in error["message"]:
        raise LookupError(f"{error} does not say the exit code")
    return {True: "in `errorDetail.code`", False: "in the sentence alone"}[error.get("code") == 3]


def _attested(heard: Heard) -> str:
    if heard.api < (1, 55):
        return NOT_ASKED  # VersionError
    return {501: "no (501)", 404: "yes"}[heard.answer("GET /images/.*/attestations").status]


def _searched(heard: Heard) -> str:
    if not heard.is_podman and heard.api:
        return NOT_ASKED  # it searches registries of the first version only
    found = heard.answer("GET /images/search").json[0]
    return {True: "`Name`, `Stars`", False: "`name`, `star_count`"}["Name" in found]


ROWS = (
    Row(
        "What the lines of a pull say of each layer",
        "pull-shared-layers",
        _statuses,
        "`progress` counts a layer by whichever lines came; with containerd's store bytes are a lower bound",
    ),
    Row("A pull reports the digest", "pull-lines", _digest, "`PullResult.digest` is empty without it"),
    Row(
        "Which ids have lines in a pull",
        "images-looked-at",
        _image_as_layer,
        "as they came: Podman's progress counts the image too",
    ),
    Row("The id that a commit gives", "images-committed", _commit, "as it came"),
    Row("The name that `name:1` becomes", "images-committed", _short_name, "as it came"),
    Row("The author of a commit", "images-committed", _author, "as it came"),
    Row(
        "`repo_digests` of an image that was pulled, and tagged in another repository",
        "engines-image-with-two-names",
        _two_names,
        "as they came: `images.inspect` has all",
    ),
    Row(
        "A name is built again: the image that had it before",
        "engines-image-built-again",
        _built_again,
        "as the Engine does",
    ),
    Row("`images.list(digests=True)`", "refusals-silences", _digests, "NotSupported for the empty body"),
    Row("The size of an image, in the list and in inspect", "images-looked-at", _sizes, "as they came"),
    Row("What a prune of one dangling image lists", "prune-images", _pruned, "as it came"),
    Row(
        "The space that the prune of an image with one own layer, of an empty file, reports",
        "prune-images",
        _reclaimed,
        "as it came",
    ),
    Row(
        "What a load of an image without a name says",
        "tarballs-nameless",
        _load,
        "`LoadResult.images` has the name or the id",
    ),
    Row("What a push says", "images-pushed", _push, "`PushResult.digest`"),
    Row(
        "A step of a build fails: its exit code",
        "builds-fails",
        _failed_step,
        "`BuildError.exit_code`",
    ),
    Row("Attestations of images", "images-attested", _attested, "NotSupported where there are none"),
    Row("Names of the fields of search results", "refusals-names-of-results", _searched, "both are read"),
)
