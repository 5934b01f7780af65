"""Plots are drawn without a window; what is left open would be seen by others."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    left = plt.get_fignums()
    plt.close("all")
    assert left == [], "a figure stayed open"


@pytest.fixture
def all_inside():
    """Check that no text of a plot is cut off by its figure's edge."""

    def check(ax):
        figure = ax.get_figure(root=True)
        figure.draw_without_rendering()
        width, height = figure.bbox.size
        legend = ax.get_legend()
        keys = legend.get_texts() if legend else []
        low, high = sorted(ax.get_ylim())
        ticks = [
            one for one in ax.get_yticklabels() if low <= one.get_position()[1] <= high
        ]
        for text in [*ax.texts, *keys, *ticks, ax.xaxis.label, ax._left_title]:
            if not text.get_text():
                continue
            box = text.get_window_extent()
            assert box.x0 >= -1, text
            assert box.x1 <= width + 1, text
            assert -1 <= box.y0 <= box.y1 <= height + 1, text

    return check


NASTY = "$\\frac{x}$ _a^b_\n\x00\u202e😀 שלום 日本 %s {} <b>" + "long " * 40


@pytest.fixture
def calls():
    """Give 40 calls of two models and two prompts, three of them out of the count."""
    rng = np.random.default_rng(7)
    n = 40
    frame = pd.DataFrame(
        {
            "model": pd.Categorical(["b", "a"] * 20, categories=["b", "a"]),
            "prompt": pd.Categorical(["short", "short", "long", "long"] * 10),
            "item": np.arange(n) // 4,
            "choice": 0,
            "status": pd.Categorical(["ok"] * n, categories=["ok", "error"]),
            "provider": pd.array(["sim"] * n, "string"),
            "cached": pd.array([False] * n, "boolean"),
            "substituted": pd.array([False] * n, "boolean"),
            "from_ledger": pd.array([False] * n, "boolean"),
            "latency": pd.array(rng.uniform(0.2, 0.9, n), "Float64"),
            "time_to_first_token": pd.array(rng.uniform(0.05, 0.2, n), "Float64"),
            "tokens_per_second": pd.array(rng.uniform(50, 90, n), "Float64"),
            "started_at": pd.date_range("2026-03-01", periods=n, freq="3s", tz="UTC"),
            "cost": pd.array(rng.uniform(0.1, 0.3, n), "Float64"),
            "prompt_tokens": pd.array(rng.integers(50, 90, n), "Int64"),
            "completion_tokens": pd.array(rng.integers(10, 30, n), "Int64"),
            "cached_tokens": pd.array([10] * n, "Int64"),
            "reasoning_tokens": pd.array([None] * n, "Int64"),
            "expected": ["yes", "no"] * 20,
            "output": pd.array(rng.choice(["yes", "no"], n), "string"),
            "score_match": pd.array(rng.choice([0.0, 1.0], n), "Float64"),
        }
    )
    frame.loc[0, "cached"] = True
    frame.loc[2, "from_ledger"] = True
    frame.loc[4, "status"] = "error"
    return frame


@pytest.fixture
def timed(calls):
    """Give the calls whose times count."""
    return calls.drop(index=[0, 2, 4])


@pytest.fixture
def nasty(calls):
    """Give the same calls with a name that is no name."""
    names = {"b": NASTY, "a": "a"}
    model = calls["model"].map(names).astype("category")
    return calls.assign(model=model, prompt=NASTY, item=NASTY, output=NASTY)
