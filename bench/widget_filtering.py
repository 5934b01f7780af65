"""Typing into the search of 10,000 calls: how soon are the rows others?"""

from __future__ import annotations

from typing import Any

__all__ = ["filtering"]

ROWS = 10_000
WORDS = ("refund 12", "order 99", "parcel 7", "invoice 345")
TURNS = 2

TABLE = f"""
import random
import respan_lab as lab
from respan_lab.results import build_frame

rng = random.Random(1)
words = "refund order parcel invoice late early blue red please thanks".split()
def text(n):
    return " ".join([*rng.choices(words, k=40), rng.choice(words), str(n)])
models = ["sim/small", "sim/large"]
rows = [
    {{"key": f"{{model}}-{{item:05}}", "model": model, "asked_model": model,
     "provider": "sim", "prompt": "p", "item": item, "run": 0, "choice": 0,
     "status": "ok", "var_text": text(item), "output": text(item), "cost": item / 1e6,
     "latency": rng.random(), "score_good": item % 3 == 0}}
    for item in range({ROWS // 2}) for model in models
]
explorer = lab.Explorer(lab.Results(build_frame(rows, models=models, prompts=["p"])))
explorer
"""
# What was searched for stands above the rows once they are those that have it.
WATCH = """() => {
  const field = document.querySelector(".rl-explorer input[type=search]");
  const due = [];
  window.took = [];
  field.addEventListener("keydown", () => due.push([null, performance.now()]));
  field.addEventListener("input", () => { due.at(-1)[0] = field.value; });
  new MutationObserver(() => {
    const chip = document.querySelector(".rl-explorer .rl-count + button");
    const text = chip?.textContent.match(/“(.*)”/)?.[1] ?? "";
    const at = due.findIndex(([value]) => value === text);
    if (at < 0) return;
    for (const [, began] of due.splice(0, at + 1))
      window.took.push(performance.now() - began);
  }).observe(document.querySelector(".rl-explorer"),
    { childList: true, subtree: true, characterData: true });
}"""


def filtering(server: Any, browser: Any) -> list[float]:
    """Type words into an Explorer's search, and delete them again.

    Args:
        server: A running JupyterLab.
        browser: A running browser.

    Returns:
        For each key the milliseconds from its event to when the page has the rows of
        the text with it, or of a later one.

    Raises:
        RuntimeError: The page does not have as many rows at the end as at the start.
    """
    with server.page(browser, TABLE) as page:
        field = page.get_by_label("Search", exact=True)
        field.wait_for(timeout=60_000)
        page.evaluate(WATCH)
        field.click()
        keys = 0
        for word in WORDS * TURNS:
            for key in [*word, *["Backspace"] * len(word)]:
                page.keyboard.press("Space" if key == " " else key, delay=20)
                page.wait_for_timeout(60)
                keys += 1
        page.wait_for_function(f"() => took.length >= {keys}", timeout=30_000)
        told = page.locator(".rl-explorer .rl-count").text_content()
        if told != f"{ROWS:,} of {ROWS:,} rows":
            raise RuntimeError(f"the page shows {told} without any search")
        found: list[float] = page.evaluate("() => took")
    return found
