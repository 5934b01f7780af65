"""Widgets: thin views over public functions, which give the code they stand for."""

from __future__ import annotations

from .code import Code
from .explorer import Explorer
from .playground import Playground
from .prompt_form import PromptForm
from .rater import Rater
from .version_picker import VersionPicker

__all__ = ["Code", "Explorer", "Playground", "PromptForm", "Rater", "VersionPicker"]
