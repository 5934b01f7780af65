"""Values that are not to be seen where something is shown whole."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Hidden"]

T_co = TypeVar("T_co", covariant=True)


class Hidden(Generic[T_co]):
    """Holds a value with keys in it; a notebook that shows it does not show them.

    Args:
        value: The value.

    Example:
        >>> Hidden(["sk-1"])
        Hidden(...)
        >>> Hidden(["sk-1"]).value
        ['sk-1']
    """

    __slots__ = ("_value",)

    def __init__(self, value: T_co) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Hidden(...)"

    @property
    def value(self) -> T_co:
        """What it holds."""
        return self._value
