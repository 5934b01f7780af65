"""Four models streaming side by side: how far is the page behind the kernel?"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

__all__ = ["streaming"]

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


def streaming(server: Any, browser: Any) -> list[float]:
    """Stream 400 tokens from each of four models, 60 a second each.

    Args:
        server: A running JupyterLab.
        browser: A running browser.

    Returns:
        For each piece of text the milliseconds from when the listener in the kernel
        heard of it to when the page's document had it, by the machine's one clock.

    Raises:
        RuntimeError: At the end the page has not all of the text, or it drew at less
            than half the usual 60 frames a second.
    """
    from browser_stream import STREAM, WATCH

    with server.page(browser, STREAM + STREAMING) as page:
        go = page.get_by_role("button", name="Go")
        go.wait_for()
        page.evaluate(WATCH)
        page.evaluate(FRAMES)
        go.click()
        page.wait_for_function(
            "() => document.querySelector('.t-told').textContent.trim().length > 9",
            timeout=60_000,
        )
        noted = json.loads(page.locator(".t-told").text_content())
        whole = noted[-1][1]
        page.wait_for_function(f"() => seen.at(-1)[1] === {whole}", timeout=5_000)
        seen = page.evaluate("() => seen")
        frames = page.evaluate("() => frames_at")
    rate = (len(frames) - 1) / (frames[-1] - frames[0]) * 1000
    lags = _lags(noted, seen)
    said = (
        f"{len(lags)} pieces, {len(seen)} changes of the page, last {lags[-1]:.0f} ms"
    )
    print(f"streaming: {said}, {rate:.0f} frames a second", flush=True)
    if rate < 30:
        raise RuntimeError(f"the page fell behind: {rate:.0f} frames a second")
    return lags


def _lags(
    noted: Sequence[Sequence[float]], seen: Sequence[Sequence[float]]
) -> list[float]:
    sizes = [size for _, size in seen]
    return [seen[bisect_left(sizes, size)][0] - at for at, size in noted if size]
