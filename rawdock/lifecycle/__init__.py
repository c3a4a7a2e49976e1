"""A demonstration of the life of an image and a container, on a real Engine: `python -m rawdock.lifecycle`."""

from .screen import Screen
from .story import Story

__all__ = ["Screen", "Story"]
