"""A frame that says below itself what a reader of it must know."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Self

import pandas as pd

__all__ = ["Noted"]


class Noted(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """A frame with notes, in ``attrs["notes"]``; what is made of it is a plain one."""

    @classmethod
    def of(cls, frame: pd.DataFrame, notes: Sequence[str]) -> Self:
        """Give a frame its notes.

        Example:
            >>> Noted.of(pd.DataFrame({"a": [1]}), ["of one look"])
               a
            0  1
            of one look
        """
        noted = cls(frame)
        noted.attrs = {**frame.attrs, "notes": list(notes)}
        return noted

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def notes(self) -> list[str]:
        """What a reader must know."""
        return list(self.attrs.get("notes", ()))

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self.notes])

    def _repr_html_(self) -> str:
        notes = [f"<p>{escape(one)}</p>" for one in self.notes]
        return "\n".join([str(super()._repr_html_()), *notes])
