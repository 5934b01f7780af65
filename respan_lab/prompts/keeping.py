"""What is done with a whole prompt: keep it in a file, compare it with another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import PromptError

if TYPE_CHECKING:
    from .diff import PromptDiff
    from .prompt import Prompt

__all__ = ["Keeping"]


class Keeping:
    """Saves, loads and compares prompts; mixed into `Prompt`."""

    __slots__ = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a plain file, to be edited and kept under version control.

        A text is written as it is; name, version, system part and defaults stand above
        it as front matter (YAML between two lines ``---``), if there are any. Messages
        are blocks, each below a line with its role, such as ``## user ##``.

        A file that says all this already, in whatever way, is left as it is with its
        comments; any other is replaced, whole or not at all. Folders are made as
        needed. Of a prompt that a gateway keeps, its id is not written, and the values
        bound to it are among the defaults.

        Args:
            path: The file, usually ``.md``.

        Returns:
            The path of the file.

        Raises:
            PromptError: A default or a part of a message is nothing that YAML holds,
                such as a picture.
            ConfigError: The file cannot be written.

        Example:
            >>> import tempfile
            >>> prompt = lab.Prompt("Hi {{ who }}!", name="hi", defaults={"who": "you"})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = prompt.save(f"{folder}/hi.md")
            ...     print(path.read_text())
            ---
            name: hi
            defaults:
              who: you
            ---
            Hi {{ who }}!
        """
        from .files import save  # which loads a reader of YAML

        return save(self._detached(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Prompt:
        """Read a prompt from a file that `save` or an editor wrote.

        What follows the front matter is the template to the byte, its last line end
        too. The name is what the front matter says, never the file's: what was saved
        without a name has none when it is read.

        Args:
            path: The file, in UTF-8.

        Returns:
            The prompt; equal to the one that was saved.

        Raises:
            PromptError: The file is not in UTF-8, its YAML is broken, a field is
                unknown, or the template has a mistake; says the file, and the line
                where it knows it.
            ConfigError: The file cannot be read.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = lab.Prompt("Hi {{ who }}!").save(f"{folder}/hi.md")
            ...     lab.Prompt.load(path)
            Prompt('Hi {{ who }}!')
        """
        from .files import load

        return load(path)

    def diff(self, other: Prompt) -> PromptDiff:
        """Show what another prompt has that this one has not, word by word.

        Messages are compared in their order, the system part's first; one that moved
        was removed in one place and added in another. What a gateway keeps with a
        prompt besides its messages (a model, a temperature) is not compared.

        Args:
            other: The newer prompt, or a template.

        Returns:
            The difference, which shows itself as HTML and as text: ``.messages``,
            ``.added_variables``, ``.removed_variables``, ``.changed_defaults``; it is
            true if there is any.

        Raises:
            PromptError: The other is no prompt.

        Example:
            >>> lab.Prompt("Answer {{ q }}.").diff("Answer {{ q }} in {{ n }}.")
            the prompt, old → new
            variables added: n
            user: changed
              Answer {{ q }}{+ in {{ n }}+}.
        """
        from .diff import prompt_diff
        from .prompt import Prompt

        if not isinstance(other, Prompt):
            other = _as_prompt(other)
        return prompt_diff(self._detached(), other._detached())

    def _detached(self) -> Prompt:
        """Give it as a prompt that no gateway keeps."""
        return cast("Prompt", self)


def _as_prompt(template: object) -> Prompt:
    from .prompt import Prompt

    if isinstance(template, str | list | tuple):
        return Prompt(template)
    raise PromptError(
        f"a prompt is compared with another, not with {type(template).__name__!r}"
    )
