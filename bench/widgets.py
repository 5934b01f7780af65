"""What a widget costs the eye: from a key to the page, in a real JupyterLab.

Usage: `python -m bench.widgets` (`make browser` first). The exit code is 1 if a target
is missed. Every figure is taken in the page itself, from the event of the key to the
change of the page, so that the time of whatever presses the keys is not in it.
"""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from .contest import options
from .machine import describe_machine
from .table import Column, Target, conclude, render
from .widget_filtering import filtering
from .widget_streaming import streaming

# The server and the pages are those of the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from browser_jupyter import ARGUMENTS, Jupyter, chromium, serving

KEYS = 120
TYPING = "a key in PromptForm to the preview"
FILTERING = "a key in Explorer to the filtered rows, 10,000 rows"
STREAMING = "a piece of four streams of 60 tokens/s to the page"

FORM = """
import respan_lab as lab
form = lab.PromptForm(
    "Answer as {{ name }} would, in {{ language }}.\\n\\n{{ question }}",
    {"name": "Ada", "language": "French", "question": "Why"},
    models=["sim/small", "sim/medium", "sim/large"],
    client=lab.Client(gateway=lab.Gateway(seed=1)),
)
form.add_class("t-form")
form
"""
# A key's text is known: the preview's last mark must come to hold it.
WATCH = """() => {
  const field = [...document.querySelectorAll(".t-form textarea")].at(-1);
  const shown = document.querySelector(".t-form .rl-preview");
  const due = [];
  window.took = [];
  field.addEventListener("input", () => due.push([field.value, performance.now()]));
  new MutationObserver(() => {
    const text = [...shown.querySelectorAll("mark")].at(-1)?.textContent;
    const at = due.findIndex(([value]) => value === text);
    if (at < 0) return;
    for (const [, began] of due.splice(0, at + 1))
      window.took.push(performance.now() - began);
  }).observe(shown, { childList: true, subtree: true, characterData: true });
}"""

Figures = dict[str, Any]


def typing(server: Jupyter, browser: Browser) -> list[float]:
    """Type into a form; gives the milliseconds of each key."""
    with server.page(browser, FORM) as page:
        page.wait_for_selector(".t-form .rl-preview mark")
        page.evaluate(WATCH)
        page.locator(".t-form textarea").last.click()
        page.keyboard.press("End")
        for key in ("x" * 9 + " ") * (KEYS // 10):
            page.keyboard.type(key, delay=60)
        return _took(page, KEYS)


def _took(page: Page, count: int) -> list[float]:
    page.wait_for_function(f"() => window.took.length >= {count}", timeout=30_000)
    found: list[float] = page.evaluate("() => window.took")
    return found


class Measure:
    """One thing that is measured.

    Args:
        work: Gives milliseconds.
        limit: What their 95th percentile may be.
    """

    def __init__(
        self, work: Callable[[Jupyter, Browser], list[float]], limit: float
    ) -> None:
        self.work, self.limit = work, limit


MEASURES = {
    TYPING: Measure(typing, 100),
    FILTERING: Measure(filtering, 200),
    STREAMING: Measure(streaming, 200),
}


def figures(took: list[float]) -> Figures:
    """The median, the 95th percentile and the most, in milliseconds."""
    cuts = quantiles(took, n=20, method="inclusive")
    return {"n": len(took), "p50": cuts[9], "p95": cuts[18], "most": max(took)}


def hold(rounds: int, only: str) -> Figures:
    """Measure all in turns, in one browser and one JupyterLab."""
    chosen = {name: one for name, one in MEASURES.items() if only in name}
    turns: dict[str, list[float]] = {name: [] for name in chosen}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("lab", Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(ARGUMENTS)
        )
        for number in range(1, rounds + 1):
            for name, one in chosen.items():
                took = one.work(server, browser)
                turns[name] += took
                print(f"round {number}: {name}: {figures(took)}", flush=True)
        version = browser.version
        browser.close()
    names = ("jupyterlab", "anywidget", "ipywidgets")
    versions = {name: importlib.metadata.version(name) for name in names}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "setting": {"rounds": rounds},
        "contenders": {
            name: {**figures(took), "versions": {**versions, "Chromium": version}}
            for name, took in turns.items()
        },
    }


def main(arguments: list[str] | None = None) -> int:
    given = options(__doc__, calls=KEYS).parse_args(arguments)
    results = hold(given.rounds, given.only)
    contenders = results["contenders"]
    columns = [Column("events", lambda one: f"{one['n']}")] + [
        Column(title, lambda one, name=name: f"{one[name]:.0f} ms")
        for name, title in (("p50", "median"), ("p95", "p95"), ("most", "most"))
    ]
    return conclude(
        "widgets",
        results,
        tables=[render(contenders, columns)],
        targets=[
            Target(f"{name}, p95: ms", one["p95"], MEASURES[name].limit)
            for name, one in contenders.items()
        ],
        write_readme=given.write_readme,
    )


if __name__ == "__main__":
    sys.exit(main())
