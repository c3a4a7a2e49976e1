"""The base of all models, and the codec between them and JSON."""
