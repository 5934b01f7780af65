"""The lanes alone in a page: pieces, wholes, late views, hostile text."""

from __future__ import annotations

import re
from typing import Any

from browser_module import Bare
from playwright.sync_api import expect

from respan_lab.widgets.lane import Lane
from respan_lab.widgets.lanes import Lanes

HOSTILE = "<img src=x onerror='window.hacked = 1'>"


def _mounted(bare: Bare, *names: str) -> tuple[Lanes, Any]:
    lanes = Lanes()
    lanes.begin([Lane(name, is_simulated=name.startswith("sim/")) for name in names])
    return lanes, bare.mount(lanes)


def _more(start: int, text: str, *, at: int = 0, state: str = "streaming") -> Any:
    told = Lane("sim/a", is_simulated=True, state=state, time="0.04 s").figures()
    return {"kind": "more", "lanes": [{"at": at, "start": start, "text": text, **told}]}


def test_pieces_are_put_together_and_stay_text(bare: Bare) -> None:
    _, shown = _mounted(bare, "sim/a", "b")
    bare.hear(_more(0, "Hi "))
    bare.hear(_more(3, HOSTILE))
    bare.hear(_more(1, "i " + HOSTILE))  # known already
    answer = shown.get_by_label("Answer of sim/a")
    expect(answer).to_have_text("Hi " + HOSTILE)
    expect(shown.get_by_role("status").first).to_have_text("streaming")
    expect(shown).to_contain_text("simulated")
    expect(shown).to_contain_text("first token 0.04 s")
    assert bare.page.evaluate("() => window.hacked") is None
    assert bare.unmount() == 0
    assert not bare.errors


def test_a_piece_that_does_not_fit_waits_for_the_whole(bare: Bare) -> None:
    lanes, shown = _mounted(bare, "sim/a")
    bare.hear(_more(5, "late"))
    answer = shown.get_by_label("Answer of sim/a")
    expect(answer).to_have_text("")
    bare.set("lanes", [{**lanes.lanes[0], "text": "early"}])
    bare.hear(_more(5, " late"))
    expect(answer).to_have_text("early late")


def test_who_waits_sees_the_time_go_by(bare: Bare) -> None:
    _, shown = _mounted(bare, "sim/a")
    bare.hear(_more(0, "", state="waiting"))
    since = shown.locator(".rl-since")
    expect(since).to_have_text(re.compile(r"^\d+\.\d s$"))
    expect(since).not_to_have_text(since.inner_text())
    bare.hear(_more(0, "x"))
    expect(since).to_have_text("")
