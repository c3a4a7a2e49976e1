"""The story of an image and a container, told with what an Engine really answers: `python -m rawdock.lifecycle`."""

from .screen import Screen
from .story import Story

__all__ = ["Screen", "Story"]
