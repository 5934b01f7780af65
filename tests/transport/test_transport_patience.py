"""One timer for all waits: each ends in its own time, and no other."""

from __future__ import annotations

import asyncio

import pytest

from respan_lab.transport.patience import Patience

SOON, LATER, NEVER = 0.01, 0.03, 60.0


class Answer:
    """Something that is waited for."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.news: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def wait(self, seconds: float | None) -> str:
        return await self._patience.wait(self.news, seconds, self.give_up)

    def give_up(self) -> None:
        self.news.set_exception(TimeoutError)


async def outcomes(*waits: float | None) -> list[str]:
    """Wait for answers that never come, and say in which order they are given up."""
    patience = Patience()
    order: list[str] = []

    async def one(seconds: float | None) -> None:
        try:
            await Answer(patience).wait(seconds)
        except TimeoutError:
            order.append(str(seconds))

    tasks = [asyncio.create_task(one(seconds)) for seconds in waits]
    await asyncio.wait(
        [t for t, s in zip(tasks, waits, strict=True) if s in (SOON, LATER)]
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    patience.stop()
    return order


@pytest.mark.parametrize(
    "waits", [(SOON, LATER), (LATER, SOON), (NEVER, LATER, SOON, None)]
)
def test_each_wait_ends_in_its_own_time(waits: tuple[float | None, ...]) -> None:
    assert asyncio.run(outcomes(*waits)) == [str(SOON), str(LATER)]


def test_waits_that_are_due_together_end_together() -> None:
    assert asyncio.run(outcomes(SOON, SOON, SOON)) == [str(SOON)] * 3


def test_an_answer_ends_its_wait_alone() -> None:
    async def scene() -> str:
        patience = Patience()
        answered, silent = Answer(patience), Answer(patience)
        answered.news.set_result("here")
        said = await answered.wait(SOON)
        with pytest.raises(TimeoutError):
            await silent.wait(LATER)
        return said

    assert asyncio.run(scene()) == "here"


def test_an_answer_may_be_waited_for_again() -> None:
    async def scene() -> None:
        patience = Patience()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await Answer(patience).wait(SOON)

    asyncio.run(scene())
