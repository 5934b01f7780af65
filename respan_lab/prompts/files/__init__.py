"""Prompts as plain files, for people, editors and version control."""

from .disk import load, save

__all__ = ["load", "save"]
