"""Prompts: templates with variables, and the messages they become."""

from __future__ import annotations

from .image import Image, image
from .messages import conversation
from .prompt import Prompt
from .saved import SavedPrompt

__all__ = ["Image", "Prompt", "SavedPrompt", "conversation", "image"]
