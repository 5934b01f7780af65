from __future__ import annotations

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from respan_lab import plots
from respan_lab.errors import ConfigError


@pytest.fixture
def summary():
    return pd.DataFrame(
        {
            "model": ["b", "b", "a", "a"],
            "prompt": ["short", "long"] * 2,
            "n": [24] * 4,
            "n_items": [24] * 4,
            "errors": [0, 0, 2, 0],
            "score_match": [0.5, 0.75, 0.25, pd.NA],
            "score_match_ci_low": [0.3, 0.6, 0.1, pd.NA],
            "score_match_ci_high": [0.7, 0.9, 0.4, pd.NA],
            "label": ["simulated", "simulated", None, None],
        }
    ).astype({"score_match": "Float64"})


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_lines_come_in_the_order_given_under_their_model(summary):
    ax = plots.scores(summary)
    assert names(ax) == ["b", "short", "long", "a", "short", "long"]
    low, high = ax.get_ylim()
    assert low > high  # the first line is on top


def test_each_line_says_its_value_interval_and_items(summary):
    shown = texts(plots.scores(summary))
    assert shown[:3] == ["0.50", "0.30–0.70", "n=24"]
    assert "n=24, 2 failed" in shown
    assert "–" in shown  # a group without a score stays on the plot


def test_points_and_intervals_are_where_they_should_be(summary):
    lines = plots.scores(summary).get_lines()
    drawn = [tuple(line.get_xdata()) for line in lines]
    assert drawn == [(0.3, 0.7), (0.5,), (0.6, 0.9), (0.75,), (0.1, 0.4), (0.25,)]


def test_a_prompt_has_one_colour_and_shape_everywhere(summary):
    points = [line for line in plots.scores(summary).get_lines() if line.get_marker()]
    points = [line for line in points if line.get_marker() != "None"]
    looks = [(line.get_color(), line.get_marker()) for line in points]
    assert looks[0] == looks[2] != looks[1]
    assert looks[0][1] != looks[1][1]


def test_one_line_a_model_needs_no_headings(summary):
    ax = plots.scores(summary[summary["prompt"] == "short"])
    assert names(ax) == ["b", "a"]


def test_labels_stand_below_the_title(summary):
    assert "simulated: b" in texts(plots.scores(summary))
    whole = summary.assign(label="135M-parameter local model")
    assert "135M-parameter local model" in texts(plots.scores(whole))
    assert "mine" in texts(plots.scores(summary, note="mine"))
    plain = summary.drop(columns="label")
    assert not [one for one in texts(plots.scores(plain)) if "simulated" in one]


def test_too_many_labelled_models_to_name_are_said_to_be_a_part(summary):
    many = pd.concat(
        [summary.assign(model=f"model-{i}", label="simulated") for i in range(9)]
        + [summary.assign(label=None)]
    )
    assert "partly simulated" in texts(plots.scores(many))


def test_scores_beyond_one_have_their_own_scale(summary):
    words = summary.drop(columns=["score_match_ci_low", "score_match_ci_high"])
    words["score_match"] = [10.0, 20.0, 30.0, 40.0]
    ax = plots.scores(words)
    assert ax.get_xlim()[1] > 30
    assert ax.get_xlabel() == "mean; n: items"
    assert "10.00" in texts(ax)


def test_grid_axes_are_named_if_they_vary(summary):
    summary.insert(2, "param_temperature", [0.0, 0.0, 0.7, 0.7])
    summary.insert(3, "param_top_p", 1.0)
    assert "short · temperature=0.0" in names(plots.scores(summary))


def test_a_missing_version_is_left_out(summary):
    summary.insert(2, "prompt_version", pd.array(["1", None, "2", None], "string"))
    assert names(plots.scores(summary))[:3] == ["b", "short · 1", "long"]


def test_the_score_is_chosen_if_there_are_several(summary):
    summary["score_other"] = 0.5
    assert plots.scores(summary, score="other").get_title(loc="left") == "other"
    with pytest.raises(ConfigError, match="score is None; the frame's scores: 'match'"):
        plots.scores(summary)
    with pytest.raises(ConfigError, match="score is 'mtach'"):
        plots.scores(summary, score="mtach")


def test_a_frame_that_is_no_summary_is_refused(summary):
    with pytest.raises(ConfigError, match=r"give it r\.summary\(\)"):
        plots.scores(summary.drop(columns="n"))
    with pytest.raises(ConfigError, match="no evaluator"):
        plots.scores(summary[["model", "n", "n_items"]])


def test_it_draws_where_it_is_told_and_opens_nothing(summary):
    ax = Figure().subplots()
    assert plots.scores(summary, ax=ax) is ax
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ["$x$ $\\frac", "a\nb", "<b>", "_" * 500, "%s{}", ""])
def test_any_name_can_be_drawn(summary, name):
    summary["model"] = [name, name, "a", "a"]
    hostile = summary.rename(columns=lambda one: one.replace("match", f"m{name}"))
    image = plots.picture(lambda: plots.scores(hostile, note=f"n{name}"))
    assert image.startswith(b"\x89PNG")


def test_all_text_stays_inside_the_picture(summary, all_inside):
    all_inside(plots.scores(summary))


def test_an_empty_summary_is_refused(summary):
    with pytest.raises(ConfigError, match="nothing to draw: the summary has no rows"):
        plots.scores(summary.head(0))
