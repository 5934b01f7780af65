from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError
from respan_lab.results.cost_parts import COST_PARTS, cost_parts


@pytest.fixture
def r(call, results_of):
    rng = np.random.default_rng(2)
    rows = [
        call(
            model,
            item,
            key=f"{model}-{item}",
            latency=float(rng.uniform(0.2, 0.6)),
            time_to_first_token=0.1,
            tokens_per_second=float(rng.uniform(50, 60)),
            score_match=float(item % 4 > 0 or model == "sim/large"),
            expected="refund",
            cost=(40 * 0.05 + 10 * 0.2) / 1e6 if model == "sim/small" else 0.001,
            started_at=call()["started_at"] + timedelta(seconds=item),
        )
        for item in range(20)
        for model in ("sim/small", "sim/large")
    ]
    rows[0]["from_ledger"] = True
    rows[1]["cached"] = True
    return results_of(rows)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def keys(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


NAMES = (
    "scores",
    "differences",
    "pareto",
    "latency",
    "speed",
    "timeline",
    "cost",
    "tokens",
    "heatmap",
    "confusion",
)


@pytest.mark.parametrize("name", NAMES)
def test_each_plot_is_a_method_and_says_what_the_models_are(r, name):
    ax = getattr(r.plot, name)()
    assert "simulated" in texts(ax)
    assert f".{name}()" in repr(r.plot)


def test_every_plot_there_is_has_its_method(r):
    drawn = {name for name in plots.__all__ if name != "picture"}
    assert drawn == {*NAMES, "shares"}
    assert drawn <= set(dir(r.plot))


def test_times_are_of_the_calls_the_summary_counts(r):
    summary = r.summary().set_index("model")
    told = {one.partition("\n")[0]: one for one in keys(r.plot.latency())}
    for model, median in summary["latency_p50"].items():
        assert f"median {median:.3f} s, n=19" in told[model]


def test_differences_are_those_of_compare(r):
    found = r.compare(baseline="sim/small").loc[0]
    ax = r.plot.differences(baseline="sim/small")
    [point] = [line for line in ax.get_lines() if line.get_markersize() == 8]
    assert point.get_xdata()[0] == pytest.approx(found["diff"])
    assert found["verdict"] in " ".join(texts(ax))
    assert ax.get_title(loc="left") == "match: sim/large against sim/small"
    [band] = r.plot.differences(margin=0.1).patches
    assert band.get_width() == pytest.approx(0.2)


def test_a_score_of_which_less_is_better_is_turned_round(r):
    assert "lower" not in r.plot.pareto().get_ylabel()
    r.manifest["lower_is_better"] = ["match"]
    assert "lower is better" in r.plot.pareto("match").get_ylabel()


def test_plots_group_by_what_they_are_told(r):
    names = [label.get_text() for label in r.plot.scores(by="prompt").get_yticklabels()]
    assert names == ["short"]


def test_shares_need_a_list(r):
    with pytest.raises(ConfigError, match="no target is a list"):
        r.plot.shares()


def test_cost_is_split_where_prices_come_to_it(r):
    assert keys(r.plot.cost()) == ["prompt", "completion", "not broken down"]


def test_a_calls_parts_are_tokens_times_prices(call, frame_of):
    own = {"v/m": {"input": 2.0, "output": 8.0, "cached_input": 0.5}}
    row = call("v/m", provider="v", answered_model="m", cached_tokens=30)
    parts = (10 * 2.0 / 1e6, 30 * 0.5 / 1e6, 0.0, 10 * 8.0 / 1e6, 0.0)
    split = cost_parts(
        frame_of([{**row, "cost": sum(parts)}, {**row, "item": 1, "cost": 0.5}]),
        manifest={"options": {"prices": own}},
    )
    assert list(split.columns) == list(COST_PARTS)
    assert split.loc[0].tolist() == pytest.approx(parts)
    assert split.loc[1].isna().all()  # it cost something else: a retry, a discount


def test_a_call_of_unknown_price_or_tokens_is_not_split(call, failed, frame_of):
    rows = [call("nobody/knows", 0), call(item=1, prompt_tokens=None), failed(item=2)]
    assert cost_parts(frame_of(rows)).isna().all(axis=None)


def test_a_run_without_calls_is_refused(r):
    empty = r.query("item > 99")
    for name in ("latency", "cost", "tokens", "speed", "timeline", "confusion"):
        with pytest.raises(ConfigError, match="nothing to draw"):
            getattr(empty.plot, name)()


def test_the_front_is_that_of_pareto(r):
    told = r.pareto().set_index("model")["on_front"]
    ax = r.plot.pareto()
    filled = [
        line.get_markerfacecolor() != "white"
        for line in ax.get_lines()
        if line.get_markersize() == 9
    ]
    assert filled == [one is pd.NA or bool(one) for one in told]
