"""The properties of `DataUsage` read whichever form came."""

from __future__ import annotations

from typing import Any

import pytest

from rawdock import decode
from rawdock.models import DataUsage

IMAGE = {"Id": "sha256:1", "Size": 30}
CONTAINER = {"Id": "c", "SizeRw": 7}
VOLUME = {"Name": "v", "Driver": "local", "Mountpoint": "/v", "UsageData": {"Size": 5, "RefCount": 1}}
UNKNOWN = {"Name": "w", "Driver": "local", "Mountpoint": "/w", "UsageData": {"Size": -1, "RefCount": -1}}
RECORDS = [{"ID": "b", "Size": 11}, {"ID": "s", "Size": 100, "Shared": True}]
LISTS = {
    "LayersSize": 30, "Images": [IMAGE], "Containers": [CONTAINER], "Volumes": [VOLUME, UNKNOWN], "BuildCache": RECORDS
}  # fmt: skip
TOTALS = {
    "ImageUsage": {"TotalCount": 1, "TotalSize": 30, "Items": [IMAGE]},
    "ContainerUsage": {"TotalCount": 1, "TotalSize": 7, "Items": [CONTAINER]},
    "VolumeUsage": {"TotalCount": 2, "TotalSize": 5, "Items": [VOLUME, UNKNOWN]},
    "BuildCacheUsage": {"TotalCount": 2, "TotalSize": 11, "Items": RECORDS},
}


@pytest.mark.parametrize("came", [LISTS, TOTALS, LISTS | TOTALS], ids=["lists", "totals", "both"])
def test_each_form(came: dict[str, Any]) -> None:
    usage = decode(DataUsage, came)
    assert [image.id for image in usage.all_images] == ["sha256:1"]
    assert [container.id for container in usage.all_containers] == ["c"]
    assert [volume.name for volume in usage.all_volumes] == ["v", "w"]
    assert [record.id for record in usage.all_build_cache] == ["b", "s"]
    sizes = (usage.images_size, usage.containers_size, usage.volumes_size, usage.build_cache_size)
    assert sizes == (30, 7, 5, 11)


def test_the_size_of_the_cache_below_1_42() -> None:
    assert decode(DataUsage, {"BuilderSize": 12}).build_cache_size == 12


def test_zeros_are_left_out() -> None:
    """As Docker 29 does, for which nothing came is zero."""
    usage = decode(DataUsage, {"ImageUsage": {}, "ContainerUsage": {}, "VolumeUsage": {}, "BuildCacheUsage": {}})
    assert usage.all_images == usage.all_containers == usage.all_volumes == usage.all_build_cache == []
    assert (usage.images_size, usage.containers_size, usage.volumes_size, usage.build_cache_size) == (0, 0, 0, 0)
