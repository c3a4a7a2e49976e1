"""Open answers: `split` turns their bytes into items, and `faces` has the classes that callers hold."""
