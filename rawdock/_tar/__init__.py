"""Tar archives as streams: packed from a folder, unpacked into one, without holding either."""
