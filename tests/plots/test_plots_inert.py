from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from respan_lab.plots.inert import plain, set_text

HOSTILE = [
    "$x$ $\\frac",
    "a\nb",
    "\u202eevil",
    "😀",
    "日本語",
    "שלום",
    "\x00\x1b[31m",
    "a\u200db",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_one_line_that_draws_without_a_warning(text):
    artist = Text(0.5, 0.5, plain(text))
    set_text(artist, size=10, colour="black", weight="bold")
    figure = Figure()
    figure.add_artist(artist)
    figure.draw_without_rendering()
    assert "\n" not in artist.get_text()
    assert artist.get_parse_math() is False


@given(st.text(), st.integers(1, 50))
def test_a_text_is_never_longer_than_it_may_be(text, length):
    shown = plain(text, length)
    assert len(shown) <= length
    assert not set(shown) & set("\n\r\t\x00\x1b\u202e\u200b")


def test_a_cut_shows_and_what_fits_is_left():
    assert plain("a" * 36) == "a" * 36
    assert plain("a" * 20 + "b" * 20) == "a" * 20 + "bbbb…" + "b" * 11
    assert plain("a" * 37, None) == "a" * 37


def test_what_has_no_glyph_is_seen_to_be_missing():
    assert plain("a\U0001f600b") in ("a\ufffdb", "a\U0001f600b")
    assert plain("a\ue000b") == "a\ufffdb"
