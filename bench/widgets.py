"""How quick the widgets are in a real JupyterLab: `python -m bench.widgets`.

Each measurement is a function of a running server and a browser that gives rows of
names and figures, and whether its target was met.
"""

from __future__ import annotations

import json
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .figures import percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

_BROWSER = Path(__file__).parents[1] / "tests" / "browser"

STREAMING = """
import threading
import ipywidgets
from IPython.display import display
from respan_lab.widgets.lane import Lane
from respan_lab.widgets.lanes import Lanes

names = ["m1", "m2", "m3", "m4"]
lanes, told = Lanes(), ipywidgets.HTML()
told.add_class("t-told")
go = ipywidgets.Button(description="Go")
noted, size = [], 0

def hear(heard):
    global size
    if heard.chunk is not None:
        size += len(heard.chunk.text)
        noted.append((time.time() * 1000, size))
    lanes.take(heard)

def run(handle):
    handle.wait()
    told.value = json.dumps(noted)

def clicked(_):
    lanes.begin([Lane(name) for name in names])
    handle = lab.Experiment("Hi", names).start(
        client_of(400, 60), listener=hear, progress=False, fresh=True)
    threading.Thread(target=run, args=(handle,), daemon=True).start()

go.on_click(clicked)
display(lanes, go, told)
"""
FRAMES = """() => {
  window.frames_at = [];
  const each = (at) => { frames_at.push(at); requestAnimationFrame(each); };
  requestAnimationFrame(each);
}"""


class Measured(NamedTuple):
    """What was measured: figures by name, and whether the target was met."""

    figures: dict[str, Any]
    is_met: bool


def streaming(server: Any, browser: Any) -> Measured:
    """Four models streaming 60 tokens a second each: how far is the page behind?

    The lag of a piece of text is the time from when the listener heard of it to when
    the page's document had it. Met if 19 of 20 pieces are there within 0.2 s and the
    page has drawn at half the display's rate or more.
    """
    from browser_stream import STREAM, WATCH

    with server.page(browser, STREAM + STREAMING) as page:
        go = page.get_by_role("button", name="Go")
        go.wait_for()
        page.evaluate("() => null")
        page.evaluate(WATCH)
        page.evaluate(FRAMES)
        go.click()
        told = page.locator(".t-told")
        page.wait_for_function(
            "() => document.querySelector('.t-told').textContent.trim().length > 9",
            timeout=60_000,
        )
        noted = json.loads(told.text_content())
        seen = page.evaluate("() => seen")
        frames = page.evaluate("() => frames_at")
    return _streamed(noted, seen, frames)


def _streamed(
    noted: Sequence[Sequence[float]],
    seen: Sequence[Sequence[float]],
    frames: Sequence[float],
) -> Measured:
    sizes = [size for _, size in seen]
    lags = [
        seen[bisect_left(sizes, size)][0] - at
        for at, size in noted
        if size and size <= sizes[-1]
    ]
    rate = (len(frames) - 1) / (frames[-1] - frames[0]) * 1000
    p95 = percentile(lags, 95) or float("nan")
    is_whole = sizes[-1] == noted[-1][1]
    figures = {
        "pieces": len(noted),
        "seconds": round((noted[-1][0] - noted[0][0]) / 1000, 2),
        "changes of the page": len(seen),
        "lag p50 (ms)": round(percentile(lags, 50) or 0, 1),
        "lag p95 (ms)": round(p95, 1),
        "lag of the last piece (ms)": round(lags[-1], 1),
        "frames a second": round(rate, 1),
        "text is whole": is_whole,
    }
    return Measured(figures, is_whole and p95 < 200 and rate > 30)


MEASUREMENTS: tuple[Callable[[Any, Any], Measured], ...] = (streaming,)


def main(args: Sequence[str]) -> int:
    """Run the measurements, or those named after `--only`; 1 if a target is missed."""
    sys.path.insert(0, str(_BROWSER))
    from browser_jupyter import ARGUMENTS, chromium, serving
    from playwright.sync_api import sync_playwright

    only = args[args.index("--only") + 1] if "--only" in args else None
    path, missed = chromium(), 0
    if path is None:
        print("Chromium is missing: run `make browser`")
        return 1
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("lab", Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=path, args=list(ARGUMENTS), headless=True
        )
        for measure in MEASUREMENTS:
            if only in (None, measure.__name__):
                measured = measure(server, browser)
                missed += not measured.is_met
                print(f"{measure.__name__}: {'met' if measured.is_met else 'MISSED'}")
                for name, value in measured.figures.items():
                    print(f"  {name}: {value}")
        browser.close()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
