"""What was tried by hand, as lines of a file beside the notebook."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..prompts import Image, Prompt, SavedPrompt, image
from ..storage.file import make_folder

__all__ = ["Tried", "Tries"]

_IMAGE = "respan_lab_image"


@dataclass(frozen=True)
class Tried:
    """One try: what was asked; the answers are in the ledger, under `run_id`.

    Attributes:
        at: When, in UTC.
        run_id: The run's id in the ledger.
        prompt: What was asked.
        values: Its variables.
        models: The names of who was asked.
        params: With what.
        row: The place of the data's row, from 0; None without data.
    """

    at: datetime
    run_id: str
    prompt: Prompt
    values: Mapping[str, Any]
    models: Sequence[str]
    params: Mapping[str, Any]
    row: int | None = None

    def changed(self, before: Tried | None) -> str:
        """Say what is other than in the try before; ``first`` if there is none."""
        if before is None:
            return "first"
        pairs = (
            ("prompt", self.prompt, before.prompt),
            ("models", list(self.models), list(before.models)),
            ("params", dict(self.params), dict(before.params)),
        )
        said = [name for name, one, other in pairs if one != other]
        names = dict.fromkeys([*self.values, *before.values])
        said += [n for n in names if self.values.get(n) != before.values.get(n)]
        return ", ".join(said) or "nothing"


class Tries:
    """A file of tries, a line of JSON each; several notebooks may add to it.

    Args:
        path: The file; it is made with the first try.

    Example:
        >>> import tempfile
        >>> Tries(Path(tempfile.mkdtemp()) / "none.jsonl").read()
        []
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Tried]:
        """Give all tries, oldest first; a line that was cut off is left out.

        Raises:
            ConfigError: The file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise ConfigError(f"the tries in {str(self.path)!r}: {error}") from None
        return [one for line in text.split("\n") if (one := _read(line)) is not None]

    def add(self, tried: Tried) -> None:
        """Add a try at the end, in one write.

        Raises:
            ConfigError: The file cannot be written.
        """
        line = json.dumps(_written(tried), ensure_ascii=False, default=_plain)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            make_folder(self.path.parent)
            file = os.open(self.path, flags, 0o600)
            try:
                os.write(file, f"{line}\n".encode("utf-8", "replace"))
            finally:
                os.close(file)
        except OSError as error:
            raise ConfigError(f"the tries in {str(self.path)!r}: {error}") from None


def _written(tried: Tried) -> dict[str, Any]:
    return {
        "at": tried.at.isoformat(),
        "run_id": tried.run_id,
        "prompt": _prompt(tried.prompt),
        "values": dict(tried.values),
        "models": list(tried.models),
        "params": dict(tried.params),
        "row": tried.row,
    }


def _prompt(prompt: Prompt) -> dict[str, Any]:
    said = {
        "template": prompt.template,
        "name": prompt.name,
        "version": prompt.version,
        "defaults": dict(prompt.defaults),
    }
    if isinstance(prompt, SavedPrompt):
        return {**said, "prompt_id": prompt.prompt_id, "bound": dict(prompt.bound)}
    return {**said, "system": prompt.system}


def _plain(value: Any) -> Any:
    if isinstance(value, Image):
        return {_IMAGE: value.url}
    if callable(getattr(value, "item", None)):
        return value.item()  # numpy's numbers
    return str(value)


def _read(line: str) -> Tried | None:
    try:
        found = json.loads(line, object_hook=_live)
        prompt = found.pop("prompt")
        kind = SavedPrompt if "prompt_id" in prompt else Prompt
        at = datetime.fromisoformat(found.pop("at"))
        return Tried(at=at, prompt=kind(prompt.pop("template"), **prompt), **found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _live(found: dict[str, Any]) -> Any:
    return image(found[_IMAGE]) if found.keys() == {_IMAGE} else found
