"""The streams that callers use: one module for each kind of stream that the API has."""
