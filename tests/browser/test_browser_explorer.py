"""The explorer's table: alone in a page, and in JupyterLab with real keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser_jupyter import Jupyter, darken
from browser_module import Bare
from playwright.sync_api import Browser, Page, expect

import respan_lab as lab
from respan_lab.results import build_frame

HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    "\u202e\u05d0\u05d1\x00"
)


def _explorer() -> lab.Explorer:
    rows = [
        {"key": f"{m}-{i:04}", "model": m, "asked_model": f"sim/{m}", "item": i,
         "run": 0, "choice": 0, "status": "error" if i == 1 else "ok",
         "error_type": "RateLimitError" if i == 1 else None,
         "output": None if i == 1 else f"{m} {HOSTILE}", "cost": i / 100}
        for i in range(3) for m in ("a", "b")
    ]  # fmt: skip
    frame = build_frame(rows, models=["a", "b"], prompts=[])
    return lab.Explorer(lab.Results(frame), selected="a-0000", opened="comparison")


def test_answers_stay_text_and_keys_move(bare: Bare) -> None:
    shown = bare.mount(_explorer())
    rows = shown.locator("[aria-label=Calls] tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("<script>window.hacked")
    expect(rows.first).to_contain_text("simulated")
    expect(shown).to_contain_text("error: RateLimitError")
    expect(shown.locator("ins")).to_have_text("b")
    rows.first.focus()
    bare.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    bare.page.keyboard.press("Enter")
    assert bare.page.evaluate("() => model.get('wanted').selected") == "b-0000"
    bare.page.keyboard.press("Escape")
    assert bare.page.evaluate("() => model.get('wanted').opened") is None
    shown.get_by_role("button", name="cost").click()
    expect(shown.locator("th[aria-sort=ascending]")).to_contain_text("cost")
    assert bare.page.evaluate("() => window.hacked") is None
    assert bare.unmount() == 0
    assert not bare.errors


CELLS = """
import respan_lab as lab
client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
data = [{"text": f"Where is order {n}? <script>x</script>"} for n in range(20)]
results = lab.compare(
    "{{ text }}", ["sim/small", "sim/large"], data, client=client, progress=False
)
explorer = lab.Explorer(results)
explorer
"""
# Runs what the widget stands for, and compares all that the browser is shown.
AGAIN = """
state = lambda one: (one.view, one.wanted, one.shown, one.detail, one.query)
space = {"results": results}
exec(explorer.to_code(), space)
assert explorer.view.search and explorer.view.sort and explorer.view.filters
assert explorer.view.opened == "comparison"
assert state(space["explorer"]) == state(explorer)
assert space["rows"].df.equals(explorer.rows.df)
print("same state:", len(space["rows"]), "rows")
"""
ADD_CELL = """async (code) => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute("notebook:insert-cell-below");
  shell.currentWidget.content.activeCell.model.sharedModel.setSource(code);
  await commands.execute("notebook:run-cell");
}"""


def test_what_was_clicked_is_code_that_gives_the_same_state(
    lab_server: Jupyter, browser: Browser
) -> None:
    with lab_server.page(browser, CELLS) as page:
        shown = page.locator(".rl-explorer")
        count = shown.locator(".rl-count")
        shown.get_by_label("Search", exact=True).click()
        page.keyboard.type("order 1")
        expect(count).to_have_text("22 of 40 rows")
        shown.get_by_text("Filters", exact=True).click()
        shown.get_by_label("sim/small", exact=True).check()
        expect(count).to_have_text("11 of 40 rows")
        shown.get_by_label("cost, low").click()
        page.keyboard.type("0")
        expect(shown).to_contain_text("cost at least 0")
        for way in ("ascending", "descending"):
            shown.get_by_role("button", name="item").click()
            expect(shown.locator(f"th[aria-sort={way}]")).to_contain_text("item")
        rows = shown.locator("[aria-label=Calls] tbody tr")
        expect(rows.first).to_contain_text("order 19?")
        rows.first.click()
        expect(rows.first).to_have_attribute("aria-current", "true")
        shown.get_by_role("button", name="Compare answers").click()
        expect(shown.locator(".rl-detail")).to_contain_text("(baseline)")
        page.evaluate(ADD_CELL, AGAIN)
        expect(page.get_by_text("same state: 11 rows").last).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_is_explored_with_keys(
    lab_server: Jupyter,
    browser: Browser,
    shot: Callable[[Page, str], Path],
    scheme: str,
) -> None:
    with lab_server.page(browser, CELLS) as page:
        if scheme == "dark":
            darken(page)
        shown = page.locator(".rl-explorer")
        expect(shown.locator(".rl-count")).to_have_text("40 of 40 rows")
        shown.get_by_label("Search").click()
        page.keyboard.type("order 7?")
        expect(shown.locator(".rl-count")).to_have_text("2 of 40 rows")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(shown.locator(".rl-detail")).to_contain_text("Asked")
        shown.get_by_role("button", name="Compare answers").click()
        expect(shown.locator(".rl-detail")).to_contain_text("(baseline)")
        shot(page, f"explorer_{scheme}")
        if scheme == "dark":
            page.set_viewport_size({"width": 700, "height": 1400})
            shot(page, "explorer_narrow")
        page.keyboard.press("Escape")
        expect(shown.locator(".rl-detail")).to_be_hidden()
