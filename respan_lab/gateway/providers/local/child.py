"""The program of a model's own process: serve one model until the parent is gone.

It is run by path, so that it loads the runtime and nothing of this package. The first
line on its input is a JSON object with `path`, `alias`, `token`, `threads` and
`context_window`; the first line on its output is one with `address` or `error`. The
end of its input ends it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_ERRORS_ONLY = 1


def _params(asked: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = asked["path"]
    params.model_alias = {asked["alias"]}
    # Without a token, and with a page's origin allowed, any page open in a browser
    # could call the port.
    params.api_keys = [asked["token"]]
    params.cors_origins = ""
    params.hostnames = ["127.0.0.1"]
    params.offline, params.ui, params.endpoint_slots = True, False, False
    params.verbosity = _ERRORS_ONLY
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = asked["threads"]
    params.n_ctx, params.n_parallel = asked["context_window"], 1
    # With a prompt cache, words and times depend on what was asked before: measured,
    # other text at temperature 0.
    params.cache_prompt, params.cache_ram_mib = False, 0
    return params


def _serve(asked: dict[str, Any]) -> dict[str, Any]:
    global _server
    try:
        import xllamacpp

        _server = xllamacpp.Server(_params(asked))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"address": _server.listening_address}


_server: Any = None


def _main() -> None:
    # Whatever the runtime prints must not get between the lines of this protocol.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = json.loads(sys.stdin.buffer.readline())
    answer = _serve(asked)
    print(json.dumps(answer), file=answers, flush=True)
    if "error" in answer:
        return
    sys.stdin.buffer.read()
    # Taking the server down in order waits for its calls, half a minute or for ever.
    os._exit(0)


if __name__ == "__main__":
    _main()
