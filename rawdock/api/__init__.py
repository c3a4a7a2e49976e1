"""The operations of the Engine, one module a resource. Nothing here does I/O of its own."""
