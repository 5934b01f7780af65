"""Own parts in marimo, where nothing but anywidgets works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_jupyter import Watch
from playwright.sync_api import Browser, Page, expect

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import respan_lab as lab
    from respan_lab.prompts.marking import marked
    from respan_lab.widgets.preview import Preview
    return Preview, lab, marked, mo


@app.cell
def _(Preview, lab, marked, mo):
    preview = Preview()
    preview.show(marked(lab.Prompt("Say {{ word }}!"), {"word": "<b>yes</b>"}))
    mo.ui.anywidget(preview)
    return


@app.cell
def _(lab, mo):
    results = lab.compare(
        "What is {{ word }}?",
        ["sim/small", "sim/large"],
        [{"word": word} for word in "one two three four five six seven eight".split()],
        client=lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0)),
        progress=False,
    )
    rater = lab.Rater(results, rater="ann")
    mo.ui.anywidget(rater)
    return (results,)


@app.cell
def _(lab, mo, results):
    mo.ui.anywidget(lab.Explorer(results))
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def marimo_url(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "notebook.py"
    path.write_text(NOTEBOOK)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "marimo", "run", str(path), "--headless"),
        *("--no-token", "--host", "127.0.0.1", "--port", str(port)),
    ]
    home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    env = {**os.environ, **home, "MARIMO_SKIP_UPDATE_CHECK": "1"}
    log = (tmp_path / "marimo.log").open("wb")
    server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=env)
    try:
        _wait(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)  # there is nothing to wait on but the port
    raise RuntimeError("marimo does not answer")


def test_parts_work_in_marimo(
    marimo_url: str,
    tmp_path: Path,
    browser: Browser,
    shot: Callable[[Page, str], Path],
) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    page = context.new_page()
    watch = Watch(page)
    page.goto(marimo_url)
    expect(page.locator(".rl-preview mark")).to_have_text("<b>yes</b>", timeout=30_000)
    progress = page.locator(".rl-rater .rl-progress")
    expect(progress).to_contain_text("0 of ", timeout=30_000)
    progress.click()
    for key, text in (("1", "1 of"), ("t", "2 of"), ("s", "1 skipped")):
        page.keyboard.press(key)
        expect(progress).to_contain_text(text)
    page.keyboard.press("u")
    expect(progress).not_to_contain_text("skipped")
    shot(page, "rater_marimo")
    context.close()
    (votes,) = tmp_path.rglob("ratings.jsonl")
    assert votes.read_text().count('"verdict"') >= 4
    watch.check()


def test_an_explorer_filters_in_marimo(
    marimo_url: str, browser: Browser, shot: Callable[[Page, str], Path]
) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 1600})
    page = context.new_page()
    watch = Watch(page)
    page.goto(marimo_url)
    shown = page.locator(".rl-explorer")
    expect(shown.locator(".rl-count")).to_have_text("16 of 16 rows", timeout=30_000)
    shown.get_by_label("Search", exact=True).click()
    page.keyboard.type("seven")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # at once: the row that will be there is meant
    expect(shown.locator(".rl-detail")).to_contain_text("item 6")
    expect(shown.locator("[aria-label=Calls] tbody tr").first).to_contain_text("seven")
    shot(page, "explorer_marimo")
    context.close()
    watch.check()
