"""Gateways are closed at the end of a block, or when nobody has them any more."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from pathlib import Path

import respan_lab as lab
from respan_lab.gateway import Gateway

KEY = "sk-planted-key"


def use(gateway: Gateway) -> None:
    client = lab.Client(gateway=gateway)
    for _ in range(2):
        client.chat("hi", model="sim/small", cache_enabled=True)


def new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    return {t for t in set(threading.enumerate()) - before if t.is_alive()}


def test_a_dropped_gateway_goes_with_its_threads(tmp_path: Path) -> None:
    with Gateway(home=tmp_path / "first") as gateway:
        use(gateway)  # what the process keeps is there now
    del gateway
    before = set(threading.enumerate())
    gone = [threading.Event() for _ in range(3)]
    for number, event in enumerate(gone):
        gateway = Gateway(home=tmp_path / f"{number}", sim_time_scale=0)
        weakref.finalize(gateway, event.set)
        use(gateway)
        del gateway
    while not all(event.wait(0.05) for event in gone):
        gc.collect()
    while threads := new_threads(before):  # the last rows are written first
        gc.collect()
        for thread in threads:
            thread.join(0.05)
    for number in range(3):
        with Gateway(home=tmp_path / f"{number}") as again:
            assert len(lab.Client(gateway=again).logs()) == 2


def test_a_block_closes_it(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Gateway(home=tmp_path, sim_time_scale=0) as gateway:
        use(gateway)

    async def work() -> None:
        async with Gateway(home=tmp_path, sim_time_scale=0) as other:
            await asyncio.to_thread(use, other)

    asyncio.run(work())
    for thread in new_threads(before):
        if thread.name.startswith(("respan-lab-logs", "respan-lab-cache")):
            thread.join(20)
            assert not thread.is_alive()


def test_showing_its_attributes_shows_no_key() -> None:
    entry = {"base_url": "http://127.0.0.1:9/v1", "api_key": KEY, "models": ["a"]}
    member = {"model": "openai/gpt-4o", "credentials": {"api_key": KEY}}
    gateway = Gateway(providers={"up": entry}, load_balance_groups={"g": [member]})
    assert KEY not in repr(vars(gateway))
    assert gateway.secrets.value == (KEY,)
