"""The base class of models, and decoding and encoding them."""
