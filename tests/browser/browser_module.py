"""One ES module alone in an empty page, with a model that only remembers."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page

MOUNT = """async ({ source, css, state }) => {
  const heard = {};
  const custom = [];
  window.sent = [];
  window.saved = [];
  const call = (name) => (heard[name] ?? []).forEach((each) => each());
  window.model = {
    get: (name) => structuredClone(state[name]),
    set: (name, value) => { state[name] = value; call(`change:${name}`); },
    save_changes: () => window.saved.push(structuredClone(state)),
    send: (message) => window.sent.push(structuredClone(message)),
    on: (name, each) => {
      if (name === "msg:custom") custom.push(each);
      else (heard[name] ??= []).push(each);
    },
    off: (name, each) => {
      if (name === "msg:custom") custom.splice(custom.indexOf(each), 1);
      else heard[name] = (heard[name] ?? []).filter((one) => one !== each);
    },
  };
  window.hear = (message) => custom.forEach((each) => each(message, []));
  window.heard = () => custom.length
    + Object.values(heard).reduce((sum, each) => sum + each.length, 0);
  document.head.append(Object.assign(document.createElement("style"),
    { textContent: css }));
  const el = document.body.appendChild(document.createElement("div"));
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  if (widget.initialize) await widget.initialize({ model: window.model });
  window.cleanup = await widget.render({ model: window.model, el });
  window.el = el;
}"""


class Bare:
    """A part's front end without any notebook.

    In the page: `model.set`, `hear(message)` as Python would send, `sent` and `saved`
    as Python would get, `cleanup()`, and `heard()`, how many listeners are left.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def mount(self, part: Any) -> Locator:
        """Show a part as it is; gives its element."""
        self.page.goto("about:blank")
        self.page.evaluate(
            MOUNT, {"source": part._esm, "css": part._css, "state": _state(part)}
        )
        return self.page.locator(".respan-lab")

    def set(self, name: str, value: Any) -> None:
        self.page.evaluate("([n, v]) => model.set(n, v)", [name, value])

    def hear(self, message: dict[str, Any]) -> None:
        self.page.evaluate("(message) => hear(message)", message)

    @property
    def sent(self) -> list[Any]:
        """What the front end has sent so far."""
        found: list[Any] = self.page.evaluate("() => sent")
        return found

    def unmount(self) -> int:
        """End the view; gives how many listeners it left behind."""
        self.page.evaluate("() => cleanup && cleanup()")
        left: int = self.page.evaluate("() => heard()")
        return left


def _state(part: Any) -> dict[str, Any]:
    state = {
        name: value
        for name, value in part.get_state().items()
        if not name.startswith("_") and name != "layout"
    }
    kept: dict[str, Any] = json.loads(json.dumps(state, default=str))
    return kept
