r"""LaTeX: the summary as a table to publish, with booktabs and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..best import MEANING, best_scores
from ..headline import headline, run_label
from ..summary import summarize
from ..table import figure_columns, summary_table
from ..text import cut, visible
from .comparisons import comparisons, comparisons_table

__all__ = ["latex_table", "write_latex"]

_MAX_CELL = 160  # characters
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
_LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)")


def write_latex(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    r"""Write summary and comparisons as tables that need ``\usepackage{booktabs}``.

    Figures are those of the summary as it shows itself, each score with its interval.
    No name or text is a command. Scripts other than Latin need XeLaTeX or LuaLaTeX.

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
    summary = summary_table(summarize(frame, manifest=manifest), best=best)
    every = comparisons(frame, manifest)
    lines = [r"% needs \usepackage{booktabs}", _float(summary, caption)]
    if every:
        lines += ["", _float(comparisons_table(every), f"{name}: comparisons")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _float(table: pd.DataFrame, caption: str) -> str:
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_inert(caption, 400)}}}",
            latex_table(table),
            r"\end{table}",
        ]
    )


def latex_table(table: pd.DataFrame) -> str:
    r"""Give a frame of text as a ``tabular``; figures are flush right.

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
    sides = "".join("r" if right else "l" for right in figure_columns(table))
    rows = table.to_numpy(dtype=object).tolist()
    lines = [
        r"\toprule",
        _row(list(map(str, table.columns))),
        r"\midrule",
        *map(_row, rows),
        r"\bottomrule",
    ]
    body = "\n".join(f"    {line}" for line in lines)
    return f"  \\begin{{tabular}}{{{sides}}}\n{body}\n  \\end{{tabular}}"


def _row(cells: list[str]) -> str:
    line = " & ".join(map(_inert, cells))
    # After the end of a row, a bracket or a star would be an argument of it.
    return ("{}" if line[:1] in ("[", "*") else "") + rf"{line} \\"


def _inert(text: str, length: int = _MAX_CELL) -> str:
    line = cut(" ".join(visible(text).split()), length)
    return _SPECIAL.sub(
        lambda found: _WORDS[found[0]], _LIGATURES.sub("\0", line)
    ).replace("\0", "{}")
