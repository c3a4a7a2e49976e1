"""The declarations of the Engine's operations, one module per resource."""
