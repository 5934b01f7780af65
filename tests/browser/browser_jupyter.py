"""A real JupyterLab or Notebook 7, and pages of a real browser in it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page

FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)
EXPOSED = {
    "lab": "--LabApp.expose_app_in_browser=True",
    "notebook": "--JupyterNotebookApp.expose_app_in_browser=True",
}
PATHS = {"lab": "lab/tree", "notebook": "notebooks"}

# The icon may say idle before the session is there, and a run would be lost.
READY = """async () => {
  const app = window.jupyterapp;
  if (!app) return false;
  await app.restored;
  const widget = app.shell.currentWidget;
  if (!widget || !widget.sessionContext) return false;
  await widget.sessionContext.ready;
  await widget.context.ready;
  const session = widget.sessionContext.session;
  if (!session || !session.kernel) return false;
  await session.kernel.info;
  return session.kernel.connectionStatus === "connected"
    && session.kernel.status === "idle";
}"""
RUN_ALL = """async () => {
  await window.jupyterapp.commands.execute("notebook:run-all-cells");
}"""


DARK = """async () => {
  const app = window.jupyterapp;
  await app.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" });
}"""


def darken(page: Page) -> None:
    """Turn JupyterLab dark."""
    page.evaluate(DARK)
    page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


class Jupyter:
    """A running server; its notebooks are in `folder`."""

    def __init__(self, kind: str, url: str, token: str, folder: Path) -> None:
        self.kind, self.url, self.token, self.folder = kind, url, token, folder

    def notebook(self, *cells: str) -> str:
        """Write a notebook of code cells; gives its name."""
        name = f"n{secrets.token_hex(4)}.ipynb"
        written = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(written, self.folder / name)
        return name

    @contextmanager
    def page(self, browser: Browser, *cells: str, **options: Any) -> Iterator[Page]:
        """Open a notebook of these cells and run them all.

        At the end nothing may have been asked of another machine, and nothing may have
        failed in the page.
        """
        name = self.notebook(*cells)
        context = browser.new_context(
            viewport={"width": 1280, "height": 1400}, **options
        )
        page = context.new_page()
        watch = Watch(page)
        try:
            page.goto(f"{self.url}/{PATHS[self.kind]}/{name}?reset&token={self.token}")
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
            page.wait_for_function(READY, timeout=60_000)
            page.evaluate(RUN_ALL)
            yield page
            watch.check()
        finally:
            context.close()


# Notebook 7.6 itself fails with this while it opens any notebook, an empty one too.
_ITS_OWN = "Cannot read properties of undefined (reading 'schema')"


class Watch:
    """What a page asked of others, and what failed in it."""

    def __init__(self, page: Page) -> None:
        self.outside: list[str] = []
        self.failed: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("pageerror", lambda error: self.failed.append(str(error)))

    def _asked(self, url: str) -> None:
        if not re.match(r"(http|ws)://127\.0\.0\.1[:/]|data:|blob:|about:", url):
            self.outside.append(url)

    def check(self) -> None:
        assert not self.outside
        assert not [one for one in self.failed if one != _ITS_OWN]


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Jupyter]:
    """Have a server run for a while; kind is `lab` or `notebook`."""
    root = folder / "root"
    root.mkdir()
    token = secrets.token_hex(16)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, **{name: str(folder / name.lower()) for name in FOLDERS}}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env["RESPAN_LAB_HOME"] = str(folder / "home")
    env["IPY_TEST_SIMPLE_PROMPT"] = "1"
    settings = folder / "jupyterlab_settings_dir/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    command = [
        *(sys.executable, "-m", "jupyterlab" if kind == "lab" else "notebook"),
        *("--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={root}", EXPOSED[kind]),
    ]
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=root)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/api/status?token={token}", server, folder / "server.log")
        yield Jupyter(kind, url, token, root)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)  # there is nothing to wait on but the port
    raise RuntimeError(f"Jupyter does not answer:\n{log.read_text()[-4000:]}")


def chromium() -> str | None:
    """Where the browser is; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


ARGUMENTS: Sequence[str] = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
