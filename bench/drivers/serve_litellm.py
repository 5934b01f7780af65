"""litellm's proxy by its own command: one worker, no callbacks, no database.

It does not start without a master key, so it has one, and the callers show it.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

from crowd import MODEL
from served import Task, free_port, offer, running, task, versions_of


def command(given: Task, port: int) -> list[str]:
    upstream = {
        "model": f"openai/{MODEL}",
        "api_base": f"{given.stub}/v1",
        "api_key": "none",
    }
    models = [{"model_name": MODEL, "litellm_params": upstream}]
    path = Path(given.folder) / "stub.yaml"
    path.write_text(json.dumps({"model_list": models}))  # JSON is YAML
    options = {
        "--config": str(path),
        "--host": "127.0.0.1",
        "--port": str(port),
        "--num_workers": "1",
        "--telemetry": "False",
    }
    program = str(Path(sys.executable).with_name("litellm"))
    return [program, *(word for option in options.items() for word in option)]


def main() -> None:
    given, port = task(), free_port()
    key = os.environ["LITELLM_MASTER_KEY"] = f"sk-{secrets.token_hex(32)}"
    with running(command(given, port), given.folder, port):
        offer(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            fields={"model": MODEL},
            headers={"authorization": f"Bearer {key}"},
            versions=versions_of("litellm", "uvicorn"),
        )


if __name__ == "__main__":
    main()
