from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.results import Results, build_frame

text = st.text(st.characters(exclude_categories=["Cs"]))
mixed = st.one_of(
    st.none(), text, st.integers(), st.booleans(), st.lists(text, max_size=2)
)
rows = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["b", "a"]),
        "item": mixed.filter(lambda one: one is not None),
        "status": st.sampled_from(["ok", "error"]),
        "output": st.none() | text,
        "var_x": mixed,
        "expected": mixed,
        "cost": st.none() | st.floats(0, 10),
        "score_s": st.none() | st.booleans(),
        "note_s": st.none() | text,
        "parsed": st.none() | st.dictionaries(text, mixed, max_size=2),
        "started_at": st.none() | st.datetimes(timezones=st.just(UTC)),
    }
)


@pytest.fixture
def saved(tmp_path):
    """Save and load again."""

    def make(results):
        return Results.load(results.export(tmp_path / "run.parquet"))

    return make


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=4))
def test_any_frame_comes_back_as_it_was(saved, some):
    frame = build_frame(some, models=["b", "a", "never"], prompts=["p"])
    pd.testing.assert_frame_equal(saved(Results(frame)).df, frame)


def test_hostile_text_comes_back_as_it_was(call, frame_of, saved):
    bad = ["\x00", "a\x00b\x1b[31m", "=1+1", "<script>", "\u202e\ufeff", "\r\n\t", "'"]
    frame = frame_of([call(item=i, output=one, var_x=one) for i, one in enumerate(bad)])
    back = saved(Results(frame)).df
    pd.testing.assert_frame_equal(back, frame)
    assert back["output"].tolist() == bad


def test_categories_keep_their_order_and_the_unused_ones(call, saved):
    frame = build_frame([call("a")], models=["z", "a", "b"], prompts=["short", "p0"])
    back = saved(Results(frame)).df
    assert list(back["model"].cat.categories) == ["z", "a", "b"]
    assert list(back["prompt"].cat.categories) == ["short", "p0"]


def test_items_of_any_kind_come_back(call, frame_of, saved):
    for items in ([("a", 1), ("b", 2)], [1, "1"], [datetime(2026, 1, 1, tzinfo=UTC)]):
        frame = frame_of([call(item=item) for item in items])
        assert saved(Results(frame)).df["item"].tolist() == items


def test_what_json_has_no_word_for_becomes_text(call, results_of, saved):
    back = saved(results_of([call(var_x=object), call(item=1, var_x=1)]))
    assert back.df["var_x"].tolist() == ["<class 'object'>", 1]


def test_the_manifest_comes_along(call, results_of, saved):
    manifest = {
        "name": "run",
        "targets": {"w": {"load_balance_models": [{"model": "a", "weight": 3}]}},
        "params": {"stop": ["\n"], "seed": None},
    }
    assert saved(results_of([call()], **manifest)).manifest == manifest


def test_a_summary_is_the_same_after_loading(call, failed, results_of, saved):
    r = results_of([call(score_s=True), failed(item=1), call("sim/small", 2)])
    pd.testing.assert_frame_equal(saved(r).summary(), r.summary())
    assert repr(saved(r)) == repr(r)


def test_other_programs_read_plain_columns(call, results_of, tmp_path):
    r = results_of([call("sim/small", expected={"intent": "refund"})])
    path = r.export(tmp_path / "run.parquet")
    table = pq.read_table(path)
    assert json.loads(table["expected"][0].as_py()) == {"intent": "refund"}
    assert json.loads(table.schema.metadata[b"respan_lab"])["label"] == "simulated"
    assert pd.read_parquet(path)["cost"].tolist() == [0.001]


def test_a_strange_file_is_refused_by_name(tmp_path):
    strange, broken = tmp_path / "strange.parquet", tmp_path / "broken.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(strange)
    broken.write_bytes(b"not parquet")
    with pytest.raises(ConfigError, match=r"strange.parquet.*is not a run saved"):
        Results.load(strange)
    with pytest.raises(ConfigError, match=r"broken.parquet.*cannot be read"):
        Results.load(broken)
    with pytest.raises(ConfigError, match=r"nothing.parquet.*does not exist"):
        Results.load(tmp_path / "nothing.parquet")


def test_a_file_holds_one_run(call, results_of, tmp_path):
    path = results_of([call()], run_id="one").export(tmp_path / "run.parquet")
    assert len(Results.load(path, "one")) == 1
    with pytest.raises(ConfigError, match="holds the run 'one', not 'two'"):
        Results.load(path, "two")
