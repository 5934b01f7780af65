r"""LaTeX: the summary as a table to publish, with booktabs and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..best import MEANING, best_scores
from ..headline import headline, run_label
from ..summary import summarize
from ..table import figure_columns, summary_table
from ..text import cut, visible
from .comparisons import comparisons, comparisons_table
from .latex_layout import MAX_LINES, Panel, panels

__all__ = ["latex_table", "write_latex"]

_MAX_CELL = 160  # characters
_MAX_PAIRS = 200  # that are told
_SHORT = 14  # characters of a comparison's cell that stay on one line
_WORDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "†": r"\textdagger{}",
    "…": r"\dots{}",
    "·": r"\textperiodcentered{}",
}
_SPECIAL = re.compile("|".join(map(re.escape, _WORDS)))
_BREAKS = re.compile(r"\\_|\\textgreater\{\}|[/:-](?=[A-Za-z])")
_LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)")


def write_latex(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    r"""Write summary and comparisons as tables that need ``\usepackage{booktabs}``.

    Figures are those of the summary as it shows itself, each score with its interval.
    What is wider than a page goes on below, what is higher in another table. No name
    or text is a command. Scripts other than Latin need XeLaTeX or LuaLaTeX.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run.
    """
    name = str(manifest.get("name") or "Model comparison")
    label = run_label(frame, manifest)
    caption = f"{name}: {headline(frame, manifest)}" + (f". {label}" if label else "")
    best = best_scores(frame, manifest)
    if any(map(any, best.values())):
        caption += f". {MEANING}"
    found = summarize(frame, manifest=manifest)
    n_keys = list(found.columns).index("n")
    lines = [
        r"% needs \usepackage{booktabs}",
        *_floats(panels(summary_table(found, best=best), n_keys=n_keys), caption, name),
    ]
    table = comparisons_table(comparisons(frame, manifest))
    if len(table):
        told = f"{name}: comparisons"
        if len(table) > _MAX_PAIRS:
            told += (
                f" (the first {_MAX_PAIRS:,} of {len(table):,}; all are in the xlsx)"
            )
        parts = panels(table.head(_MAX_PAIRS), n_keys=3, long=_SHORT)
        lines += _floats(parts, told, f"{name}: comparisons")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _floats(parts: list[Panel], caption: str, title: str) -> list[str]:
    """Give the parts of a table as floats, each as high as a page at most."""
    pages: list[list[Panel]] = [[]]
    for panel in parts:
        if pages[-1] and sum(one.n_lines for one in [*pages[-1], panel]) > MAX_LINES:
            pages.append([])
        pages[-1].append(panel)
    return [
        _float(
            page, caption if at == 1 else f"{title}, continued", at=at, of=len(pages)
        )
        for at, page in enumerate(pages, 1)
    ]


def _float(page: list[Panel], caption: str, *, at: int, of: int) -> str:
    part = f" ({at} of {of})" if of > 1 else ""
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_inert(caption, 400)}{part}}}",
            r"  \footnotesize",
            r"  \setlength{\tabcolsep}{3pt}",
            "\n\n  \\medskip\n".join(
                latex_table(one.table, sides=one.sides) for one in page
            ),
            r"\end{table}",
        ]
    )


def latex_table(table: pd.DataFrame, *, sides: Sequence[str] | None = None) -> str:
    r"""Give a frame of text as a ``tabular``; figures are flush right.

    Args:
        table: The frame.
        sides: For each column ``l``, ``r`` or ``p{...}``; None is as wide as its text.

    Example:
        >>> print(latex_table(pd.DataFrame({"model": ["a_b"], "n": ["12"]})))
          \begin{tabular}{lr}
            \toprule
            model & n \\
            \midrule
            a\_b & 12 \\
            \bottomrule
          \end{tabular}
    """
    if sides is None:
        sides = ["r" if right else "l" for right in figure_columns(table)]
    rows = table.to_numpy(dtype=object).tolist()
    lines = [
        r"\toprule",
        _row(list(map(str, table.columns)), sides),
        r"\midrule",
        *(_row(row, sides) for row in rows),
        r"\bottomrule",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"  \\begin{{tabular}}{{{''.join(sides)}}}\n{body}\n  \\end{{tabular}}"


def _row(cells: list[str], sides: Sequence[str]) -> str:
    line = " & ".join(map(_cell, cells, sides))
    # After the end of a row, a bracket or a star would be an argument of it.
    guard = "{}" if line[:1] in ("[", "*") else ""
    end = r"\tabularnewline" if sides[-1][0] == "p" else r"\\"
    return f"{guard}{line} {end}"


def _cell(text: str, side: str) -> str:
    """Give a cell; one that wraps may do so within a name, too."""
    if side[0] != "p":
        return _inert(text)
    return r"\raggedright{}" + _BREAKS.sub(r"\g<0>\\allowbreak{}", _inert(text))


def _inert(text: str, length: int = _MAX_CELL) -> str:
    line = cut(" ".join(visible(text).split()), length)
    return _SPECIAL.sub(
        lambda found: _WORDS[found[0]], _LIGATURES.sub("\0", line)
    ).replace("\0", "{}")
