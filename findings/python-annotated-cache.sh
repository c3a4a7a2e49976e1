#!/usr/bin/env bash
# Python 3.11.2 (Debian 12's): `Annotated[T, x]` and `Annotated[T, y]` are one object if x == y, whatever their types.
#
# Guess beforehand: each `Annotated[...]` keeps the metadata that it was written with.
# Seen: typing keeps these in a cache that compares by equality alone. Two NamedTuple classes with the same value are
# equal tuples, so `Annotated[str, Until("1.44")]` behind `Annotated[str, Since("1.44")]` has a `Since` in it: a marker
# silently turns into its opposite. `Annotated[int, True]` behind `Annotated[int, 1]` has 1. (Python 3.11.7, 3.12.1 and
# 3.13.0 keep the types apart.) The cure: markers that are equal to their own class only, as frozen dataclasses are.
#
# Fails if this Python keeps them apart, or if dataclasses are mixed up too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=3.11.2-6+deb12u9
cd "$folder"
apt-get download -qq "python3.11-minimal=$version" "libpython3.11-minimal=$version" "libpython3.11-stdlib=$version"
for package in *.deb; do dpkg-deb -x "$package" root; done

cat >markers.py <<'PYTHON'
import sys
from dataclasses import dataclass
from typing import Annotated, NamedTuple


class Since(NamedTuple):
    version: str


class Until(NamedTuple):
    version: str


@dataclass(frozen=True)
class SinceData:
    version: str


@dataclass(frozen=True)
class UntilData:
    version: str


Annotated[str, Since("1.44")], Annotated[int, 1], Annotated[str, SinceData("1.44")]
found = [
    type(Annotated[str, Until("1.44")].__metadata__[0]).__name__,
    type(Annotated[int, True].__metadata__[0]).__name__,
    type(Annotated[str, UntilData("1.44")].__metadata__[0]).__name__,
]
print(sys.version.split()[0], *found)
assert sys.version_info[:3] == (3, 11, 2)
assert found == ["Since", "int", "UntilData"], found
PYTHON
PYTHONHOME=$folder/root/usr LD_LIBRARY_PATH=$(echo "$folder"/root/usr/lib/*-linux-gnu*) "$folder/root/usr/bin/python3.11" markers.py
