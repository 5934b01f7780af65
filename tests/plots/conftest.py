"""Plots are drawn without a window; what is left open would be seen by others."""

from __future__ import annotations

import matplotlib
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
        for text in figure.findobj(matplotlib.text.Text):
            if not text.get_text() or not text.get_visible():
                continue
            box = text.get_window_extent()
            assert box.x0 >= -1, text
            assert box.x1 <= width + 1, text
            assert -1 <= box.y0 <= box.y1 <= height + 1, text

    return check
