"""One server of each kind for all tests of this room, and a browser for each file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_jupyter import ARGUMENTS, Jupyter, chromium, serving
from browser_module import Bare
from playwright.sync_api import Browser, Page, expect, sync_playwright

# What is waited for comes in a moment, but a busy machine has long moments.
expect.set_options(timeout=30_000)
SHOTS = Path(__file__).parents[2] / "out" / "browser"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # While Playwright is there, an event loop of its own runs in this thread, in which
    # other tests' loops could not: so it ends with each file.
    path = chromium()
    if path is None:
        said = "Chromium is missing, so no widget was tried: run `make browser`"
        if os.environ.get("RESPAN_LAB_BROWSER") == "required":
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=list(ARGUMENTS), headless=True
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with serving("lab", tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with serving("notebook", tmp_path_factory.mktemp("notebook")) as server:
        yield server


@pytest.fixture
def shot() -> Callable[[Page, str], Path]:
    """Keep a picture of the page in `out/browser`, to be looked at."""

    def keep(page: Page, name: str) -> Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        page.screenshot(path=path)
        return path

    return keep


@pytest.fixture
def bare(browser: Browser) -> Iterator[Bare]:
    """An empty page for one ES module."""
    context = browser.new_context(viewport={"width": 900, "height": 700})
    yield Bare(context.new_page())
    context.close()
