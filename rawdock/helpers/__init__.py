"""What takes more than one call of the API, each in a module of its own: here is only what a client shows of them.

A helper takes a `Docker` and uses its public operations, nothing below them. Its module is loaded when it is first
asked for, so that importing the client stays light.
"""

from __future__ import annotations

__all__ = ["Helpers"]


class Helpers:
    """The part of `Docker` that is more than one call."""
