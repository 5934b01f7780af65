"""Which label was expected, and which was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .canvas import WIDTH, new_axes
from .figures import number
from .grids import colours, ink_on
from .inert import plain
from .naming import Group, groups_of, is_missing, note_of, require
from .style import INK, dress, set_title, set_x_label, tick, write

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["confusion"]

_MOST_LABELS = 12
_MOST_PANELS = 12
_CELL_WIDTH, _CELL_HEIGHT, _NAMES = 0.62, 0.3, 1.1  # inches
_ABOVE, _AROUND = 1.6, 3.8  # cells' heights that a matrix's names take
_OTHER, _NONE = "(other)", "(none)"
_LABEL = 14


@dataclass(frozen=True, slots=True)
class _Panel:
    """One matrix: how often each label was answered where each was expected."""

    name: str
    counts: Mapping[tuple[str, str], int]
    right: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def confusion(
    frame: pd.DataFrame,
    field: str | None = None,
    *,
    by: str | Sequence[str] = "model",
    note: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often each label was answered where each was expected.

    One matrix a group, side by side on one Axes: a row is an expected label, a column
    an answered one, a cell the number of answers, its colour the part of the row. The
    column ``(other)`` is answers that are no expected label, ``(none)`` calls without
    an answer or without the field. Labels are compared as text, without the space
    around them. Calls that were never sent are left out. Beyond 12 labels, the 11 most
    common are drawn and the others are ``(other)``.

    Args:
        frame: The frame of a run, ``r.df``: ``expected``, ``output`` and the columns
            of ``by``; of structured answers ``parsed_<field>``.
        field: The field of structured answers: ``expected[field]`` (or ``expected``
            itself, if it is a plain label) against ``parsed_<field>``. None: the whole
            ``expected`` against ``output``.
        by: One or more columns, a matrix for each value; at most 12 are drawn.
        note: What the reader must know, such as ``simulated``, below the title. None:
            the frame's ``label`` column, else whether its ``provider`` is ``sim``.
        ax: Where to draw; None makes a figure of its own, sized to the matrices.

    Raises:
        ConfigError: If a column is missing, there is no row with an expected label, or
            the labels have fields and none is named.

    Example:
        >>> import pandas as pd
        >>> from respan_lab import plots
        >>> frame = pd.DataFrame(
        ...     {"model": "m", "expected": ["yes", "no"], "output": ["yes", "yes"]}
        ... )
        >>> ax = plots.confusion(frame)
        >>> [t.get_text() for t in ax.texts][:2]
        ['m', '0.50 right, n=2']
    """
    answered = "output" if field is None else f"parsed_{field}"
    require(frame, ("expected", answered), plot="confusion")
    rows = _labelled(frame, field, answered)
    labels = _labels(rows)
    groups = groups_of(rows, by)
    panels = [_panel(group, labels) for group in groups[:_MOST_PANELS]]
    columns = [*labels, *_extra(panels, labels)]
    wide = _panels_wide(len(panels), len(columns))
    ax = _new_axes(len(panels), labels, columns, wide) if ax is None else ax
    _draw(ax, panels, labels, columns, wide)
    more = len(groups) - len(panels)
    set_x_label(
        ax,
        "across: the label that was answered; down: the label that was expected",
        notes=[
            "figure: answers; colour: part of its row",
            f"{more} more are not drawn; choose some of them first" if more else "",
        ],
    )
    what = f"{field}: expected and answered" if field else "Expected and answered"
    set_title(ax, what, note=note_of(frame) if note is None else note)
    return ax


def _labelled(frame: pd.DataFrame, field: str | None, answered: str) -> pd.DataFrame:
    """Add the two labels as text; rows without an expected one are left out."""
    expected = [_part(one, field) for one in frame["expected"]]
    given = [_text(one) for one in frame[answered]]
    rows = frame.assign(_wanted=expected, _given=given)
    kept = rows["_wanted"].notna()
    if "status" in rows:
        kept &= (rows["status"] != "skipped").fillna(True)
    if not kept.any():
        raise ConfigError(
            "confusion() has nothing to draw: no call has an expected label"
            + (f" with the field {field!r}" if field else "")
        )
    return rows[kept]


