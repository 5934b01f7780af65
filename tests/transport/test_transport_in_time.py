"""Work that must not last longer: as `asyncio.timeout` has it, in every case."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from respan_lab.transport import in_time

SOON = 0.01


async def theirs(work: Awaitable[Any], seconds: float | None) -> Any:
    async with asyncio.timeout(seconds):
        return await work


both = pytest.mark.parametrize("within", [in_time, theirs])
Within = Callable[[Awaitable[Any], float | None], Awaitable[Any]]


@both
def test_what_is_done_in_time_gives_its_result(within: Within) -> None:
    assert asyncio.run(within(asyncio.sleep(0, 7), 60)) == 7  # type: ignore[arg-type]
    assert asyncio.run(within(asyncio.sleep(0, 7), None)) == 7  # type: ignore[arg-type]


@both
@pytest.mark.parametrize("seconds", [SOON, 0])
def test_what_lasts_too_long_is_cancelled(within: Within, seconds: float) -> None:
    async def scene() -> list[str]:
        said = []

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                said.append("cancelled")
                raise

        with pytest.raises(TimeoutError):
            await within(work(), seconds)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return said

    assert asyncio.run(scene()) == ["cancelled"]


@both
def test_who_cancels_the_task_has_the_last_word(within: Within) -> None:
    async def scene() -> None:
        begun = asyncio.Event()

        async def work() -> None:
            begun.set()
            await asyncio.Event().wait()

        async def outer() -> None:
            await within(work(), 60)

        task = asyncio.create_task(outer())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())


@both
def test_a_cancellation_during_the_clean_up_wins(within: Within) -> None:
    async def scene() -> None:
        cleaning = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cleaning.set()
                await asyncio.Event().wait()

        async def outer() -> None:
            await within(work(), SOON)

        task = asyncio.create_task(outer())
        await cleaning.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())


@both
def test_what_it_raises_is_raised(within: Within) -> None:
    async def work() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        asyncio.run(within(work(), 60))  # type: ignore[arg-type]


@both
def test_one_inside_another_ends_the_inner_one_alone(within: Within) -> None:
    async def inner() -> str:
        with pytest.raises(TimeoutError):
            await within(asyncio.Event().wait(), SOON)
        return "went on"

    assert asyncio.run(within(inner(), 60)) == "went on"  # type: ignore[arg-type]


def test_a_loop_that_is_over_is_let_go() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(in_time(asyncio.sleep(0), 600))
    loop.close()
    gone = weakref.ref(loop)
    del loop
    gc.collect()
    assert gone() is None
