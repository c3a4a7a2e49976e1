"""The label of a container says which process it belongs to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rawdock.helpers import owner
from rawdock.testing.redaction import redact_body

FORM = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{12}\.[0-9a-f]{1,12}(\.[0-9]+){4}\.-")


def of_another_process() -> str:
    program = "from rawdock.helpers.owner import new_label; print(new_label())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_one_process() -> None:
    """Each container has a label of its own; what follows the token is the same, in a forked child it is not."""
    first, second = owner.new_label(), owner.new_label()
    assert FORM.fullmatch(first)
    assert first != second
    assert first.partition(".")[2] == second.partition(".")[2]
    assert first.split(".")[4] == str(os.getpid())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_two_processes() -> None:
    """The same machine, boot and namespace; another process and start."""
    mine, other = owner.new_label().split("."), of_another_process().split(".")
    assert mine[1:4] == other[1:4]
    assert mine[4] != other[4]
    assert 0 < int(mine[5]) <= int(other[5])
    assert "0" not in mine[2:4]


def test_a_system_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "_PROC", Path("/nowhere"))
    label = owner.new_label().split(".")
    assert label[2:] == ["0", "0", str(os.getpid()), "0", "0", "-"]


def test_recordings_do_not_show_it() -> None:
    body = b'{"Labels":{"rawdock.run":"%b","a":"b"}}' % owner.new_label("a/b_c", 7).encode()
    assert redact_body(body, "/containers/create") == b'{"Labels":{"rawdock.run":"0000000000000000","a":"b"}}'
