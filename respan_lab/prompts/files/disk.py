"""Prompts read from files, and written to them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ConfigError, PromptError
from .text import Fields, fields_of, text_of

if TYPE_CHECKING:
    from ..prompt import Prompt

__all__ = ["load", "save"]


def load(path: str | os.PathLike[str]) -> Prompt:
    """Read a prompt from a file; see `Prompt.load`.

    Raises:
        ConfigError: The file cannot be read.
        PromptError: It is no prompt's; says the file, and the line where it knows it.
    """
    source = Path(path).expanduser()
    try:
        content = source.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the prompt {str(path)!r} cannot be read: {error}"
        ) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte {content[error.start]:#04x} is not UTF-8"
        raise PromptError(
            f"{source}: line {line}: {found}; save the file in that encoding"
        ) from error
    try:
        return _prompt(fields_of(text))
    except PromptError as error:
        raise PromptError(f"{source}: {error}") from error


def save(prompt: Prompt, path: str | os.PathLike[str]) -> Path:
    """Write a prompt to a file; see `Prompt.save`.

    Raises:
        ConfigError: The file cannot be written.
        PromptError: Something of the prompt cannot stand in a file.
    """
    target = Path(path).expanduser()
    content = _content(prompt)
    try:
        if not _holds(target, prompt):
            _write(target, content)
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"the prompt cannot be written to {str(path)!r}: {error}"
        ) from error
    return target


def _prompt(fields: Fields) -> Prompt:
    from ..prompt import Prompt  # which loads this to save itself

    try:
        return Prompt(
            fields.template,
            name=fields.name,
            version=fields.version,
            system=fields.system,
            defaults=fields.defaults,
        )
    except PromptError as error:
        line = fields.line
        counted = f" (the template begins in line {line})" if line > 1 else ""
        raise PromptError(f"{error}{counted}") from error


def _content(prompt: Prompt) -> bytes:
    fields = Fields(
        prompt.template,
        prompt.name,
        prompt.version,
        prompt.system,
        dict(prompt.defaults),
    )
    try:
        text = text_of(fields)
        again = _prompt(fields_of(text))
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PromptError(
            f"the prompt cannot be saved: {error.object[error.start]!a} is half a "
            "character, which no file in UTF-8 can hold"
        ) from error
    except PromptError as error:
        raise PromptError(f"the prompt cannot be saved: {error}") from error
    if again != prompt:
        raise PromptError("the prompt cannot be saved: it would not be read as it is")
    return content


def _holds(target: Path, prompt: Prompt) -> bool:
    """Tell whether a file says this already, in whatever way."""
    try:
        return load(target) == prompt
    except (ConfigError, PromptError):
        return False


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; a link stays one."""
    real = target.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=real.parent, prefix=".prompt-") as folder:
        draft = Path(folder) / real.name
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():
            shutil.copymode(real, draft)
        draft.replace(real)
