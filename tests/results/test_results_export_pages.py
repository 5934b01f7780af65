"""Markdown and LaTeX: whatever a text holds, it is only text."""

from __future__ import annotations

import re
import shutil
import subprocess

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.results.files.latex import latex_table
from respan_lab.results.files.markdown import markdown_table

EVIL = r"\input{/etc/passwd} $x^2$ & % # _ ^ ~ {} | `a` *b* <b>c</b> [d](javascript:e)"
signs = st.text(st.sampled_from("\\{}$&#_%^~|`*<>[]()!@:/.-'\"w\n\r\t \x00é†…–"))


@pytest.fixture
def page_of(results_of, tmp_path):
    """Export rows and read the page."""

    def make(rows, kind, **manifest):
        path = results_of(rows, **manifest).export(tmp_path / f"run.{kind}")
        return path.read_text(encoding="utf-8")

    return make


@given(signs)
def test_no_text_leaves_its_cell_in_markdown(text):
    lines = markdown_table(pd.DataFrame({"m": [text, "next"]})).splitlines()
    assert len(lines) == 4
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", lines[2])
    assert len(cells) == 3
    inside = lines[2][2:-2]
    bare = re.sub(r"\\[^a-zA-Z0-9\s]|&#\d+;", "", inside)
    assert not set("`*_[]<>~@\\") & set(bare)
    assert "://" not in bare
    assert bare.count("$") < 2


@given(signs)
def test_no_text_is_a_command_in_latex(text):
    lines = latex_table(pd.DataFrame({"m": [text, "next"]})).splitlines()
    row = lines[4].strip()
    assert row.endswith(r"\\")
    assert len(lines) == 8
    cell = row.removesuffix(r"\\").rstrip()
    known = r"\\text(backslash|asciicircum|asciitilde|less|greater|bar|asciigrave"
    known += r"|dagger|periodcentered)\{\}|\\dots\{\}|\\[{}$&#_%]|\{\}"
    bare = re.sub(known, "", cell)
    assert not set("\\{}$&#%^~_<>|`") & set(bare)
    assert not re.match(r"[\[*]", cell)


def test_names_and_titles_are_inert_too(call, page_of):
    rows = [call(EVIL, 0, prompt=EVIL, param_p=EVIL, score_x=True)]
    page = page_of(rows, "tex", name=EVIL, labels={EVIL: EVIL})
    assert r"\input" not in page
    assert page.count(r"\begin{") == page.count(r"\end{") == 1 + page.count("toprule")
    page = page_of(rows, "md", name=EVIL, labels={EVIL: EVIL})
    assert "<b>" not in page.replace(r"\<", "")
    assert "](javascript" not in page.replace(r"\]", "")


def test_a_table_is_booktabs_and_needs_nothing_else(call, page_of):
    page = page_of([call(score_s=True)], "tex", name="try_1")
    assert r"\usepackage" in page.splitlines()[0]
    assert page.splitlines()[0].startswith("%")
    for rule in ("toprule", "midrule", "bottomrule"):
        assert page.count(rf"\{rule}") == page.count(r"\begin{tabular}")
    assert r"\caption{try\_1: 1 call" in page
    assert r"\hline" not in page


def test_an_empty_run_is_a_page_too(page_of):
    for kind in ("md", "tex"):
        assert "no calls" in page_of([], kind)


def test_long_names_are_cut(call, page_of):
    for kind in ("md", "tex"):
        assert "x" * 200 not in page_of([call("x" * 500)], kind)


def test_no_table_of_latex_sticks_out(call, page_of):
    page = page_of(wide_run(call), "tex")
    assert page.count(r"\begin{tabular}") > 3
    assert "comparisons (1 of " in page
    sides = re.findall(r"p\{(\d+)pt\}", page)
    assert sides
    assert all(40 <= int(one) < 345 for one in sides)


@pytest.mark.deep
def test_latex_itself_finds_nothing_too_wide_or_too_high(call, page_of, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("needs LaTeX: apt-get install texlive-latex-recommended")
    page = page_of(wide_run(call), "tex", name=EVIL, labels={"b": EVIL})
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "all.tex").write_text(f"{head}{page}\\end{{document}}\n")
    command = ["pdflatex", "-no-shell-escape", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.search("Overfull|too large", done.stdout)


def wide_run(call):
    """Six models with long names, two prompts, three scores."""
    return [
        call(f"vendor{model}/a-model-of-some-size", item, prompt=prompt)
        | {f"score_{name}_of_the_answer": (item + model) % 3 > 0 for name in "abc"}
        for model in range(6)
        for prompt in ("terse", "take a deep breath & think of it step by step")
        for item in range(16)
    ]
