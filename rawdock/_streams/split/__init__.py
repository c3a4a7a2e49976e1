"""Pure splitters: bytes in, items out. Nothing here reads or waits, and every cut of the bytes gives the same items."""
