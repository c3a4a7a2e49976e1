"""Tar archives as streams: pack a folder, unpack into a folder, without holding the whole archive in memory."""
