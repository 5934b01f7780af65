"""Ours: `respan-lab serve`, its log on, as it is by default.

With `CACHED` in the environment every request asks for the cache, and there are so few
different ones that the warm-up has had them all.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from crowd import MODEL, PRICE
from served import Task, free_port, offer, running, skip, task, versions_of

DISTINCT = 64


def refusal(url: str, fields: dict[str, object]) -> str | None:
    """What a gateway says that has no cache; None if it has one."""
    messages = [{"role": "user", "content": "Is there a cache?"}]
    request = urllib.request.Request(
        url,
        json.dumps({**fields, "messages": messages}).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10):
            return None
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
        told = json.load(error)["error"]["message"]
        return f"`cache_enabled` answers 400: {told}"


def logged(home: str) -> int:
    """How many requests the log has."""
    with closing(sqlite3.connect(Path(home) / "logs.db")) as connection:
        rows: int = connection.execute("SELECT count(*) FROM logs").fetchone()[0]
        return rows


CONFIG = """\
[providers.stub]
base_url = "{stub}/v1"

[prices."{model}"]
input = {input}
output = {output}
"""


def command(given: Task, port: int) -> list[str]:
    path = Path(given.folder) / "gateway.toml"
    path.write_text(CONFIG.format(stub=given.stub, model=f"stub/{MODEL}", **PRICE))
    return [
        *(str(Path(sys.executable).with_name("respan-lab")), "serve"),
        *("--port", str(port)),
        *("--home", given.folder, "--config", str(path)),
    ]


def main() -> None:
    given, port = task(), free_port()
    fields: dict[str, object] = {"model": f"stub/{MODEL}"}
    is_cached = bool(os.environ.get("CACHED"))
    if is_cached:
        fields["cache_enabled"] = True
    with running(command(given, port), given.folder, port):
        url = f"http://127.0.0.1:{port}/api/chat/completions"
        if is_cached and (refused := refusal(url, fields)):
            skip(refused)
            return
        versions = versions_of("respan-lab", "uvicorn", "httptools", "aiohttp")
        distinct = DISTINCT if is_cached else None
        offer(url, fields=fields, versions=versions, distinct=distinct)
    if not logged(given.folder):
        raise SystemExit("the log was to be on, and is empty")


if __name__ == "__main__":
    main()
