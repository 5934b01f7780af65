"""What is exported can be loaded again, to the letter."""

from __future__ import annotations

import json
from datetime import UTC

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.results import Results, build_frame
from respan_lab.results.files.inert import cut_cell, neutralize, restore

SHEETS = ("csv", "xlsx")
FORMATS = (*SHEETS, "jsonl")

BAD = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\r\n",
    "'",
    "''",
    "'=1",
    "' tis",
    "  =1",
    "＝1",
    "\x1b[31mred\x1b[0m",
    "a\x00b\x7f\x9b",
    "␀ ␛ ␡",
    r"\u202e \u2400 \u005c \u00e9 \x41",
    "👩\u200d👧 é 中文",
    "\u202eabc\u202c\u200f\u2066\ufeff",
    "\ufffe\uffff\u2028\u2029\x85",
    "<r>&</r><t>",
    "_x000D_ _x0041_",
    'a,b;c\td\n"q"',
    "true",
    "1",
    "1.0",
    "007",
    "inf",
    "nan",
    "null",
    '{"a": 1}',
    "'[1]",
    "[1",
    " [1]",
    "",
]
pieces = st.sampled_from([*BAD, *"=+-@'\t\r\n ", "\\", "u005c", "u202e", "\x00", "␀"])
hostile = st.lists(pieces | st.characters(exclude_categories=["Cs"]), max_size=6).map(
    "".join
)
mixed = st.one_of(
    st.none(),
    hostile,
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda one: not one.is_integer()
    ),
    st.lists(hostile, max_size=2),
    st.dictionaries(hostile, hostile, max_size=2),
)
rows = st.fixed_dictionaries(
    {
        "key": hostile,
        "model": st.sampled_from(["=b", "a"]),
        "item": mixed.filter(lambda one: one is not None),
        "status": st.sampled_from(["ok", "error"]),
        "output": st.none() | hostile,
        "var_x": mixed,
        "var_text": hostile,
        "expected": mixed,
        "cost": st.none() | st.floats(0, 10) | st.sampled_from([0.1 + 0.2, 1e-300]),
        "prompt_tokens": st.none() | st.integers(0, 2**63 - 1),
        "cached": st.none() | st.booleans(),
        "score_s": st.none() | st.booleans(),
        "score_t": st.none() | st.floats(allow_nan=False),
        "note_s": st.none() | hostile,
        "parsed": st.none() | st.dictionaries(hostile, mixed, max_size=2),
        "started_at": st.none() | st.datetimes(timezones=st.just(UTC)),
    }
)


@pytest.fixture
def loaded(tmp_path):
    """Export and load again."""

    def make(results, kind):
        return Results.load(results.export(tmp_path / f"run.{kind}"))

    return make


@pytest.mark.parametrize("kind", FORMATS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings.default.max_examples // 8,
)
@given(some=st.lists(rows, min_size=1, max_size=4))
def test_any_frame_comes_back_as_it_was(loaded, kind, some):
    models = list(dict.fromkeys(row["model"] for row in some))
    frame = build_frame(some, models=models, prompts=[])
    pd.testing.assert_frame_equal(loaded(Results(frame), kind).df, frame)


@given(hostile)
def test_inert_text_can_be_undone(text):
    assert restore(neutralize(text)) == text


@pytest.mark.parametrize("kind", [*FORMATS, "parquet"])
def test_hostile_text_comes_back_to_the_letter(call, frame_of, loaded, kind):
    rows = [
        call(text, item=text, key=str(at), output=text, var_x=text, note_x=text)
        for at, text in enumerate(one for one in BAD if one)
    ]
    frame = frame_of(rows)
    pd.testing.assert_frame_equal(loaded(Results(frame), kind).df, frame)


