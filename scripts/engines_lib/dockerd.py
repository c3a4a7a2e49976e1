"""A dockerd that an environment variable names, for engines that Debian has no packages of."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .catalog import Spec
from .failure import Failure

_PROGRAM = b"\x7fELF"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PACKED: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ\0": lzma.open, b"BZh": bz2.open}


def given_dockerd(spec: Spec) -> Path:
    """The file that the engine's variable names."""
    variable = spec.dockerd_variable
    given = os.environ.get(variable, "")
    if not given:
        raise Failure(
            f"{spec.name} needs a dockerd, because Debian has none of this version: {variable}=FILE names one, plain, "
            "packed (gzip, xz, bzip2, zstd) or in a tar archive such as docker-VERSION.tgz of download.docker.com"
        )
    if not Path(given).is_file():
        raise Failure(f"{variable} names {given}, which is not a file; {spec.name} needs a dockerd there")
    return Path(given)


def unpack_dockerd(given: Path, target: Path) -> None:
    """Put the program in its place. An engine that is running keeps the one it was started from."""
    partial = target.with_name(".dockerd.partial")
    try:
        with _unpacked(given) as stream, partial.open("wb") as file:
            shutil.copyfileobj(_program(given, stream), file)
    except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
        raise Failure(f"{given} could not be unpacked: {error}") from error
    partial.chmod(0o755)
    partial.replace(target)


@contextmanager
def _unpacked(given: Path) -> Iterator[io.BufferedReader]:
    with given.open("rb") as file:
        begin = file.read(8)
    if begin.startswith(_ZSTD):
        if not shutil.which("zstd"):
            raise Failure(f"{given} is packed with zstd, and this machine has no zstd: install it, or unpack the file")
        with subprocess.Popen(["zstd", "--decompress", "--stdout", str(given)], stdout=subprocess.PIPE) as process:
            assert process.stdout
            yield io.BufferedReader(process.stdout)  # type: ignore[arg-type]
            while process.stdout.read(1 << 20):  # what follows in an archive, so that zstd does not fail
                pass
        if process.returncode:
            raise Failure(f"{given} could not be unpacked: zstd ended with {process.returncode}")
        return
    opened = next((opener(given) for magic, opener in _PACKED.items() if begin.startswith(magic)), None)
    with opened or given.open("rb") as stream:
        yield io.BufferedReader(stream)


def _program(given: Path, stream: io.BufferedReader) -> IO[bytes]:
    """The program in a stream: the whole of it, or the member `dockerd` of a tar archive."""
    if stream.peek(4).startswith(_PROGRAM):
        return stream
    archive = tarfile.open(fileobj=stream, mode="r|")  # noqa: SIM115  # closed with the stream
    for member in archive:
        if member.isfile() and PurePosixPath(member.name).name == "dockerd":
            content = archive.extractfile(member)
            assert content
            return content
    raise Failure(f"{given} has no file dockerd in it")
