from __future__ import annotations

import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError


@pytest.fixture
def summary():
    return pd.DataFrame(
        {
            "model": ["cheap", "good", "bad", "close"],
            "n": 40,
            "n_items": 40,
            "score_match": [0.5, 0.9, 0.3, 0.85],
            "score_match_ci_low": [0.4, 0.8, 0.2, 0.75],
            "score_match_ci_high": [0.6, 0.97, 0.39, 0.93],
            "cost": [0.001, 0.02, 0.002, 0.03],
            "latency_p50": [0.2, 0.9, 0.3, None],
        }
    ).astype({"latency_p50": "Float64"})


def marks(ax):
    """Mark: whether it is filled."""
    lines = [line for line in ax.get_lines() if line.get_markersize() == 9]
    return {
        (line.get_xdata()[0], line.get_ydata()[0]): line.get_markerfacecolor()
        != "white"
        for line in lines
    }


def front(ax):
    [line] = [line for line in ax.get_lines() if line.get_drawstyle() == "steps-post"]
    return list(zip(*line.get_data(), strict=True))


def keys(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_marks_are_cost_and_score(summary):
    assert set(marks(plots.pareto(summary))) == set(
        zip(summary["cost"], summary["score_match"], strict=True)
    )


def test_the_line_is_the_front_of_the_means(summary):
    assert front(plots.pareto(summary)) == [(0.001, 0.5), (0.02, 0.9)]


def test_only_what_is_shown_to_be_dominated_is_hollow(summary):
    ax = plots.pareto(summary)
    # "bad" costs more than "cheap" and lies below; "close" may be the best.
    assert marks(ax) == {
        (0.001, 0.5): True,
        (0.02, 0.9): True,
        (0.002, 0.3): False,
        (0.03, 0.85): True,
    }
    assert keys(ax) == [
        "front of the means",
        "may be on the front",
        "shown to be dominated",
    ]


def test_intervals_that_touch_show_nothing(summary):
    summary.loc[2, "score_match_ci_high"] = 0.4
    assert all(marks(plots.pareto(summary)).values())
    assert "shown to be dominated" not in keys(plots.pareto(summary))


def test_without_intervals_nothing_is_shown(summary):
    ax = plots.pareto(
        summary.drop(columns=["score_match_ci_low", "score_match_ci_high"])
    )
    assert all(marks(ax).values())
    assert "interval" not in ax.get_xlabel()


def test_a_low_score_may_be_the_good_one(summary):
    ax = plots.pareto(summary, lower_is_better=True)
    assert front(ax) == [(0.001, 0.5), (0.002, 0.3)]
    assert marks(ax)[(0.02, 0.9)] is False
    assert "lower is better" in ax.get_ylabel()


def test_intervals_are_bars(summary):
    bars = [
        (line.get_xdata()[0], *line.get_ydata())
        for line in plots.pareto(summary).get_lines()
        if len(line.get_xdata()) == 2 and line.get_drawstyle() == "default"
    ]
    assert (0.001, 0.4, 0.6) in bars
    assert len(bars) == 4


def test_axes_have_units_and_a_scale_that_fits(summary):
    ax = plots.pareto(summary)
    assert ax.get_xlabel().splitlines() == [
        "US dollars a call, mean, logarithmic",
        "bar: the score's 95 % interval; n=40 items each",
    ]
    assert ax.get_xscale() == "log"
    assert ax.get_ylabel() == "match, mean"
    narrow = plots.pareto(summary.assign(cost=[0.01, 0.02, 0.03, 0.04]))
    assert narrow.get_xscale() == "linear"


def test_latency_takes_the_place_of_cost_and_missing_ones_are_told(summary):
    ax = plots.pareto(summary, x="latency")
    assert ax.get_xlabel().startswith("latency, seconds, median\n")
    assert len(marks(ax)) == 3
    assert "no data: close" in ax.get_xlabel()


def test_free_models_are_drawn(summary):
    ax = plots.pareto(summary.assign(cost=[0.0, 0.02, 0.002, 0.03]))
    assert ax.get_xscale() == "linear"
    assert (0.0, 0.5) in marks(ax)


def test_each_mark_is_named(summary):
    assert {"cheap", "good", "bad", "close"} <= {
        t.get_text() for t in plots.pareto(summary).texts
    }


def test_a_frame_without_the_figure_is_an_empty_plot_that_says_so(summary):
    ax = plots.pareto(summary.drop(columns="cost"))
    assert marks(ax) == {}
    assert "no data: cheap, good, bad, close" in ax.get_xlabel()


def test_wrong_frames_and_axes_are_refused(summary):
    with pytest.raises(ConfigError, match="x is 'price'; allowed: 'cost', 'latency'"):
        plots.pareto(summary, x="price")
    with pytest.raises(ConfigError, match=r"pareto\(\) draws a summary"):
        plots.pareto(summary.drop(columns="n"))
    with pytest.raises(ConfigError, match="the summary has no rows"):
        plots.pareto(summary.head(0))


def test_any_name_can_be_drawn_and_stays_inside(summary, nasty, all_inside):
    name = nasty["model"].cat.categories[0]
    hostile = summary.assign(model=["a", name, f"2{name}", f"3{name}"], label=name)
    all_inside(
        plots.pareto(hostile.rename(columns=lambda one: one.replace("match", name)))
    )


def test_many_groups_are_named_in_a_key_beside_the_plot(summary, all_inside):
    many = pd.concat(
        [summary.assign(model=summary["model"] + str(at)) for at in range(4)]
    )
    ax = plots.pareto(many)
    beside = [text.get_text() for text in ax.get_legend().get_texts()]
    assert beside[0] == "good0"
    assert len(beside) == 16
    assert len(ax.texts) == 0
    all_inside(ax)


def test_a_front_that_is_told_is_drawn_as_told(summary):
    told = pd.array([True, None, None, False], "boolean")
    ax = plots.pareto(summary.assign(on_front=told))
    assert [filled for _, filled in sorted(marks(ax).items())] == [
        True,
        True,
        True,
        False,
    ]
    edges = [
        line.get_markeredgecolor()
        for line in ax.get_lines()
        if line.get_markersize() == 9
    ]
    assert len(set(edges[:2])) == 2  # only what is shown has a ring
    assert keys(ax)[1:] == [
        "shown to be on the front",
        "may be on it",
        "shown to be dominated",
    ]
    assert "of score, cost and latency" in ax.get_xlabel()