def _part(expected: Any, field: str | None) -> str | None:
    if isinstance(expected, Mapping):
        if field is None:
            fields = ", ".join(map(repr, expected))
            raise ConfigError(f"what is expected has fields; name one of {fields}")
        return _text(expected.get(field))
    return _text(expected)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return None if is_missing(value) else str(value)


def _labels(rows: pd.DataFrame) -> list[str]:
    """Sort the expected labels; of very many the most common are kept."""
    counts = Counter(rows["_wanted"])
    if len(counts) <= _MOST_LABELS:
        return sorted(counts)
    return sorted(one for one, _ in counts.most_common(_MOST_LABELS - 1)) + [_OTHER]


def _panel(group: Group, labels: Sequence[str]) -> _Panel:
    known = set(labels)
    pairs = list(zip(group.rows["_wanted"], group.rows["_given"], strict=True))
    counts = Counter(
        (
            wanted if wanted in known else _OTHER,
            _NONE if is_missing(given) else given if given in known else _OTHER,
        )
        for wanted, given in pairs
    )
    return _Panel(group.name, counts, right=sum(a == b for a, b in pairs))


def _extra(panels: Sequence[_Panel], labels: Sequence[str]) -> list[str]:
    given = {one for panel in panels for _, one in panel.counts}
    return [one for one in (_OTHER, _NONE) if one in given and one not in labels]


def _panels_wide(n_panels: int, n_columns: int) -> int:
    """Give how many matrices stand side by side, so that a cell holds its figure."""
    return max(1, min(n_panels, 21 // (n_columns + 2), 4))


def _new_axes(
    n_panels: int, labels: Sequence[str], columns: Sequence[str], wide: int
) -> Axes:
    rows = -(-n_panels // wide) * (len(labels) + _AROUND)
    width = _NAMES + _CELL_WIDTH * wide * (len(columns) + 1)
    return new_axes(1.4 + _CELL_HEIGHT * rows, width=min(max(width, 4.6), WIDTH))


def _draw(
    ax: Axes,
    panels: Sequence[_Panel],
    labels: Sequence[str],
    columns: Sequence[str],
    wide: int,
) -> None:
    dress(ax, grid="")
    ax.set_xticks([])
    step_x, step_y = len(columns) + 1.0, len(labels) + _AROUND
    for at, panel in enumerate(panels):
        x, y = (at % wide) * step_x, (at // wide) * step_y
        _draw_panel(ax, panel, labels, columns, x, y, length=66 // wide)
    down = range(-(-len(panels) // wide))
    tick(
        ax.yaxis,
        [row * step_y + at + 0.5 for row in down for at in range(len(labels))],
        [plain(label, _LABEL) for _ in down for label in labels],
    )
    ax.set_xlim(-0.1, wide * step_x - 0.9)
    ax.set_ylim(len(down) * step_y - _ABOVE, -_ABOVE)


def _draw_panel(
    ax: Axes,
    panel: _Panel,
    labels: Sequence[str],
    columns: Sequence[str],
    x: float,
    y: float,
    *,
    length: int,
) -> None:
    import numpy as np

    table = np.array([[panel.counts.get((a, b), 0) for b in columns] for a in labels])
    parts = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    ax.pcolormesh(
        x + np.arange(len(columns) + 1),
        y + np.arange(len(labels) + 1),
        parts,
        cmap=colours(),
        vmin=0,
        vmax=1,
        edgecolors="white",
        linewidth=1.2,
    )
    rate = panel.right / panel.total
    name, told = plain(panel.name, length), f"{number(rate)} right, n={panel.total:,}"
    write(ax, (x, y), name, offset=(0, 18), colour=INK, bold=True, va="baseline")
    write(ax, (x, y), told, offset=(0, 6), va="baseline")
    for row in range(len(labels)):
        for column in range(len(columns)):
            n = int(table[row, column])
            write(
                ax,
                (x + column + 0.5, y + row + 0.5),
                f"{n:,}",
                colour=ink_on(float(parts[row, column])) if n else "#b6bfc9",
                ha="center",
            )
    for column, label in enumerate(columns):
        _write_tilted(ax, (x + column + 0.5, y + len(labels)), label)


def _write_tilted(ax: Axes, at: tuple[float, float], label: str) -> None:
    write(ax, at, plain(label, _LABEL), offset=(4, -5), ha="right", va="top")
    ax.texts[-1].set(rotation=35, rotation_mode="anchor")
