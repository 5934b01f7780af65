"""Widgets in a row, which goes on below where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets

__all__ = ["beside"]


def beside(children: Sequence[Any]) -> Any:
    """Put widgets side by side; none is squeezed, and buttons show all they say.

    Example:
        >>> beside([ipywidgets.Button(description="Run")]).layout.flex_flow
        'row wrap'
    """
    for child in children:
        if isinstance(child, ipywidgets.Button | ipywidgets.Checkbox):
            child.layout.width = "auto"
        child.layout.flex = "0 0 auto"
    return ipywidgets.HBox(children, layout=ipywidgets.Layout(flex_flow="row wrap"))
