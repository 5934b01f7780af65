"""The versions of a prompt in JupyterLab: chosen, compared and deployed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser_jupyter import Jupyter
from playwright.sync_api import Browser, Page, expect

CELL = """
import respan_lab as lab
client = lab.Client(gateway=lab.Gateway(seed=1))
prompt_id = client.prompts.create("Support")
for text, what in (
    ("Answer kindly: {{ message }}", "first"),
    ("Answer kindly and in {{ language }}: {{ message }}", "asks for a language"),
    ("Answer in {{ language }}: <b>{{ message }}</b>", "shorter"),
):
    client.prompts.add_version(prompt_id, text, model="sim/small", description=what)
picker = lab.VersionPicker(client, prompt_id)
picker.add_class("t-picker")
picker
"""


def test_a_version_is_compared_and_deployed(
    lab_server: Jupyter, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    with lab_server.page(browser, CELL) as page:
        picker = page.locator(".t-picker")
        expect(picker.locator("ins")).to_contain_text(["<b>", "</b>"])
        shot(page, "version_picker")
        picker.get_by_label("Version").select_option(index=1)
        expect(picker).to_contain_text("Version 2: made by")
        picker.get_by_label("Compare with").select_option(index=3)
        expect(picker.locator("ins").first).to_contain_text("language")
        picker.get_by_role("button", name="Deploy").first.click()
        picker.get_by_role("button", name="Yes, deploy version 2").click()
        expect(picker.get_by_label("Version")).to_contain_text("2 · live")
        expect(picker.get_by_role("button", name="Deploy").first).to_be_disabled()
        shot(page, "version_picker_deployed")
