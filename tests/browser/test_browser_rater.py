"""The blind vote with real keys: alone in a page, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_jupyter import Jupyter
from browser_module import Bare
from playwright.sync_api import Browser, Page, expect

import respan_lab as lab
from respan_lab.results import Results, build_frame

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def _rater(*answers: str) -> lab.Rater:
    rows = [
        {"model": model, "item": 0, "run": 0, "status": "ok", "key": model}
        | {"output": answer, "var_question": HOSTILE}
        for model, answer in zip(("secret-a", "secret-b"), answers, strict=True)
    ]
    frame = build_frame(rows, models=["secret-a", "secret-b"], prompts=[])
    return lab.Rater(Results(frame))


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        ("1", "first"),
        ("2", "second"),
        ("t", "tie"),
        ("0", "tie"),
        ("=", "tie"),
        ("s", "skip"),
    ],
)
def test_a_key_votes_once_until_there_is_another_pair(
    bare: Bare, key: str, verdict: str
) -> None:
    shown = bare.mount(_rater("yes", "no"))
    bare.page.keyboard.press(key)  # nothing has the focus yet
    assert bare.sent == []
    shown.locator(".rl-progress").click()
    for pressed in (key, "1", key, "u", "Enter", "x", "Control+1"):
        bare.page.keyboard.press(pressed)
    assert bare.sent == [{"do": verdict, "turn": 1}]
    bare.set("ballot", {"turn": 2, "about": [], "answers": ["a", "b"]})
    bare.page.keyboard.press("2")
    assert bare.sent[1:] == [{"do": "second", "turn": 2}]


def test_a_key_held_down_votes_once(bare: Bare) -> None:
    shown = bare.mount(_rater("yes", "no"))
    shown.locator(".rl-progress").click()
    bare.page.keyboard.down("1")
    bare.set("ballot", {"turn": 2, "about": [], "answers": ["a", "b"]})
    bare.page.keyboard.down("1")  # as a keyboard repeats it
    bare.page.keyboard.up("1")
    assert bare.sent == [{"do": "first", "turn": 1}]


def test_answers_stay_text_and_names_stay_out(bare: Bare) -> None:
    shown = bare.mount(_rater(HOSTILE, "no \u202e way"))
    expect(shown.locator("section pre")).to_have_count(2)
    expect(shown).to_contain_text(HOSTILE)
    expect(shown).to_contain_text("no \\u202e way")
    assert bare.page.evaluate("() => window.hacked") is None
    assert "secret-" not in bare.page.content()
    assert bare.unmount() == 0
    assert not bare.errors


def test_buttons_keep_the_focus_in_the_widget(bare: Bare) -> None:
    shown = bare.mount(_rater("yes", "no"))
    shown.get_by_role("button", name="Tie").click()
    assert bare.sent == [{"do": "tie", "turn": 1}]
    bare.set("problem", "not counted")
    bare.set("ballot", {"turn": 2, "about": [], "answers": ["a", "b"]})
    expect(shown.get_by_role("alert")).to_have_text("not counted")
    bare.page.keyboard.press("1")
    assert bare.sent[1:] == [{"do": "first", "turn": 2}]


CELL = """
import respan_lab as lab
from IPython.display import display
data = [{"question": f"What does <b>{word}</b> mean, and where is it used?"}
        for word in ("hello", "please", "thanks", "goodbye")]
results = lab.compare(
    "Answer briefly. {{ question }}", ["sim/small", "sim/large"], data,
    client=lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0)), progress=False,
    name="NAME",
)
rater = lab.Rater(results, rater="ann")
rater.add_class("t-rater")
rater
"""


def _cells(page: Page) -> int:
    n: int = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    )
    return n


def _progress(page: Page) -> Any:
    return page.locator(".t-rater .rl-progress")


def _vote_through(page: Page) -> None:
    """Votes, takes back, and presses what would cut cells or move in a notebook."""
    expect(_progress(page)).to_contain_text("0 of ")
    n_cells = _cells(page)
    _progress(page).click()
    said = ["1 of", "2 of", "2 of .* 1 skipped"]
    for key, text in zip(["1", "t", "s"], said, strict=True):
        for other in ("x", "d", "d", "Enter", "ArrowDown", "ArrowUp", "a", "b", "z"):
            page.keyboard.press(other)
        page.keyboard.press(key)
        expect(_progress(page)).to_contain_text(re.compile(text))
    page.keyboard.press("u")
    expect(_progress(page)).not_to_contain_text("skipped")
    expect(_progress(page)).to_contain_text("2 of")
    for other in ("x", "d", "d", "Escape", "Enter", "ArrowRight"):
        page.keyboard.press(other)
    page.keyboard.press("2")
    expect(_progress(page)).to_contain_text("3 of")
    assert _cells(page) == n_cells


def _end(page: Page) -> None:
    rater = page.locator(".t-rater")
    page.keyboard.press("1")
    expect(rater).to_contain_text("Every pair has been shown")
    assert "sim/large" not in rater.inner_text()
    rater.get_by_role("button", name="Show who won").click()
    expect(rater.locator("td", has_text="sim/large")).to_be_visible()
    expect(rater).to_contain_text("models: simulated")


def test_voting_in_jupyterlab(
    lab_server: Jupyter, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    cell = CELL.replace("NAME", "in lab")
    with lab_server.page(browser, cell, "1 + 1") as page:
        _vote_through(page)
        shot(page, "rater_light")
        page.evaluate(
            """() => window.jupyterapp.commands.execute(
                "apputils:change-theme", { theme: "JupyterLab Dark" })"""
        )
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        shot(page, "rater_dark")
        page.set_viewport_size({"width": 700, "height": 1400})
        shot(page, "rater_narrow")
        _end(page)
        shot(page, "rater_end")


def test_typing_in_a_cell_never_votes(lab_server: Jupyter, browser: Browser) -> None:
    cell = CELL.replace("NAME", "typed")
    with lab_server.page(browser, cell, "1 + 1") as page:
        expect(_progress(page)).to_contain_text("0 of ")
        page.locator(".jp-CodeCell .cm-content").nth(1).click()
        page.keyboard.type("12tsu")
        expect(page.locator(".jp-CodeCell .cm-content").nth(1)).to_contain_text("12tsu")
        expect(_progress(page)).to_contain_text("0 of ")


def test_keys_cut_no_cells_in_notebook_7(
    notebook_server: Jupyter, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    cell = CELL.replace("NAME", "in notebook")
    with notebook_server.page(browser, cell, "1 + 1", "2 + 2") as page:
        _vote_through(page)
        shot(page, "rater_notebook7")
        _end(page)
