"""Saved notebooks without a kernel: what a reader sees is the static view."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from browser_jupyter import Jupyter
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# What only the widgets of a notebook show, as it stood when it was saved.
SHOWN = {
    "07_prompts.ipynb": ("The <b>second</b> volume is missing.", "made by"),
    "08_playground.ipynb": ("Values", "try"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_jupyterlab_shows_it_before_anything_is_run(
    name: str,
    lab_server: Jupyter,
    browser: Browser,
    shot: Callable[[Page, str], Path],
) -> None:
    shutil.copy(NOTEBOOKS / name, lab_server.folder / name)
    context = browser.new_context(viewport={"width": 1280, "height": 9000})
    page = context.new_page()
    page.goto(f"{lab_server.url}/lab/tree/{name}?reset&token={lab_server.token}")
    for text in SHOWN[name]:
        expect(page.locator(".jp-RenderedHTML", has_text=text).first).to_be_visible(
            timeout=60_000
        )
    expect(page.get_by_text("Error displaying widget")).to_have_count(0)
    shot(page, f"saved_{name.removesuffix('.ipynb')}")
    context.close()


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_made_of_it_shows_it_offline(
    name: str, browser: Browser, tmp_path: Path
) -> None:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    body, _ = HTMLExporter().from_notebook_node(notebook)
    path = tmp_path / "page.html"
    path.write_text(body, encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    for text in SHOWN[name]:
        expect(page.locator(".jp-RenderedHTML", has_text=text).first).to_be_visible()
    context.close()
