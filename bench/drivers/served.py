"""A gateway on a socket of this machine; every `serve_*` driver offers one with this.

A driver is started with one argument, a `Task` as JSON, in an environment of its own.
It prints one line of JSON once the gateway answers, and ends when its input is closed.
This file imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_PATIENCE = 120  # seconds; the slowest takes about twenty


class Task(NamedTuple):
    """What a driver has to do.

    Attributes:
        stub: The address of the provider to be.
        folder: An empty one, for what the gateway needs.
    """

    stub: str
    folder: str


def task() -> Task:
    """The task this process was started with."""
    return Task(**json.loads(sys.argv[1]))


def offer(
    url: str,
    *,
    fields: Mapping[str, Any],
    versions: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    distinct: int | None = None,
) -> None:
    """Tell the parent where the gateway is, and wait until it has seen enough.

    Args:
        url: The whole address of its chat completions.
        fields: What is sent besides the messages.
        versions: What is measured.
        headers: What is sent besides the usual.
        distinct: How many different prompts there are to be; None for all different.
    """
    endpoint = {"url": url, "headers": headers or {}, "fields": fields}
    _say({"endpoint": {**endpoint, "distinct": distinct}, "versions": versions})
    sys.stdin.read()


def skip(reason: str) -> None:
    """Tell the parent that there is nothing to measure."""
    _say({"skipped": reason})


def versions_of(*packages: str) -> dict[str, str]:
    """The versions of installed packages."""
    return {name: importlib.metadata.version(name) for name in packages}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: Sequence[str], folder: str, port: int) -> Iterator[None]:
    """Run a server in a folder until it listens, then until the caller is done.

    Raises:
        SystemExit: It ended, or does not listen; its output is shown.
    """
    log = Path(folder) / "output.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        if not _listens(process, port):
            raise SystemExit(f"{command[0]} does not serve:\n{log.read_text()[-4000:]}")
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return True
        time.sleep(0.05)
    return False


def _say(value: Any) -> None:
    print(json.dumps(value), flush=True)
