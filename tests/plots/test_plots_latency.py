from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from respan_lab import plots
from respan_lab.errors import ConfigError


def curves(ax):
    return [line for line in ax.get_lines() if line.get_drawstyle() == "steps-post"]


def key(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_curve_is_the_part_of_calls_at_most_so_long(calls, timed):
    ax = plots.latency(calls)
    of_model = {
        name: np.sort(
            timed.loc[timed["model"] == name, "latency"].to_numpy(dtype=float)
        )
        for name in "ba"
    }
    drawn = {len(line.get_xdata()) - 1: line for line in curves(ax)}
    for times in of_model.values():
        line = drawn[len(times)]
        for x in (times[0], times[5], 0.5, times[-1]):
            at = np.searchsorted(line.get_xdata(), x, side="right") - 1
            assert line.get_ydata()[at] == pytest.approx(np.mean(times <= x))


def test_the_key_has_medians_fastest_first(calls, timed):
    medians = timed.groupby("model", observed=True)["latency"].median().sort_values()
    counts = timed["model"].value_counts()
    assert key(plots.latency(calls)) == [
        f"{name}\nmedian {median:.3f} s, n={counts[name]}"
        for name, median in medians.items()
    ]


def test_marks_are_at_the_medians(calls, timed):
    lines = plots.latency(calls).get_lines()
    marks = [line.get_xdata()[0] for line in lines if len(line.get_xdata()) == 1]
    wanted = timed.groupby("model", observed=True)["latency"].median()
    assert sorted(marks) == pytest.approx(sorted(wanted))


def test_what_is_not_drawn_is_counted_with_the_reason(calls):
    label = plots.latency(calls).get_xlabel().replace("\n", " ")
    assert label.startswith("latency, seconds ")
    assert (
        "not drawn: 3 calls (1 not answered, 1 answered in an earlier run, "
        "1 from a cache)" in label
    )


def test_a_model_without_times_is_told_and_not_drawn(calls):
    calls.loc[calls["model"] == "a", "from_ledger"] = True
    ax = plots.latency(calls)
    assert len(curves(ax)) == 1
    assert key(ax)[-1] == "a\nno data"
    box = plots.latency(calls, kind="box")
    assert "no data" in [text.get_text() for text in box.texts]


def test_a_run_answered_from_the_ledger_draws_nothing_and_says_so(calls):
    ax = plots.latency(calls.assign(from_ledger=True))
    assert curves(ax) == []
    assert "39 answered in an earlier run" in ax.get_xlabel().replace("\n", " ")


def test_boxes_hold_the_middle_half(calls, timed):
    ax = plots.latency(calls, kind="box")
    for patch, name in zip(ax.patches, "ba", strict=True):
        box = patch.get_path().get_extents()
        quartiles = timed.loc[timed["model"] == name, "latency"].quantile([0.25, 0.75])
        assert (box.x0, box.x1) == pytest.approx(tuple(quartiles))
    assert [one.get_text() for one in ax.get_yticklabels()] == ["b", "a"]


def test_dots_of_few_calls_are_all_of_them(calls, timed):
    ax = plots.latency(calls, kind="box")
    dots = [line.get_xdata() for line in ax.get_lines() if line.get_marker() == "."]
    assert sorted(np.concatenate(dots)) == pytest.approx(sorted(timed["latency"]))


def test_the_scale_is_logarithmic_if_calls_span_more_than_tenfold(calls):
    assert plots.latency(calls).get_xscale() == "linear"
    calls.loc[1, "latency"] = 30.0
    ax = plots.latency(calls)
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel().startswith("latency, seconds, logarithmic")


def test_p95_is_told_of_enough_calls_only():
    many = pd.DataFrame(
        {"model": "m", "status": "ok", "latency": np.arange(1, 60) / 10}
    )
    p95 = np.quantile(many["latency"], 0.95)
    assert f"p95 {p95:.3g} s" in key(plots.latency(many))[0]
    assert "p95" not in key(plots.latency(many.head(58)))[0]


def test_groups_are_of_the_columns_asked_for(calls):
    texts = key(plots.latency(calls, by=["model", "prompt"]))
    assert {text.partition("\n")[0] for text in texts} == {
        "b · short",
        "b · long",
        "a · short",
        "a · long",
    }


def test_simulated_models_are_labelled_without_being_asked(calls):
    texts = [text.get_text() for text in plots.latency(calls).texts]
    assert "simulated" in texts
    calls.loc[calls["model"] == "a", "provider"] = "openai"
    texts = [text.get_text() for text in plots.latency(calls).texts]
    assert "simulated: b" in texts
    labelled = plots.latency(calls.assign(label="135M-parameter local model"))
    assert "135M-parameter local model" in [text.get_text() for text in labelled.texts]


def test_choices_of_one_call_are_one_call(calls):
    twice = pd.concat([calls, calls.assign(choice=1, latency=pd.NA)])
    assert key(plots.latency(twice)) == key(plots.latency(calls))


@pytest.mark.parametrize("kind", ["ecdf", "box"])
def test_large_runs_are_thinned_to_what_can_be_seen(kind):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"model": "m", "status": "ok", "latency": rng.lognormal(size=100_000)}
    )
    ax = plots.latency(frame, kind=kind)
    assert max(len(line.get_xdata()) for line in ax.get_lines()) <= 501
    if kind == "ecdf":
        line = curves(ax)[0]
        exact = np.searchsorted(
            np.sort(frame["latency"]), line.get_xdata()[1:], side="right"
        )
        assert line.get_ydata()[1:] == pytest.approx(exact / 100_000)


@pytest.mark.parametrize("kind", ["ecdf", "box"])
def test_any_name_can_be_drawn_and_stays_inside(nasty, kind, all_inside):
    all_inside(plots.latency(nasty, kind=kind))


def test_it_draws_where_it_is_told(calls):
    ax = Figure().subplots()
    assert plots.latency(calls, ax=ax) is ax


@pytest.mark.parametrize("plot", ["latency", "speed", "timeline"])
def test_frames_that_cannot_be_drawn_are_refused(calls, plot):
    draw = getattr(plots, plot)
    with pytest.raises(
        ConfigError, match=f"{plot}.. has nothing to draw: the frame has"
    ):
        draw(calls.head(0))
    with pytest.raises(ConfigError, match="needs the column 'status'"):
        draw(calls.drop(columns="status"))
    with pytest.raises(ConfigError, match="by='modle' is not a column"):
        draw(calls, by="modle")


def test_kinds_are_named():
    with pytest.raises(ConfigError, match="kind is 'violin'; allowed: 'ecdf', 'box'"):
        plots.latency(pd.DataFrame(), kind="violin")
