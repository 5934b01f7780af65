"""A part of a widget with a front end of its own: one ES module, no build step."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import anywidget

from .shown import Shown

__all__ = ["Part"]

_FRONT = Path(__file__).with_name("front")


class Part(Shown, anywidget.AnyWidget):
    """What ipywidgets has nothing for: text with marks, live lanes, a table, a vote.

    A subclass names its files, ``front/<name>.js`` and ``front/<name>.css``. What all
    of them share, ``front/shared.js`` and ``.css``, stands before them.

    Args:
        **traits: What the front end is shown.
    """

    def __init_subclass__(cls, *, front: str | None = None, **kwargs: Any) -> None:
        if front is not None:
            cls._esm = _source(front, "js")
            cls._css = _source(front, "css")
        super().__init_subclass__(**kwargs)

    def hear(self, message: dict[str, Any]) -> None:
        """Take what the front end sends; a part that hears says so here."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(lambda _, message, __: self.hear(message))


@cache
def _source(name: str, suffix: str) -> str:
    files = [_FRONT / f"{one}.{suffix}" for one in ("shared", name)]
    return "\n".join(one.read_text(encoding="utf-8") for one in files if one.exists())
