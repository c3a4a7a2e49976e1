"""Streams: `split` turns bytes into items, `faces` has the classes that callers use, and `answer` connects the two."""
