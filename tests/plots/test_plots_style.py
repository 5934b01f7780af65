from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from respan_lab import plots
from respan_lab.plots.figures import fixed_number, short_number
from respan_lab.plots.grids import colours, ink_on
from respan_lab.plots.placing import Label, place_labels
from respan_lab.plots.scale import set_scale
from respan_lab.plots.spending import _COSTS, _TOKENS
from respan_lab.plots.stacked import Part
from respan_lab.plots.style import look


def lightness(colour):
    """Relative luminance, as WCAG 2 defines it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_thirty_groups_look_different_and_neighbours_without_colour_too():
    looks = [look(at) for at in range(30)]
    assert len({(one.colour, one.marker) for one in looks}) == 30
    for one, following in pairwise(looks):
        assert one.marker != following.marker
        assert one.dash != following.dash


@pytest.mark.parametrize("parts", [_TOKENS, tuple(_COSTS.values())])
def test_neighbouring_parts_are_told_apart_without_colour(parts: tuple[Part, ...]):
    for one, following in pairwise(parts):
        apart = abs(lightness(one.colour) - lightness(following.colour))
        assert apart > 0.15 or one.hatch != following.hatch


def test_a_cells_figure_can_be_read_on_every_colour():
    for part in np.linspace(0, 1, 101):
        pair = sorted([lightness(colours()(part)), lightness(ink_on(part))])
        contrast = (pair[1] + 0.05) / (pair[0] + 0.05)
        assert contrast >= 4.5, part


@given(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9))
def test_figures_keep_three_digits_and_never_a_power(value):
    for text in (fixed_number(value), short_number(value)):
        assert "e" not in text
        assert float(text.replace(",", "")) == pytest.approx(value, rel=5.01e-3)


@given(st.lists(st.floats(-1e6, 1e6), max_size=6), st.booleans())
def test_every_figure_lies_within_the_scale(values, from_zero):
    ax = Figure().subplots()
    set_scale(ax, "x", values, from_zero=from_zero)
    low, high = ax.get_xlim()
    assert low < high
    assert all(low <= value <= high for value in values)


def test_names_of_many_points_do_not_meet():
    rng = np.random.default_rng(11)
    ax = Figure(figsize=(7.6, 4.6), layout="constrained").subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    points = rng.uniform(0.1, 0.9, (10, 2))
    place_labels(ax, [Label(x, y, f"model-{x:.2f}", "black") for x, y in points])
    ax.get_figure().draw_without_rendering()
    # Of the words alone, without the line to their point.
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    for at, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[at + 1 :])


@pytest.mark.parametrize("plot", ["latency", "timeline", "speed", "cost", "heatmap"])
def test_twenty_models_fit(calls, plot, all_inside):
    many = pd.concat([calls.assign(model=f"vendor/model-{at:02}") for at in range(20)])
    all_inside(getattr(plots, plot)(many))
