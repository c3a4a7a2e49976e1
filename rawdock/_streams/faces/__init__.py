"""What callers hold of an open answer: one module for each kind of stream that the API has."""
