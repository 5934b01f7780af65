"""How every widget looks where nothing is alive: a saved notebook, a page, GitHub."""

from __future__ import annotations

from abc import abstractmethod
from html import escape
from typing import Any

__all__ = ["Shown", "lines", "note"]

_BOX = (
    "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:.4em .8em;"
    "margin:.3em 0;max-width:70em"
)


class Shown:
    """Adds a picture in plain HTML, and a stable text, to what a widget shows.

    A viewer without a kernel shows the HTML: escaped, inline styles, no script, nothing
    from elsewhere. It is as of when the cell showed the widget.
    """

    @abstractmethod
    def _static(self) -> str:
        """Give the widget's present state as HTML, without its frame."""

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle: Any = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        html = f'<div style="{_BOX}">{self._static()}</div>'
        return {**(data or {}), "text/plain": repr(self), "text/html": html}, metadata


def note(text: str) -> str:
    """Give a line of small print as HTML."""
    return f"<div><small>{escape(text)}</small></div>"


def lines(title: str, rows: dict[str, str]) -> str:
    """Give names and texts as HTML: a heading and a table of two columns.

    Example:
        >>> "<b>Values</b>" in lines("Values", {"name": "<b>"})
        True
    """
    cells = "".join(
        f'<tr><td style="text-align:left;vertical-align:top"><code>{escape(name)}'
        '</code></td><td style="text-align:left;white-space:pre-wrap">'
        f"{escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    return f"<div><b>{escape(title)}</b></div><table>{cells}</table>"