@pytest.mark.parametrize("kind", FORMATS)
def test_mixed_items_keep_their_kinds(call, frame_of, loaded, kind):
    items = [-5, "-5", "5", 5.5, True, "true", ["=1"], '["=1"]', {"a": None}]
    frame = frame_of([call(item=one, key=str(at)) for at, one in enumerate(items)])
    assert loaded(Results(frame), kind).df["item"].tolist() == items


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_text_is_not_a_missing_one(call, frame_of, loaded, kind):
    frame = frame_of([call(output="", var_x=""), call(output=None, var_x=None)])
    back = loaded(Results(frame), kind).df
    assert back["output"].tolist() == ["", pd.NA]
    assert back["var_x"].tolist() == ["", pd.NA]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_run_comes_back(loaded, kind):
    frame = build_frame([], models=["a"], prompts=[])
    back = loaded(Results(frame), kind).df
    if kind == "jsonl":  # nothing in the file, not even names
        assert len(back) == 0
    else:
        assert list(back) == list(frame)


def test_long_texts_are_cut_in_excel_alone_and_say_so(call, frame_of, loaded):
    long, wide = "x" * 40_000, "😀" * 20_000
    frame = frame_of([call(output=long), call(item=1, output=wide)])
    for kind in ("csv", "jsonl", "parquet"):
        assert loaded(Results(frame), kind).df["output"].tolist() == [long, wide]
    once = loaded(Results(frame), "xlsx")
    cut_long, cut_wide = once.df["output"]
    assert cut_long == "x" * 32_741 + "… [cut: 7,259 characters]"
    for shown, text in ((cut_long, long), (cut_wide, wide)):
        kept, _, rest = shown.partition("… [cut: ")
        assert text.startswith(kept)
        assert rest == f"{len(text) - len(kept):,} characters]"
        assert len(shown.encode("utf-16-le")) // 2 <= 32_767
    again = loaded(once, "xlsx")
    assert again.df["output"].tolist() == [cut_long, cut_wide]


@given(st.text(st.sampled_from("a😀"), max_size=60), st.integers(40, 60))
def test_a_cut_fits_and_accounts_for_every_character(text, limit):
    shown = cut_cell(text, limit)
    assert len(shown.encode("utf-16-le")) // 2 <= limit
    if shown != text:
        kept, _, rest = shown.partition("… [cut: ")
        assert text.startswith(kept)
        assert int(rest.split()[0]) == len(text) - len(kept)


def test_excel_keeps_the_manifest_and_the_order_of_categories(call, loaded):
    frame = build_frame([call("a")], models=["z", "a", "b"], prompts=["short", "p0"])
    manifest = {
        "name": "=run",
        "run_id": "one",
        "nothing": None,
        "count": 3,
        "number as text": "3",
        "long": ["=x'" * 3_000, "\x00" * 6_000],
        "targets": {"w": {"load_balance_models": [{"model": "a", "weight": 3}]}},
        "": "'",
    }
    back = loaded(Results(frame, manifest), "xlsx")
    assert back.manifest == manifest
    pd.testing.assert_frame_equal(back.df, frame)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_without_a_manifest_the_runs_id_is_known(call, results_of, loaded, kind):
    assert loaded(results_of([call()]), kind).manifest == {"run_id": "run-1"}


@pytest.mark.parametrize("kind", [*FORMATS, "parquet"])
def test_a_simulated_run_says_the_same_again(call, results_of, loaded, kind):
    r = results_of([call("sim/small", score_s=True), call("x/y")], run_id="run-1")
    back = loaded(r, kind)
    pd.testing.assert_frame_equal(back.summary(), r.summary())
    assert list(back.df) == list(r.df)
    assert repr(back) == repr(r)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_holds_one_run(call, results_of, tmp_path, kind):
    path = results_of([call()], run_id="run-1").export(tmp_path / f"run.{kind}")
    assert len(Results.load(path, "run-1")) == 1
    with pytest.raises(ConfigError, match="holds the run 'run-1', not 'two'"):
        Results.load(path, "two")


