"""respan-gateway as it is, by its own command and with a file of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from crowd import MODEL
from served import Task, free_port, offer, running, task, versions_of

CONFIG = """\
listen = "127.0.0.1:{port}"
log = "off"

[providers.stub]
vendor = "openai"
formats = {{ "openai-chat" = "{stub}/v1" }}
key = "none"

[plugins.routing]
default = "stub"
listings = false
"""


def command(given: Task, port: int) -> list[str]:
    path = Path(given.folder) / "stub.toml"
    path.write_text(CONFIG.format(port=port, stub=given.stub))
    return [sys.executable, "-m", "respan_gateway", "--config", str(path), "serve"]


def main() -> None:
    given, port = task(), free_port()
    with running(command(given, port), given.folder, port):
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        offer(url, fields={"model": MODEL}, versions=versions_of("respan-gateway"))


if __name__ == "__main__":
    main()
