"""Open answers: pure splitters that turn bytes into items, and the async faces that callers hold."""
