"""The images of the tests, created without network and engine.

With the same busybox, their bytes are the same on every run, so digests and ids are stable:

    busybox:1   1 layer, 2 MB: a shell and every applet; also as library/busybox:1, its name on Docker Hub, because
                the engines use this registry as a mirror of Docker Hub
    app:3       3 layers, 5 MB
    app:10      10 layers, 20 MB
    app:30      30 layers, 200 MB; the app images share their lowest layer with busybox:1
    fault:1     5 layers, 8 MB, shared with no other image, so a failed pull does not affect other pulls
    multi:1     an OCI index with linux/amd64, linux/arm64/v8 and linux/arm/v7, all with the same layer
    rich:1      every field of an image configuration is set
    empty:1     one empty layer, no command
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

from .image_store import Files, Image, Store, tar
from .machine import BUSYBOX, architecture

_HUB_NAME = "library/busybox"

_CONFIG = {"Env": ["PATH=/bin"], "Cmd": ["sh"], "Labels": {"org.rawdock": "test"}}
_RICH = _CONFIG | {
    "User": "ada",
    "WorkingDir": "/tmp",
    "Entrypoint": ["/bin/sh", "-c"],
    "Cmd": ["sleep 1000"],
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Volumes": {"/data": {}},
    "StopSignal": "SIGINT",
    "OnBuild": ["RUN true"],
    "Shell": ["/bin/sh", "-ec"],
    "ArgsEscaped": True,
    "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1000000000, "Timeout": 2000000000, "Retries": 3},
    "Labels": {"a": "1", "unicode": "é"},
}
_PLATFORMS = (("amd64", ""), ("arm64", "v8"), ("arm", "v7"))


def make_images(out: Path) -> None:
    """Create all images unless they exist."""
    if out.exists():
        _add_hub_name(out)
        return
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    print("creating the images", flush=True)
    _fill(Store(partial))
    partial.rename(out)


def _fill(store: Store) -> None:
    here = architecture()
    bottom = _busybox_layer()
    busybox = Image([bottom], _CONFIG, here)
    store.image("busybox", "1", busybox)
    store.image(_HUB_NAME, "1", busybox)
    store.archive("busybox", "1", busybox)
    for count, megabytes in ((3, 5), (10, 20), (30, 200)):
        layers = [bottom, *_app_layers(count, megabytes * 1_000_000 - len(bottom) // 2)]
        app = Image(layers, _CONFIG | {"Labels": {"layers": str(count)}}, here)
        store.image("app", str(count), app)
        if count == 3:
            store.archive("app", "3", app)
    store.image("fault", "1", Image(_fault_layers(), _CONFIG, here))
    store.index("multi", "1", [Image([bottom], _CONFIG, name, variant, oci=True) for name, variant in _PLATFORMS])
    store.image("rich", "1", Image([bottom], _RICH, here))
    empty = Image([tar({})], {}, here)
    store.image("empty", "1", empty)
    store.archive("empty", "1", empty)


def _add_hub_name(out: Path) -> None:
    """Add library/busybox:1 to folders created by older versions, which lack it."""
    store = Store(out)
    if not store.has(_HUB_NAME, "1"):
        store.image(_HUB_NAME, "1", Image([_busybox_layer()], _CONFIG, architecture()))


def _busybox_layer() -> bytes:
    listing = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout
    files: Files = dict.fromkeys(("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var"))
    files["bin/busybox"] = BUSYBOX.read_bytes()
    files |= {f"bin/{applet}": "busybox" for applet in listing.split() if applet != "busybox"}
    files["etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/tmp:/bin/sh\n"
    files["etc/group"] = b"root:x:0:\nada:x:1000:\n"
    return tar(files)


def _app_layers(count: int, size: int) -> list[bytes]:
    """Layers of different sizes, as in real images, with random bytes that do not compress. The seed is `count`."""
    rng = random.Random(count)
    mean = int(size / (count - 1))
    layers: list[bytes] = []
    for i in range(1, count):
        length = max(1000, int(mean * (0.2 + 1.6 * rng.random())))
        layers.append(tar({f"layer{i}": None, f"layer{i}/blob": rng.randbytes(length), f"layer{i}/n": str(i)}))
    return layers


def _fault_layers() -> list[bytes]:
    rng = random.Random(7)
    return [tar({f"f{i}": rng.randbytes(1_100_000 + 200_000 * i)}) for i in range(5)]
