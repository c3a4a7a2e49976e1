"""What rawdock unpacks, tarfile's own filter for data lets through: rawdock is never more generous."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tar_archives import archive, info

from rawdock._tar.unpack import Destination, Unpacker

parts = st.sampled_from(["a", "b", "..", ".", "", "c d", "é"])
names = st.builds(lambda root, found: root + "/".join(found), st.sampled_from(["", "/"]), st.lists(parts, max_size=5))
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="this Python has no filters for tar archives")
@given(st.lists(st.tuples(names, kinds, names), min_size=1, max_size=6))
@example([("a", tarfile.REGTYPE, ""), ("a/a", tarfile.REGTYPE, "")])  # a file where a folder is needed
def test_tarfile_agrees(found: list[tuple[str, bytes, str]]) -> None:
    """Member after member: where rawdock unpacks it, the filter of tarfile for the same folder does not refuse it."""
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder, "inside")
        inside.mkdir()
        for name, kind, target in found:
            member = info(name, kind, target=target)
            if not name:
                continue
            try:
                tarfile.data_filter(member, str(inside))
                refused = ""
            except tarfile.FilterError as error:
                refused = repr(error)
            unpacker = Unpacker(
                Destination(str(inside), None), skip_unsafe=True, keep_owner=False, max_size=None, max_members=None
            )
            unpacker.feed([archive(member)])
            unpacker.finish()
            assert unpacker.skipped or not refused, (name, target, refused)
        assert [one.name for one in Path(folder).iterdir()] == ["inside"]
