"""Rows are written behind the answers' backs, and are there all the same."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from gateway_log_rows import row

from respan_lab.errors import ConfigError
from respan_lab.gateway.store.log_columns import COLUMNS
from respan_lab.gateway.store.logs import LogQuery, LogStore


def using(home: Path, work: Callable[[LogStore], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        store = LogStore(home)
        try:
            return await work(store)
        finally:
            await store.aclose()

    return asyncio.run(go())


def ids(home: Path) -> set[str]:
    with closing(sqlite3.connect(home / "logs.db")) as connection:
        return {each[0] for each in connection.execute("SELECT unique_id FROM logs")}


async def written(home: Path, n: int) -> None:
    while True:
        with suppress(sqlite3.OperationalError):  # there is no table yet
            if len(ids(home)) >= n:
                return
        await asyncio.sleep(0.005)


def test_nothing_is_opened_before_the_first_row(tmp_path: Path) -> None:
    LogStore(tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_row_can_be_read_at_once(tmp_path: Path) -> None:
    async def work(store: LogStore) -> Any:
        store.put(row(log_id="a"))
        return await store.get("a"), await store.get("b")

    found, missing = using(tmp_path, work)
    assert found["cost"] == 0.25
    assert missing is None


def test_a_row_is_written_without_being_asked_for(tmp_path: Path) -> None:
    async def work(store: LogStore) -> None:
        store.put(row(log_id="a"))
        await asyncio.wait_for(written(tmp_path, 1), 20)
        store.put(row(log_id="b"))
        await asyncio.wait_for(written(tmp_path, 2), 20)

    using(tmp_path, work)


def test_closing_loses_nothing_and_it_opens_again(tmp_path: Path) -> None:
    async def work(store: LogStore) -> None:
        for n in range(2000):
            store.put(row(log_id=str(n)))
        await store.aclose()
        assert len(ids(tmp_path)) == 2000
        store.put(row(log_id="again"))

    using(tmp_path, work)
    assert len(ids(tmp_path)) == 2001


def test_another_loop_may_take_over(tmp_path: Path) -> None:
    store = LogStore(tmp_path)

    async def put(name: str) -> None:
        store.put(row(log_id=name))

    asyncio.run(put("a"))  # the loop ends before its rows are due

    async def put_and_wait() -> None:
        await put("b")
        await asyncio.wait_for(written(tmp_path, 2), 20)
        await store.aclose()

    asyncio.run(put_and_wait())
    assert ids(tmp_path) == {"a", "b"}


def test_a_cancelled_write_is_made_up_for(tmp_path: Path) -> None:
    async def work(store: LogStore) -> None:
        for n in range(500):
            store.put(row(log_id=str(n)))
            flushing = asyncio.create_task(store.flush())
            await asyncio.sleep(0)
            flushing.cancel()

    using(tmp_path, work)
    assert len(ids(tmp_path)) == 500


def test_a_row_that_does_not_fit_does_not_keep_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(store: LogStore) -> None:
        store.put({**row(log_id="bad"), "prompt_version_number": 2**70})
        store.put(row({"metadata": {"k": "v"}}, log_id="good"))

    using(tmp_path, work)
    assert ids(tmp_path) == {"good"}
    assert "bad cannot be kept" in caplog.text


def test_rows_written_together_keep_what_each_has(tmp_path: Path) -> None:
    own: list[dict[str, Any]] = [
        {"stream": True, "note": "one"},
        {"stream": False, "error_code": "busy", "properties": "{}"},
        {"stream": None, "time_to_first_token": 0.0},
    ]
    rows = {str(n): {**row(log_id=str(n)), **own[n % len(own)]} for n in range(100)}

    async def work(store: LogStore) -> None:
        for each in rows.values():
            store.put(each)
        for read in await store.list(LogQuery()):
            each = rows[read["unique_id"]]
            assert read == {name: each[name] for name in COLUMNS}

    using(tmp_path, work)


def test_rows_wait_until_the_file_can_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs.db").write_bytes(b"this is no database, but somebody's file" * 99)

    async def work(store: LogStore) -> None:
        store.put(row(log_id="a"))
        for _ in range(3):
            with pytest.raises(ConfigError, match="cannot be used"):
                await store.get("a")
        (tmp_path / "logs.db").unlink()
        assert await store.get("a") is not None

    with caplog.at_level(logging.WARNING):
        using(tmp_path, work)
    assert caplog.text.count("its log cannot be written") == 1


def test_memory_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        store = LogStore(tmp_path, most_rows=5)
        for n in range(20):
            store.put(row(log_id=str(n)))
        await store.aclose()

    asyncio.run(work())
    assert ids(tmp_path) == {str(n) for n in range(15, 20)}
    assert caplog.text.count("the oldest rows") == 1


def test_a_row_put_twice_takes_its_room_once(tmp_path: Path) -> None:
    half = "x" * (130 * 2**20)

    async def work(store: LogStore) -> None:
        store.put(row(log_id="other"))
        for _ in range(3):
            store.put({**row(log_id="a"), "full_response": half})
        store.put({**row(log_id="a"), "full_response": "small"})

    using(tmp_path, work)
    assert ids(tmp_path) == {"other", "a"}


def test_a_row_put_while_it_is_closed_is_written_at_the_end(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
sys.path[:0] = {sys.path!r}
from gateway_log_rows import row
from respan_lab.gateway.store.log_columns import COLUMNS
from respan_lab.gateway.store.logs import LogStore
from respan_lab.transport import run

store = LogStore(Path({str(tmp_path)!r}))

async def work():
    store.put(row(log_id="a"))
    closing = asyncio.create_task(store.aclose())
    while store._waiting:
        await asyncio.sleep(0)
    store.put(row(log_id="b"))
    await closing

run(work())
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert ids(tmp_path) == {"a", "b"}


def test_reading_names_columns_order_and_part(tmp_path: Path) -> None:
    async def work(store: LogStore) -> Any:
        for n in range(5):
            store.put(row(log_id=str(n), cost=float(n)))
        query = LogQuery(
            "cost > ?", [0], "cost DESC", limit=2, offset=1, columns=["unique_id"]
        )
        return await store.list(query)

    assert using(tmp_path, work) == [{"unique_id": "3"}, {"unique_id": "2"}]


def child(script: str, home: Path) -> subprocess.Popen[str]:
    preamble = """
    import os, signal, sys, time
    import respan_lab as lab

    gateway = lab.Gateway(home=sys.argv[1], sim_time_scale=0)
    client = lab.Client(gateway=gateway)

    def call(n):
        print(client.chat(f"Hi {n}", model="sim/small").log_id, flush=True)
    """
    source = textwrap.dedent(preamble) + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", source, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_ends_right_after_its_calls_loses_nothing(
    tmp_path: Path,
) -> None:
    with child("for n in range(20): call(n)", tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert err == ""
    assert ids(tmp_path) == set(out.split())
    assert len(ids(tmp_path)) == 20


def test_calls_that_are_cut_off_by_the_end_are_written(tmp_path: Path) -> None:
    script = """
    import socket, threading

    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    hanging = {"up": {"base_url": url, "models": ["a"]}}
    gateway = lab.Gateway(home=sys.argv[1], providers=hanging)
    client = lab.Client(gateway=gateway)
    work = lambda: client.chat("Hi", model="up/a")
    for _ in range(5):
        threading.Thread(target=work, daemon=True).start()
    callers = [server.accept()[0] for _ in range(5)]
    for caller in callers:
        caller.recv(1)
    sys.exit(0)
    """
    with child(script, tmp_path) as process:
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(ids(tmp_path)) == 5


def test_an_exit_in_the_middle_of_an_error_loses_nothing(tmp_path: Path) -> None:
    with child("call(0); sys.exit('stop')", tmp_path) as process:
        out, err = process.communicate(timeout=60)
    assert err == "stop\n"
    assert ids(tmp_path) == set(out.split()) != set()


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_loses_its_last_moment_at_most(
    tmp_path: Path, way: signal.Signals
) -> None:
    # A tenth of a second is enough on a machine that does nothing else.
    script = f"""
    for n in range(20): call(n)
    time.sleep(0.5)
    os.kill(os.getpid(), {int(way)})
    """
    with child(script, tmp_path) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == -way
    assert ids(tmp_path) == set(out.split())
    assert len(ids(tmp_path)) == 20
