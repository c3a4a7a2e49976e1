"""Splitters: bytes go in, items come out. There is no I/O, and how the bytes are cut does not change the items."""
