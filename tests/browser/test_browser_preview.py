"""The preview of a prompt: alone in a page, and as part of the form in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser_jupyter import Jupyter, darken
from browser_module import Bare
from playwright.sync_api import Browser, Page, expect

from respan_lab.prompts import Prompt
from respan_lab.prompts.marking import marked
from respan_lab.widgets.preview import Preview

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def test_what_was_filled_in_is_marked_and_stays_text(bare: Bare) -> None:
    preview = Preview()
    preview.show(marked(Prompt("Say {{ word }}!"), {"word": HOSTILE}), "about 3 tokens")
    shown = bare.mount(preview)
    expect(shown.locator("mark")).to_have_text(HOSTILE)
    expect(shown).to_contain_text("about 3 tokens")
    assert bare.page.evaluate("() => window.hacked") is None
    assert bare.unmount() == 0
    assert not bare.errors


def test_a_problem_is_told_and_greys_what_was_before(bare: Bare) -> None:
    preview = Preview()
    preview.show(marked(Prompt("Say yes"), {}))
    shown = bare.mount(preview)
    bare.set("problem", "the template fails")
    expect(shown.get_by_role("alert")).to_have_text("the template fails")
    assert "rl-stale" in (shown.get_attribute("class") or "")


FORM = """
import respan_lab as lab
from IPython.display import display
prompt = lab.Prompt(
    "Answer {{ name }} in {{ language }}.\\n\\n{{ question }}",
    system="You are {{ mood }}.",
    defaults={"mood": "kind", "n": 3},
)
form = lab.PromptForm(
    prompt, choices={"language": ["French", "German"]}, models=["sim/small"],
    client=lab.Client(gateway=lab.Gateway(seed=1)),
)
form.add_class("t-form")
form
"""


def test_a_form_is_filled_in_with_keys(
    lab_server: Jupyter, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    with lab_server.page(browser, FORM) as page:
        form = page.locator(".t-form")
        expect(form).to_contain_text("it has no value yet")
        form.get_by_label("name").fill("Ada")
        form.get_by_label("question").click()
        page.keyboard.type("What is <b>2 + 2</b>?")
        form.get_by_label("language").select_option("German")
        expect(form.locator("mark").last).to_have_text("What is <b>2 + 2</b>?")
        expect(form).not_to_contain_text("it has no value yet")
        expect(form).to_contain_text("sim/small $")
        shot(page, "prompt_form")
        darken(page)
        shot(page, "prompt_form_dark")
