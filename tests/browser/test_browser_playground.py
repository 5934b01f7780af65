"""The playground in JupyterLab: edit, run, watch it stream, and read the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser_jupyter import Jupyter
from browser_stream import STREAM, WATCH
from playwright.sync_api import Browser, Page, expect

N = 90  # tokens of an answer, at 60 a second

PLAY = """
import ipywidgets
from IPython.display import display

client = client_of(90, 60)
data = [{"word": "yes"}, {"word": "no"}]
play = lab.Playground("Say {{ word }}", ["m1", "m2", "m3", "m4"], data, client=client)
play.add_class("t-play")
told = ipywidgets.HTML()
told.add_class("t-told")
button = ipywidgets.Button(description="Check the code")

def check(_):
    space = {"client": client, "data": data}
    exec(play.to_code(), space)
    names = ("prompt", "values", "params", "models", "row")
    again = space["play"]
    same = all(getattr(again, n) == getattr(play, n) for n in names)
    keys = again.history["key"].tolist()
    told.value = f"same {same}, keys {sorted(keys[:4]) == sorted(keys[4:])}"

button.on_click(check)
display(play, button, told)
"""
DARK = """async () => window.jupyterapp.commands.execute(
  "apputils:change-theme", { theme: "JupyterLab Dark" })"""


def test_four_models_stream_side_by_side(
    lab_server: Jupyter, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    with lab_server.page(browser, STREAM + PLAY) as page:
        play = page.locator(".t-play")
        template = play.get_by_label("template")
        template.click()
        page.keyboard.press("End")
        page.keyboard.type(" please")
        play.get_by_role("button", name="Next row").click()
        expect(play.locator(".rl-preview")).to_contain_text("Say no please")
        play.get_by_label("max_tokens").fill("200")
        page.evaluate(WATCH)
        play.get_by_role("button", name="Run 4 models").click()
        lanes = play.locator(".rl-lane")
        expect(lanes.first.get_by_role("status")).to_have_text("streaming")
        shot(page, "playground_streaming")
        for at in range(4):
            expect(lanes.nth(at).get_by_role("status")).to_have_text("done")
        text = "".join(f"w{i} " for i in range(N))
        for at in range(4):
            assert lanes.nth(at).locator(".rl-answer").text_content() == text
        sizes = [size for _, size in page.evaluate("() => seen")]
        growing = sizes[sizes.index(min(sizes)) :]
        assert growing == sorted(growing)
        assert len(growing) > 15, "it came in pieces, not as a whole"
        assert growing[-1] == 4 * len(text)
        expect(lanes.first).to_contain_text("tokens/s")
        shot(page, "playground")
        page.get_by_role("button", name="Check the code").click()
        expect(page.locator(".t-told")).to_have_text("same True, keys True")
        page.evaluate(DARK)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        page.set_viewport_size({"width": 700, "height": 1400})
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(play.get_by_label("max_tokens")).to_be_visible()
        shot(page, "playground_dark_700")