def test_a_sheet_that_was_saved_by_another_program_is_read(call, results_of, tmp_path):
    from openpyxl import load_workbook

    r = results_of([call(output="=1"), call("b", 1, cost=None)], name="try")
    path = r.export(tmp_path / "run.xlsx")
    book = load_workbook(path)
    sheet = book["calls"]
    sheet.cell(1, sheet.max_column + 1, "score_human")
    sheet.cell(2, sheet.max_column, 0.5)
    book.save(path)
    back = Results.load(path)
    assert back.df["score_human"].tolist() == [0.5, pd.NA]
    pd.testing.assert_frame_equal(back.df.drop(columns="score_human"), r.df)
    assert back.manifest == {"name": "try"}


def test_a_csv_that_was_saved_without_quotes_is_read(call, results_of, tmp_path):
    r = results_of([call(item="a", output="=1", var_n=1, score_s=True)])
    path = r.export(tmp_path / "run.csv")
    plain = pd.read_csv(path, dtype=str, keep_default_na=False)
    plain.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8-sig")
    pd.testing.assert_frame_equal(Results.load(path).df, r.df)


def test_a_strange_file_is_refused_by_name(call, results_of, tmp_path):
    path = tmp_path / "run.csv"
    for kind in FORMATS:
        with pytest.raises(ConfigError, match=rf"no\.{kind}.*does not exist"):
            Results.load(tmp_path / f"no.{kind}")
    path.write_text("model,item\n")
    with pytest.raises(ConfigError, match=r"run\.csv.*no column 'key'"):
        Results.load(path)
    path.write_text("key,model,item,status,latncy\na,b,1,ok,2\n")
    with pytest.raises(ConfigError, match=r"'latncy'.*nearest: 'latency'.*var_latncy"):
        Results.load(path)
    path.write_text("key,model,item,status,latency\na,b,1,ok,soon\n")
    with pytest.raises(ConfigError, match=r"'latency' is Float64.*'soon'"):
        Results.load(path)
    path.write_text("key,model,item,status\na,b,1,fine\n")
    with pytest.raises(ConfigError, match=r"not a run: status is 'fine'"):
        Results.load(path)
    path.write_text("key,model\na,b,c\n")
    with pytest.raises(ConfigError, match=r"run\.csv.*cannot be read"):
        Results.load(path)
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match=r"run\.csv.*cannot be read"):
        Results.load(path)
    lines = tmp_path / "run.jsonl"
    lines.write_text('{"key": "a"}\n{oops\n')
    with pytest.raises(ConfigError, match=r"run\.jsonl.*line 2"):
        Results.load(lines)
    lines.write_text("[1]\n")
    with pytest.raises(ConfigError, match=r"line 1 is no JSON object"):
        Results.load(lines)
    book = tmp_path / "run.xlsx"
    book.write_bytes(b"PK no")
    with pytest.raises(ConfigError, match=r"run\.xlsx.*cannot be read"):
        Results.load(book)
    pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="other", engine="xlsxwriter")
    with pytest.raises(ConfigError, match=r"run\.xlsx.*no sheet 'calls'"):
        Results.load(book)


def test_json_lines_are_strict_json_with_every_column(
    call, failed, results_of, tmp_path
):
    r = results_of(
        [
            call(output="\x7f\u202e\u2028é", score_s=float("inf"), parsed={"a": 1}),
            failed(item=1),
        ]
    )
    text = r.export(tmp_path / "run.jsonl").read_text(encoding="utf-8")

    def refuse(word):
        raise AssertionError(word)

    lines = [json.loads(one, parse_constant=refuse) for one in text.splitlines()]
    assert [list(one) for one in lines] == [list(r.df)] * 2
    first, second = lines
    assert first["output"] == "\x7f\u202e\u2028é"
    assert first["parsed"] == {"a": 1}
    assert first["started_at"] == "2026-03-01T12:00:01.000000Z"
    assert first["score_s"] == "Infinity"
    assert second["cost"] is None
    assert "é" in text
    assert not set("\x7f\u202e\u2028") & set(text)
