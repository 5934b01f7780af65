"""The verbs of results on any frame: `df.lab`."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

import respan_lab as lab
import respan_lab.pandas  # registers the accessor
from respan_lab.errors import ConfigError
from respan_lab.results import COLUMNS
from respan_lab.results.foreign import as_calls


@pytest.fixture
def few():
    """The least that a comparison needs, on an odd index."""
    rows = [(m, at, at % 4 > 0 or m == "b") for at in range(40) for m in "ba"]
    frame = pd.DataFrame(rows, columns=["model", "item", "score_good"])
    frame.index = pd.Index([7] * len(frame), name="odd")
    return frame


def test_a_run_s_own_frame_gives_what_the_run_gives(call, failed, results_of):
    rows = [
        call(model, at, score_good=at % 3 > 0 or model == "b", var_x=at)
        for at in range(20)
        for model in "ab"
    ]
    r = results_of([*rows, failed("a", 99)])
    assert r.df.lab.summary().equals(r.summary())
    assert r.df.lab.compare().equals(r.compare())
    assert r.df.lab.failures.equals(r.failures)
    assert r.df.lab.disagreements("a", "b").equals(r.disagreements("a", "b"))
    part = r.df[r.df["model"] == "a"]
    assert part.lab.summary().equals(r["a"].summary())


def test_three_columns_are_enough_to_compare(few):
    assert few.lab.summary()["model"].tolist() == ["b", "a"]  # as they come
    assert few.lab.summary()["score_good"].tolist() == [1.0, 0.75]
    found = few.lab.compare(baseline="a")
    assert found.loc[0, ["a", "b", "verdict"]].tolist() == ["b", "a", "better"]
    assert list(few.columns) == ["model", "item", "score_good"]  # left as it was


def test_what_is_declared_is_there_and_typed(few, call, frame_of):
    calls = as_calls(few.assign(mine="x", latency=[1, 2] * 40))
    names = [one.name for one in COLUMNS if not one.prefix and one.name != "run_name"]
    assert set(names) <= set(calls.columns)
    whole = frame_of([call()])
    for name in names:
        if name != "item" and whole[name].dtype != "category":
            assert calls[name].dtype == whole[name].dtype, name
    assert calls["mine"].unique().tolist() == ["x"]
    assert calls["latency"].dtype == "Float64"
    assert calls["status"].unique().tolist() == ["ok"]


def test_rows_that_are_alike_are_repeats():
    rows = [("a", 1, "p"), ("a", 1, "q"), ("a", 1, "p"), ("b", 1, "p")]
    frame = pd.DataFrame(rows, columns=["model", "item", "prompt"])
    assert as_calls(frame)["run"].tolist() == [0, 0, 1, 0]
    assert as_calls(frame.assign(run=9))["run"].tolist() == [9] * 4


def test_scores_need_only_an_output_and_keep_the_index():
    frame = pd.DataFrame(
        {"output": ["Yes", "I can't help with that.", None], "expected": "yes"},
        index=pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)]),
    )
    scored = frame.lab.score("exact_match")
    assert scored.index.equals(frame.index)
    assert scored["score_exact_match"].tolist() == [True, False, pd.NA]
    assert "score_exact_match" not in frame


def test_what_is_better_when_low_is_remembered_and_can_be_told(few):
    def blunders(output):
        return output.count("!")

    blunders.lower_is_better = True
    outputs = few.assign(output=["fine" if good else "!!" for good in few.score_good])
    scored = outputs.lab.score(blunders)
    for frame in (scored, pd.concat([scored.iloc[:40], scored.iloc[40:]])):
        found = frame.lab.compare("blunders", baseline="a")
        assert found["verdict"].tolist() == ["better"]
    plain = pd.DataFrame(scored.to_dict("list"))
    assert plain.lab.compare("blunders", baseline="a")["verdict"].tolist() == ["worse"]
    plain.attrs["respan_lab"] = {"lower_is_better": ["blunders"]}
    found = plain.lab.compare("blunders", baseline="a")
    assert found["verdict"].tolist() == ["better"]


def test_refusals_are_better_when_low_without_being_told(few):
    frame = few.rename(columns={"score_good": "score_refusal"})
    assert frame.lab.compare(baseline="a")["verdict"].tolist() == ["worse"]


def test_repriced_frames_have_their_rows_index_and_columns(few):
    frame = few.assign(prompt_tokens=10, completion_tokens=100, mine=1)
    new = frame.lab.reprice({"a": {"input": 1, "output": 2}})
    assert new.index.equals(frame.index)
    assert list(new.columns) == [*frame.columns, "cost", "cost_source"]
    assert new.loc[new["model"] == "a", "cost"].tolist() == pytest.approx(
        [0.00021] * 40
    )
    assert new.loc[new["model"] == "b", "cost"].isna().all()


def test_a_frame_that_was_changed_is_seen_as_it_is(few):
    assert few.lab.summary()["n"].tolist() == [40, 40]
    few["model"] = "c"
    assert few.lab.summary()["n"].tolist() == [80]


def test_files_and_stories(few, tmp_path):
    path = few.assign(key=[f"key-{at}" for at in range(80)]).lab.export(
        tmp_path / "x.csv"
    )
    assert len(pd.read_csv(path)) == 80
    with_keys = few.assign(key=[f"key-{at}" for at in range(80)])
    assert with_keys.lab.explain("key-12").title.startswith("b")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"model": ["a"]}), "no column 'item' .it has 'model'.*rename"),
        (pd.DataFrame({"llm": [1]}), "no column 'model' and no 'item'.*ask takes any"),
        (pd.DataFrame([[1, 2]], columns=["item", "item"]), "'item' twice"),
        (
            pd.DataFrame({"model": ["a"], "item": 1, "status": "done"}),
            "cannot be read as calls: .*status is 'done'",
        ),
    ],
)
def test_what_is_missing_is_named(frame, said):
    with pytest.raises(ConfigError, match=said):
        frame.lab.summary()


def test_it_says_what_it_can_do(few):
    assert "80 rows" in repr(few.lab)
    assert "disagreements" in repr(few.lab)


@pytest.mark.parametrize(
    "code",
    [
        "import pandas, respan_lab",
        "import respan_lab as lab, pandas; lab.Results",
        "import respan_lab.pandas, pandas",
        "import respan_lab.pandas, pandas, respan_lab as lab; lab.Results; lab.runs",
    ],
)
def test_it_is_there_once_pandas_is(code):
    code += "; assert callable(pandas.DataFrame.lab); pandas.DataFrame().lab"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_it_costs_no_import_of_pandas_nor_of_ours():
    code = "import sys, respan_lab; assert 'pandas' not in sys.modules; import pandas; "
    code += "from importlib import reload; reload(respan_lab); "
    code += "assert 'respan_lab.results' not in sys.modules; pandas.DataFrame.lab"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.fixture
def small_run(tmp_path):
    client = lab.Client(gateway=lab.Gateway(home=tmp_path, seed=1, sim_time_scale=0))
    data = [{"word": "yes " * (at + 1)} for at in range(20)]
    return lab.compare(
        "{{ word }}?", ["sim/small", "sim/large"], data, evaluators="length",
        client=client, store=tmp_path / "ledger.db", progress=False,
    )  # fmt: skip


def test_the_frame_of_a_run_knows_what_the_run_knows(small_run):
    r = small_run
    assert r.manifest["lower_is_better"] == ["length"]
    # A longer answer for one model alone, so that the verdict tells the direction.
    longer = r.df["score_length"] + 50 * (r.df["model"] == "sim/large")
    changed = r.df.assign(score_length=longer)
    for frame in (changed, changed[changed["item"] < 19], changed.copy()):
        assert frame.lab.compare()["verdict"].tolist() == ["better"]


def test_single_calls_are_told_of_as_by_the_run(small_run):
    r, key = small_run, small_run.df["key"][0]
    assert str(r.df.lab.explain(key)) == str(r.explain(key))
    assert r.df.lab.curl(key) == r.curl(key)
    assert r.df.lab.cost == r.cost
    assert r.df.lab.errors.equals(r.errors)


def test_what_results_were_made_of_stays_as_it_was(small_run):
    given = pd.DataFrame(small_run.df)
    given.attrs = {}
    made = lab.Results(given, {"lower_is_better": ["length"]})
    assert given.attrs == {}
    assert made.df.attrs["respan_lab"] == {"lower_is_better": ["length"]}


def test_columns_of_several_levels_are_told(few):
    few.columns = pd.MultiIndex.from_tuples([("u", name) for name in few.columns])
    with pytest.raises(ConfigError, match="columns have 2 levels; give them one"):
        few.lab.summary()


def test_a_column_that_cannot_be_read_is_named(few):
    with pytest.raises(ConfigError, match="'score_good', which begins with 'yes'"):
        few.assign(score_good="yes").lab.summary()
