"""An axis of the plan: one parameter, several values."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ...errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Grid", "grid", "settings"]

T = TypeVar("T")


class Grid(Generic[T]):
    """Several values of one parameter; make it with `lab.grid`."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[T, ...]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[T]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"grid({', '.join(map(repr, self.values))})"


def grid(*values: T) -> Grid[T]:
    """Try a parameter at several values; every other value is sent as it is.

    Args:
        *values: The values, in the order of the frame. Each becomes cells of its own,
            told apart by the column `param_<name>`.

    Raises:
        ConfigError: No value, or one value twice.

    Example:
        >>> {"temperature": grid(0, 0.7), "stop": ["END"]}
        {'temperature': grid(0, 0.7), 'stop': ['END']}
    """
    if not values:
        raise ConfigError("grid() needs at least one value")
    for index, value in enumerate(values):
        if any(value == other for other in values[:index]):
            raise ConfigError(f"grid(...) has the value {value!r} twice")
    return Grid(values)


def settings(params: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every setting of the axes in order, each with the whole of its parameters.

    Args:
        params: Parameters; those that are a `Grid` are axes.

    Returns:
        Pairs of the axes' values and all parameters.

    Example:
        >>> settings({"temperature": grid(0, 1), "max_tokens": 8})[1]
        ({'temperature': 1}, {'temperature': 1, 'max_tokens': 8})
    """
    axes = {name: value for name, value in params.items() if isinstance(value, Grid)}
    return [
        (point, {**params, **point})
        for values in product(*axes.values())
        for point in [dict(zip(axes, values, strict=True))]
    ]
