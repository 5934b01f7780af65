"""Answers of two levels matched row by row: to one item, prompt, setting and repeat."""

from __future__ import annotations

from difflib import get_close_matches

import pandas as pd

from ..errors import ConfigError
from .pairing import factors_of

__all__ = ["check_factor", "check_levels", "rows_of_level", "shared_factors"]


def check_factor(frame: pd.DataFrame, by: str) -> None:
    """Refuse what is no factor of a frame.

    Raises:
        ConfigError: It is none; names those there are.
    """
    factors = factors_of(frame)
    if by not in factors:
        raise ConfigError(
            f"by={by!r} is not a factor of the run; allowed: "
            f"{', '.join(map(repr, factors))}"
        )


def check_levels(frame: pd.DataFrame, *levels: str, by: str) -> None:
    """Refuse what is no level of a factor, and a level beside itself.

    Raises:
        ConfigError: One is none, and the nearest; or two are the same.
    """
    known = [str(one) for one in frame[by].dropna().unique()]
    for level in levels:
        if str(level) not in known:
            near = get_close_matches(str(level), known, n=3) or known
            raise ConfigError(f"{level!r} is not in {by!r}; try {', '.join(near)}")
    for at, level in enumerate(levels):
        if str(level) in map(str, levels[:at]):
            raise ConfigError(
                f"{level!r} is compared with itself; name two levels of {by!r}"
            )


def rows_of_level(frame: pd.DataFrame, level: str, *, by: str) -> pd.DataFrame:
    """Give the answers of a level; a missing repeat or choice is the first."""
    here = frame[(frame[by].astype("string") == str(level)).fillna(False)]
    return here[here["status"] == "ok"].assign(
        run=here["run"].fillna(0), choice=here["choice"].fillna(0)
    )


def shared_factors(first: pd.DataFrame, second: pd.DataFrame, *, by: str) -> list[str]:
    """Name the other factors to match on: of which both have a value in common."""
    return [
        name
        for name in factors_of(first)
        if name != by
        and set(first[name].dropna().astype(object))
        & set(second[name].dropna().astype(object))
    ]
