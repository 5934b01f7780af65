"""A widget made of others: boxes, and a line for what went wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Concatenate, ParamSpec, TypeVar

import ipywidgets

from ..errors import RespanError
from .shown import Shown

__all__ = ["Panel", "reported"]

P = ParamSpec("P")
R = TypeVar("R")


class Panel(Shown, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Widgets one below the other, with an error line as the last.

    What a callback prints or raises never reaches a notebook, so callbacks are
    `reported`: the error's text stands in the widget until the next one works.

    Args:
        children: What is in it.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget]) -> None:
        self._alert = ipywidgets.HTML()
        self._alert.add_class("rl-alert")
        super().__init__([*children, self._alert])
        self.add_class("respan-lab-panel")

    @property
    def error(self) -> str:
        """What went wrong last; empty if the last thing done worked."""
        return str(getattr(self, "_error", ""))

    def report(self, error: BaseException | str | None) -> None:
        """Show an error in the widget; None takes it away.

        Args:
            error: What happened.
        """
        text = "" if error is None else error if isinstance(error, str) else said(error)
        self._error = text
        self._alert.value = (
            f'<div role="alert" style="color:var(--jp-error-color0,#b00020);'
            f'white-space:pre-wrap">{escape(text)}</div>'
            if text
            else ""
        )

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Show what fails in the block, and nothing if all of it works."""
        try:
            yield
        except Exception as error:  # whatever it is, there is no other place for it
            self.report(error)
        else:
            self.report(None)


T = TypeVar("T", bound=Panel)


def reported(
    callback: Callable[Concatenate[T, P], R],
) -> Callable[Concatenate[T, P], R | None]:
    """Make a method of a panel one that shows its errors in the widget.

    Args:
        callback: The method.

    Returns:
        One that gives None where it fails.
    """

    @functools.wraps(callback)
    def wrapped(panel: T, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        with panel.reporting():
            return callback(panel, *args, **kwargs)
        return None

    return wrapped


def said(error: BaseException) -> str:
    """Say an error in one text; ours speak for themselves.

    Example:
        >>> said(ValueError("no"))
        'ValueError: no'
    """
    is_ours = isinstance(error, RespanError)
    return str(error) if is_ours else f"{type(error).__name__}: {error}"
