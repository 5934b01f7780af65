from __future__ import annotations

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from respan_lab import plots
from respan_lab.errors import ConfigError


@pytest.fixture
def summary():
    return pd.DataFrame(
        {
            "model": ["a:3,b:1", "a|c", "plain"],
            "n": [100, 50, 50],
            "ok": [96, 50, 50],
            "share_a": [0.75, 0.4, None],
            "weight_a": [0.75, None, None],
            "share_b": [0.25, None, None],
            "weight_b": [0.25, None, None],
            "share_c": [None, 0.6, None],
            "label": ["simulated", None, None],
        }
    ).astype({"share_a": "Float64", "weight_a": "Float64"})


def lines_at(ax, y):
    return [line for line in ax.get_lines() if set(line.get_ydata()) == {y}]


def test_each_list_has_its_models_below_it(summary):
    ax = plots.shares(summary)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["a:3,b:1, n=96", "a", "b", "a|c, n=50", "a", "c"]
    assert "simulated: a:3,b:1" in [text.get_text() for text in ax.texts]


def test_points_are_shares_with_wilson_intervals(summary):
    bar, point = lines_at(plots.shares(summary), 1)
    assert point.get_xdata()[0] == 0.75
    assert tuple(bar.get_xdata()) == pytest.approx(
        proportion_confint(72, 96, method="wilson")
    )


def test_weights_are_upright_lines_where_they_were_asked(summary):
    ax = plots.shares(summary)
    upright = [line for line in ax.get_lines() if len(set(line.get_ydata())) == 2]
    assert [line.get_xdata()[0] for line in upright] == [0.75, 0.25]
    texts = [text.get_text() for text in ax.texts]
    assert {"asked 0.75", "asked 0.25", "0.60"} <= set(texts)


def test_a_run_without_lists_is_refused(summary):
    with pytest.raises(ConfigError, match="no target is a list"):
        plots.shares(summary.tail(1))
    with pytest.raises(ConfigError, match=r"give it r\.summary\(\)"):
        plots.shares(summary.drop(columns="model"))


def test_any_name_can_be_drawn_and_stays_inside(summary, nasty, all_inside):
    name = nasty["model"].cat.categories[0]
    hostile = summary.rename(
        columns={"share_a": f"share_{name}", "weight_a": f"weight_{name}"}
    )
    all_inside(plots.shares(hostile.assign(model=[name, f"{name}2", "c"])))
