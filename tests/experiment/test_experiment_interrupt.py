"""A real Ctrl-C, in a process of its own, with calls in flight."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, json, sys
import respan_lab as lab

async def answer(messages, **params):
    number = int(messages[-1]["content"])
    print(number, flush=True)
    if number >= 3:
        await asyncio.Event().wait()
    return "done"

gateway = lab.Gateway(seed=1, sim_time_scale=0, providers={"sim": {"f": answer}})
client = lab.Client(gateway=gateway)
data = [{"i": i} for i in range(200)]
how = dict(client=client, max_concurrency=4, progress=False)
try:
    lab.compare("{{ i }}", "sim/f", data, **how)
except KeyboardInterrupt as interrupt:
    frame = interrupt.results.df
    print(json.dumps(frame["status"].value_counts().to_dict()), flush=True)
    raise
"""


def test_it_stops_the_spending_and_keeps_what_was_paid_for(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RESPAN_LAB_HOME": str(tmp_path)},
    )
    assert child.stdout is not None
    asked: list[int] = []
    hanging = 0
    while hanging < 4:
        asked.append(int(child.stdout.readline()))
        hanging += asked[-1] >= 3
    child.send_signal(signal.SIGINT)
    try:
        rest, errors = child.communicate(timeout=60)
    finally:
        child.kill()
    *later, counts = rest.strip().splitlines()
    assert later == []  # nothing was asked after the interrupt
    assert child.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    done = len(asked) - 4
    assert json.loads(counts) == {
        "ok": done,
        "error": 0,
        "maybe_billed": 4,
        "skipped": 200 - done - 4,
    }


EXITS = {
    "a stream that was not read to its end": """
stream = client.stream("Talk", model="sim/f")
next(stream)
""",
    "a run on another thread": """
import threading
run = lambda: lab.compare("{{ i }}", "sim/f", data, client=client, progress=False)
threading.Thread(target=run, daemon=True).start()
started.wait()
""",
    "an awaited call that was left": """
async def main():
    task = asyncio.create_task(client.achat("Hi", model="sim/f"))
    await asyncio.to_thread(started.wait)
    task.cancel()
asyncio.run(main())
""",
}


@pytest.mark.parametrize("left", EXITS.values(), ids=EXITS.keys())
def test_the_interpreter_exits_cleanly_with_calls_in_flight(
    left: str, tmp_path: Path
) -> None:
    script = f"""
import asyncio, threading
import respan_lab as lab
started = threading.Event()
async def answer(messages, **params):
    started.set()
    if messages[-1]["content"] == "Talk":
        return "hello " * 400
    await asyncio.Event().wait()
gateway = lab.Gateway(seed=1, sim_time_scale=20, providers={{"sim": {{"f": answer}}}})
client = lab.Client(gateway=gateway)
data = [{{"i": i}} for i in range(50)]
{left}
print("end of script", flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "RESPAN_LAB_HOME": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (
        0,
        "end of script",
        "",
    )
