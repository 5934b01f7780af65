from __future__ import annotations

import copy
import pickle
from html.parser import HTMLParser

import pandas as pd
import pytest

import respan_lab.results as room
from respan_lab.errors import ConfigError
from respan_lab.results import Results


@pytest.fixture
def r(call, failed, results_of):
    """Four calls of two models; one failed."""
    return results_of(
        [
            call("sim/small", 0, score_match=True),
            call("sim/small", 1, score_match=False),
            call("sim/large", 0, score_match=True, cost=None),
            failed("sim/large", 1),
        ],
        name="try",
    )


def test_public_names_are_there():
    assert all(hasattr(room, name) for name in room.__all__)


def test_the_parts_of_a_run(r):
    assert len(r) == 4
    assert r.manifest == {"name": "try"}
    assert r.cost == pytest.approx(0.002)
    assert list(r.summary()["model"]) == ["sim/small", "sim/large"]
    assert list(r.summary(by="item")["n"]) == [2, 2]


def test_cost_is_none_when_none_is_known(call, results_of):
    assert results_of([call(cost=None)]).cost is None
    assert results_of([call(cost=0.0)]).cost == 0.0


def test_errors_are_rows_with_a_reason(r, call, failed, results_of):
    assert list(r.errors["error_type"]) == ["RateLimitError"]
    assert list(r.errors["model"]) == ["sim/large"]
    rows = [
        call(param_k=1),
        failed(item=1, status="maybe_billed", param_k=1),
        failed(item=2, status="skipped"),
    ]
    errors = results_of(rows).errors
    assert list(errors["status"]) == ["maybe_billed"]
    assert "param_k" in errors
    assert len(results_of([call()]).errors) == 0


def test_a_model_by_name(r):
    assert len(r["sim/small"]) == 2
    assert r["sim/small"].manifest == r.manifest
    assert isinstance(r["sim/small"].df.index, pd.RangeIndex)
    with pytest.raises(ConfigError, match=r"'sim/smal' is not.*sim/small"):
        r["sim/smal"]


def test_query_gives_results(r):
    kept = r.query("item == 0 and status == 'ok'")
    assert isinstance(kept, Results)
    assert len(kept) == 2
    assert list(kept.summary()["n"]) == [1, 1]


def test_results_need_the_declared_columns():
    with pytest.raises(ConfigError, match="no column 'key'"):
        Results(pd.DataFrame({"model": ["a"]}))


def test_it_shows_itself_in_plain_text(r):
    shown = repr(r).splitlines()
    assert shown[0] == (
        "Results: 4 calls · 2 items · 3 ok · 1 error · $0.00200 and "
        "1 call of unknown cost"
    )
    assert shown[1] == "simulated"
    assert shown[2].split()[:3] == ["model", "prompt", "calls"]
    assert "0.500 [0.09–0.91]" in shown[3]
    assert "2 (1 error, 1 unpriced)" in shown[4]


def test_an_empty_run_shows_itself(results_of):
    empty = results_of([])
    assert repr(empty) == "Results: no calls"
    assert "no calls" in empty._repr_html_()
    assert empty.cost is None


class Cells(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.names.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_it_shows_itself_in_a_notebook(r):
    cells = Cells(r._repr_html_())
    assert cells.tags.count("table") == 2
    assert "simulated" in cells.texts
    assert "0.500 [0.09–0.91]" in cells.texts
    assert "error: RateLimitError: slow down" in cells.texts


def test_no_answer_is_markup_in_a_notebook(call, results_of):
    bad = "<script>alert(1)</script><b onclick=x>$x$ \x1b[31m"
    row = call(bad, bad, prompt=bad, output=bad, expected=bad, param_x=bad)
    cells = Cells(results_of([row | {f"score_{bad}": True}])._repr_html_())
    assert set(cells.tags) == {
        *("div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td")
    }
    assert cells.names <= {"class", "style", "border"}
    assert any("<script>" in text and "␛" in text for text in cells.texts)


def test_a_notebook_does_not_typeset_answers(r):
    assert "tex2jax_ignore" in r._repr_html_()


def test_a_long_run_shows_its_first_rows(call, results_of):
    html = results_of([call(item=i, output="x" * 9_000) for i in range(40)])
    shown = html._repr_html_()
    assert "… and 35 more in" in shown
    assert len(shown) < 12_000


def test_a_score_may_be_called_like_a_column(call, results_of):
    row = call(score_cost=True, score_latency=0.5, var_output="a", param_model="x")
    r = results_of([row])
    assert "cost" in repr(r)
    assert r._repr_html_()


def test_showing_changes_no_option(r):
    names = ("display.max_colwidth", "display.html.use_mathjax")
    before = [pd.get_option(name) for name in names]
    repr(r), r._repr_html_()
    assert [pd.get_option(name) for name in names] == before


def test_it_survives_copies(r):
    for again in (pickle.loads(pickle.dumps(r)), copy.deepcopy(r)):
        pd.testing.assert_frame_equal(again.df, r.df)
        assert again.manifest == r.manifest


def test_export_names_what_it_can_write(r, tmp_path):
    with pytest.raises(ConfigError, match=r"run\.docx.*\.csv, \.parquet, \.xlsx, "):
        r.export(tmp_path / "run.docx")


def test_export_makes_folders_and_replaces_whole_files(r, tmp_path):
    path = r.export(tmp_path / "deep" / "er" / "RUN.CSV")
    assert path == tmp_path / "deep" / "er" / "RUN.CSV"
    again = r["sim/small"].export(str(path))
    assert len(pd.read_csv(again)) == 2
    assert [one.name for one in path.parent.iterdir()] == ["RUN.CSV"]


def test_a_failed_export_leaves_the_old_file(r, tmp_path):
    path = tmp_path / "run.parquet"
    path.write_text("old")
    bad = Results(r.df.assign(var_bad=[1j] * len(r)), r.manifest)
    with pytest.raises(Exception, match="complex"):
        bad.export(path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["run.parquet"]


def test_plot_draws_the_summary(r):
    assert r.plot.scores().get_title(loc="left") == "match"
    assert repr(r.plot).startswith("Plot: .scores(), ")
