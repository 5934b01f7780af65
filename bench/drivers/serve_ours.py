"""Ours: `Gateway.serve()` in a process of its own, its log on, as it is by default.

With `CACHED` in the environment every request asks for the cache, and there are so few
different ones that the warm-up has had them all.
"""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from crowd import MODEL, PRICE
from served import offer, skip, task, versions_of

import respan_lab as lab

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


def main() -> None:
    given = task()
    model = f"stub/{MODEL}"
    gateway = lab.Gateway(
        home=given.folder,
        providers={"stub": {"base_url": f"{given.stub}/v1"}},
        prices={model: PRICE},
    )
    fields: dict[str, object] = {"model": model}
    is_cached = bool(os.environ.get("CACHED"))
    if is_cached:
        fields["cache_enabled"] = True
    with gateway.serve() as server:
        url = f"{server.url}/api/chat/completions"
        if is_cached and (refused := refusal(url, fields)):
            skip(refused)
            return
        versions = versions_of("respan-lab", "uvicorn", "aiohttp")
        distinct = DISTINCT if is_cached else None
        offer(url, fields=fields, versions=versions, distinct=distinct)
    gateway.close()
    if not logged(given.folder):
        raise SystemExit("the log was to be on, and is empty")


if __name__ == "__main__":
    main()
