"""What calls took: dollars and tokens, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .figures import MISSING, counted, dollars, short_number
from .forest import Line, dress_rows, lay_out, new_row_axes
from .naming import Group, groups_of, note_of, require
from .scale import set_scale
from .stacked import Part, draw_stacks
from .style import MUTED, look, set_title, set_x_label
from .timed import calls_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["cost", "tokens"]

_DARK, _LIGHT = look(0).colour, look(5).colour
_WARM, _PALE = look(1).colour, look(4).colour
_COSTS = {
    "cost_prompt": Part("prompt", _DARK),
    "cost_cached": Part("cached prompt", _LIGHT, "///"),
    "cost_written": Part("written to the cache", look(2).colour),
    "cost_completion": Part("completion", _PALE),
    "cost_request": Part("the request itself", _WARM, "\\\\\\"),
}
_REST = Part("not broken down", MUTED, "...")
_TOKENS = (
    Part("prompt", _DARK),
    Part("cached prompt", _LIGHT, "///"),
    Part("completion", _WARM),
    Part("reasoning", _PALE, "\\\\\\"),
)
_SMALL = 0.01  # dollars a call, below which they are told for 1,000 calls


def cost(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a call cost on average, in US dollars, by what was paid for.

    The mean is over calls of known cost, as in the summary; the others are counted at
    the right. If the dearest group is below a cent a call, dollars are for 1,000 calls.

    Args:
        frame: The frame of a run, ``r.df``: ``cost`` (US dollars) and the columns of
            ``by``; for the parts ``cost_prompt``, ``cost_cached``, ``cost_written``,
            ``cost_completion`` and ``cost_request``, as ``r.plot.cost()`` adds them.
            What they leave of a call's cost is *not broken down*.
        by: One or more columns to group by; None: run (of several), model, and what
            varies of prompt, version and grid axes.
        note: What the reader must know, such as ``simulated``, below the title. None:
            the frame's ``label`` column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own, sized to the groups.

    Raises:
        ConfigError: If a column is missing, or the frame has no rows.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame({"model": ["a", "b"], "cost": [0.5, 0.25]})
        >>> plots.cost(frame).get_xlabel().splitlines()[0]
        'US dollars a call, mean; n: calls of known cost'
    """
    require(frame, ("cost",), plot="cost")
    groups = groups_of(calls_of(frame), by)
    sizes = [_cost_parts(group.rows) for group in groups]
    totals = [sum(one) for one in sizes]
    known = [total for total in totals if total == total]
    per = 1000 if known and max(known) < _SMALL else 1
    texts = [
        (
            dollars(total * per),
            _n(int(group.rows["cost"].notna().sum())),
            _unpriced(group),
        )
        for group, total in zip(groups, totals, strict=True)
    ]
    sizes = [[part * per for part in one] for one in sizes]
    ax = _bars(ax, groups, sizes, texts, [*_COSTS.values(), _REST])
    unit = "US dollars a call" if per == 1 else "US dollars for 1,000 calls"
    set_x_label(ax, f"{unit}, mean; n: calls of known cost")
    set_title(ax, "Cost", note=note_of(frame) if note is None else note, has_key=True)
    return ax


def tokens(
    frame: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many tokens a call took on average, by kind.

    The mean is over calls whose prompt and completion tokens are known. Prompt tokens
    without the cached ones, and completion tokens without reasoning, stand beside
    these; where a provider tells neither, they are part of the two.

    Args:
        frame: The frame of a run, ``r.df``: ``prompt_tokens``, ``completion_tokens``,
            the columns of ``by``, and if known ``cached_tokens`` and
            ``reasoning_tokens``.
        by: As for `cost`.
        note: As for `cost`.
        ax: Where to draw; None makes a figure of its own, sized to the groups.

    Raises:
        ConfigError: If a column is missing, or the frame has no rows.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": ["a"], "prompt_tokens": 90, "completion_tokens": 10}
        ... )
        >>> [float(bar.get_width()) for bar in plots.tokens(frame).patches]
        [90.0, 10.0]
    """
    require(frame, ("prompt_tokens", "completion_tokens"), plot="tokens")
    groups = groups_of(calls_of(frame), by)
    known = [
        group.rows.dropna(subset=["prompt_tokens", "completion_tokens"])
        for group in groups
    ]
    sizes = [_token_parts(rows) for rows in known]
    texts = [
        (_mean(sum(one)), _n(len(rows)), "")
        for one, rows in zip(sizes, known, strict=True)
    ]
    ax = _bars(ax, groups, sizes, texts, _TOKENS)
    set_x_label(ax, "tokens a call, mean; n: calls of known tokens")
    set_title(ax, "Tokens", note=note_of(frame) if note is None else note, has_key=True)
    return ax


def _bars(
    ax: Axes | None,
    groups: Sequence[Group],
    sizes: Sequence[Sequence[float]],
    texts: Sequence[tuple[str, ...]],
    parts: Sequence[Part],
) -> Axes:
    lines: list[Line] = [
        line if line.is_heading else replace(line, texts=texts[line.at])
        for line in lay_out([(group.first, group.rest) for group in groups])
    ]
    ax = new_row_axes(lines, rest=1.6) if ax is None else ax
    set_scale(ax, "x", [0.0, *(sum(one) for one in sizes)], log=False)
    draw_stacks(ax, lines, parts, sizes)
    dress_rows(ax, lines)
    return ax


def _cost_parts(rows: pd.DataFrame) -> list[float]:
    """Give the mean of each part over the calls of known cost, the rest last."""
    priced = rows[rows["cost"].notna()]
    if priced.empty:
        return [MISSING] * (len(_COSTS) + 1)
    total = float(priced["cost"].mean())
    parts = [
        float(priced[name].fillna(0).sum()) / len(priced) if name in priced else 0.0
        for name in _COSTS
    ]
    rest = total - sum(parts)
    return [*parts, rest if rest > 1e-9 * total else 0.0]


def _token_parts(rows: pd.DataFrame) -> list[float]:
    if rows.empty:
        return [MISSING] * len(_TOKENS)
    parts = []
    for whole, part in (
        ("prompt_tokens", "cached_tokens"),
        ("completion_tokens", "reasoning_tokens"),
    ):
        all_of_them = float(rows[whole].mean())
        told = float(rows[part].fillna(0).sum()) / len(rows) if part in rows else 0.0
        told = min(told, all_of_them)
        parts += [all_of_them - told, told]
    return parts


def _unpriced(group: Group) -> str:
    rows = group.rows
    missing = rows["cost"].isna()
    if "status" in rows:
        missing &= rows["status"].isin(("ok", "maybe_billed"))
    n = int(missing.sum())
    return f"{counted(n, 'call')} unpriced" if n else ""


def _n(n: int) -> str:
    return f"n={n:,}" if n else "no data"


def _mean(value: float) -> str:
    return "–" if value != value else short_number(round(value, 1))
