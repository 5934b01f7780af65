from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from respan_lab.errors import ConfigError
from respan_lab.results import Results

EVIL = [
    "=1+1",
    "https://example.org",
    "mailto:a@b.org",
    "internal:calls!A1",
    "<r><t>x</t></r>",
    "<r></r>",
    "{=SUM(A1)}",
    "#REF!",
    "&<>\"'",
    "]]>",
]


@pytest.fixture
def book_of(results_of, tmp_path):
    """Export rows and open the workbook with another program."""

    def make(rows, **manifest):
        path = results_of(rows, **manifest).export(tmp_path / "run.xlsx")
        return load_workbook(path)

    return make


def column(sheet, name):
    head = [cell.value for cell in sheet[1]]
    return [row[head.index(name)] for row in sheet.iter_rows(min_row=2)]


def test_the_sheets_have_frozen_headings_and_filters(call, book_of):
    book = book_of([call(score_s=True), call("b", 0, score_s=False)], name="try")
    assert book.sheetnames == ["summary", "calls", "comparisons", "manifest"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_figures_have_formats_with_units(call, book_of):
    rows = [call(score_s=True, item=i, time_to_first_token=0.1) for i in range(3)]
    book = book_of(rows + [call("b", i, score_s=False) for i in range(3)])
    formats = {
        ("calls", "cost"): '"$"#,##0.00######',
        ("calls", "latency"): '0.000" s"',
        ("calls", "prompt_tokens"): "#,##0",
        ("summary", "score_s"): "0.0%",
        ("summary", "score_s_ci_low"): "0.0%",
        ("summary", "cost_total"): '"$"#,##0.00######',
        ("summary", "latency_p50"): '0.000" s"',
        ("summary", "n"): "#,##0",
        ("comparisons", "ci_level"): "0%",
    }
    for (sheet, name), expected in formats.items():
        assert column(book[sheet], name)[0].number_format == expected, name
    assert column(book["calls"], "output")[0].alignment.wrap_text
    assert book["calls"].column_dimensions["B"].width > 8


def test_headings_stand_above_what_they_head(call, book_of):
    prompt = "think step by step, then say it"
    sheet = book_of([call(prompt=prompt, score_s=True)])["summary"]
    sides = {cell.value: cell.alignment.horizontal for cell in sheet[1]}
    assert (sides["model"], sides["n"], sides["cost"]) == ("left", "right", "right")
    assert sheet.column_dimensions["B"].width > len(prompt)


def test_an_item_may_be_a_mapping(call, book_of):
    sheet = book_of([call(item={"of": ["a", "b"]}), call(item=[1])])["calls"]
    assert column(sheet, "item")[0].value == '{"of": ["a", "b"]}'


def test_sheets_are_printed_across_with_headings(call, book_of):
    for sheet in book_of([call(score_s=True), call("b", score_s=False)]):
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == "$1:$1"
        is_narrow = sheet.max_column <= 16
        assert sheet.page_setup.fitToHeight == 0
        assert (sheet.page_setup.fitToWidth in (None, 1)) is is_narrow


def test_no_text_is_a_formula_a_link_or_markup(call, book_of):
    rows = [call(text, i, output=text, var_x=text) for i, text in enumerate(EVIL)]
    book = book_of(rows, name=EVIL[0], labels={EVIL[0]: EVIL[4]})
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "inlineStr", "n", "b"), cell.value
                assert cell.hyperlink is None
                assert not str(cell.value).startswith("=")
    shown = [cell.value for cell in column(book["calls"], "output")]
    assert shown == [f"'{one}" if one[:3] in ("=1+", "<r>") else one for one in EVIL]


def test_the_file_holds_no_formula_nor_link(call, results_of, tmp_path):
    rows = [call(text, i, output=text) for i, text in enumerate(EVIL)]
    path = results_of(rows).export(tmp_path / "run.xlsx")
    with zipfile.ZipFile(path) as parts:
        sheets = [one for one in parts.namelist() if "worksheets" in one]
        text = "".join(parts.read(one).decode() for one in sheets)
    assert len(sheets) == 4
    assert "<f>" not in text
    assert "hyperlink" not in text


def test_too_many_rows_are_refused_before_anything_is_written(call, frame_of, tmp_path):
    frame = frame_of([call()])
    many = frame.iloc[np.zeros(1_048_576, dtype=int)]
    with pytest.raises(
        ConfigError, match=r"1,048,576 rows.*holds 1,048,575.*\.csv or \.parquet"
    ):
        Results(many).export(tmp_path / "run.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_two_exports_of_a_run_are_the_same(call, results_of, tmp_path):
    r = results_of([call(score_s=True), call("b", 0, score_s=False)])
    first = r.export(tmp_path / "a.xlsx").read_bytes()
    assert r.export(tmp_path / "b.xlsx").read_bytes() == first


def test_slices_join_without_a_seam(call, frame_of, tmp_path, monkeypatch):
    """More rows than are written at a time."""
    frame = frame_of([call(item=i, key=str(i)) for i in range(7)])
    many = frame.iloc[np.arange(20_001) % 7].reset_index(drop=True)
    many["item"] = pd.array(range(20_001), dtype="Int64")
    for kind in ("xlsx", "csv", "jsonl"):
        back = Results.load(Results(many).export(tmp_path / f"run.{kind}")).df
        assert back["item"].tolist() == list(range(20_001))
