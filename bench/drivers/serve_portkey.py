"""Portkey's open-source gateway on Node, from the folder named by `PACKAGES`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from crowd import MODEL
from served import free_port, offer, running, task

PACKAGE = "@portkey-ai/gateway"


def main() -> None:
    given, port = task(), free_port()
    home = Path(os.environ["PACKAGES"]) / "node_modules" / PACKAGE
    version = json.loads((home / "package.json").read_text())["version"]
    script = str(home / "build" / "start-server.js")
    with running(["node", script, f"--port={port}", "--headless"], given.folder, port):
        offer(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            fields={"model": MODEL},
            headers={
                "authorization": "Bearer none",
                "x-portkey-provider": "openai",
                "x-portkey-custom-host": f"{given.stub}/v1",
            },
            versions={PACKAGE: version},
        )


if __name__ == "__main__":
    main()
