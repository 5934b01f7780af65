from __future__ import annotations

import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError


def bars(ax):
    """Each bar: its row, where it begins and how wide it is."""
    return [
        (round(b.get_y() + b.get_height() / 2, 2), b.get_x(), b.get_width())
        for b in ax.patches
    ]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def keys(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


@pytest.fixture
def one_prompt(calls):
    return calls.assign(prompt="short")


def test_tokens_are_means_by_kind_side_by_side(one_prompt):
    ax = plots.tokens(one_prompt)
    means = one_prompt.groupby("model", observed=True)[
        ["prompt_tokens", "completion_tokens"]
    ].mean()
    prompt, completion = means.loc["b"]
    mine = [(x, width) for y, x, width in bars(ax) if y == 0]
    assert [x for x, _ in mine] == pytest.approx([0, prompt - 10, prompt])
    assert [width for _, width in mine] == pytest.approx([prompt - 10, 10, completion])
    assert keys(ax) == ["prompt", "cached prompt", "completion"]  # no reasoning known
    assert f"{prompt + completion:.3g}" in texts(ax)
    assert "n=20" in texts(ax)


def test_reasoning_is_a_part_of_completion(one_prompt):
    ax = plots.tokens(one_prompt.assign(reasoning_tokens=5, completion_tokens=20))
    widths = [width for y, _, width in bars(ax) if y == 0]
    assert widths[2:] == pytest.approx([15, 5])
    assert keys(ax)[-1] == "reasoning"


def test_more_cached_tokens_than_tokens_draw_nothing_below_zero(one_prompt):
    ax = plots.tokens(one_prompt.assign(cached_tokens=10_000))
    assert min(width for _, _, width in bars(ax)) >= 0


def test_prompts_stand_under_their_model(calls):
    assert names(plots.tokens(calls)) == ["b", "long", "short", "a", "long", "short"]
    assert names(plots.tokens(calls, by="model")) == ["b", "a"]


def test_cost_is_the_mean_of_calls_of_known_cost(one_prompt):
    one_prompt.loc[[1, 3], "cost"] = None  # of model a
    ax = plots.cost(one_prompt)
    known = one_prompt.groupby("model", observed=True)["cost"].mean()
    assert [width for _, _, width in bars(ax)] == pytest.approx(list(known[["b", "a"]]))
    assert keys(ax) == ["not broken down"]
    assert {f"${known['b']:.3f}", "n=20", "n=18", "2 calls unpriced"} <= set(texts(ax))
    assert ax.get_xlabel() == "US dollars a call, mean; n: calls of known cost"


def test_cost_parts_add_up_to_the_cost(one_prompt):
    parts = one_prompt.assign(
        cost=0.5, cost_prompt=0.2, cost_completion=0.3, cost_cached=0.0
    ).astype({"cost_prompt": "Float64", "cost_completion": "Float64"})
    ax = plots.cost(parts)
    assert keys(ax) == ["prompt", "completion"]
    assert [bar for bar in bars(ax) if bar[0] == 0] == [
        (0, 0, pytest.approx(0.2)),
        (0, pytest.approx(0.2), pytest.approx(0.3)),
    ]
    parts.loc[parts["model"] == "b", ["cost_prompt", "cost_completion"]] = None
    assert keys(plots.cost(parts))[-1] == "not broken down"


def test_small_costs_are_for_a_thousand_calls(one_prompt):
    ax = plots.cost(one_prompt.assign(cost=0.002))
    assert ax.get_xlabel().startswith("US dollars for 1,000 calls")
    assert [width for _, _, width in bars(ax)] == pytest.approx([2, 2])
    assert "$2.00" in texts(ax)


def test_a_model_of_unknown_cost_is_told_and_has_no_bar(one_prompt):
    one_prompt.loc[one_prompt["model"] == "a", "cost"] = None
    ax = plots.cost(one_prompt)
    assert {"–", "no data", "20 calls unpriced"} <= set(texts(ax))
    assert [width for y, _, width in bars(ax) if y == 1] == [0]


def test_calls_that_cost_nothing_cost_nothing(one_prompt):
    assert "$0.00" in texts(plots.cost(one_prompt.assign(cost=0.0)))


def test_all_unknown_is_an_empty_plot_that_says_so(one_prompt):
    ax = plots.cost(one_prompt.assign(cost=pd.array([None] * 40, "Float64")))
    assert texts(ax).count("no data") == 2
    assert "simulated" in texts(ax)


@pytest.mark.parametrize("plot", ["cost", "tokens"])
def test_frames_that_cannot_be_drawn_are_refused(calls, plot):
    draw = getattr(plots, plot)
    with pytest.raises(ConfigError, match="the frame has no rows"):
        draw(calls.head(0))
    with pytest.raises(ConfigError, match=f"{plot}.. needs the column"):
        draw(calls[["model"]])


@pytest.mark.parametrize("plot", ["cost", "tokens"])
def test_any_name_can_be_drawn_and_stays_inside(nasty, plot, all_inside):
    all_inside(getattr(plots, plot)(nasty))
