from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading

import pytest

from respan_lab.transport import hop, run, submit
from respan_lab.transport.background import process
from respan_lab.transport.loop import is_loop_thread


async def _where() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    return asyncio.get_running_loop(), threading.current_thread()


async def _fail() -> None:
    raise KeyError("the work's own")


class Work:
    """A call that never ends by itself and says what becomes of it."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.was_cancelled = threading.Event()

    async def __call__(self) -> None:
        self.has_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise


def test_all_ways_lead_to_the_same_loop_in_a_daemon_thread() -> None:
    loop, thread = run(_where())
    assert thread.daemon
    assert thread is not threading.current_thread()
    assert submit(_where()).result() == (loop, thread)
    assert asyncio.run(hop(_where())) == (loop, thread)


def test_run_works_while_another_loop_runs_in_the_thread() -> None:
    async def cell() -> str:
        return run(asyncio.sleep(0, "answer"))

    assert asyncio.run(cell()) == "answer"


def test_run_works_from_many_threads_at_once() -> None:
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        results = pool.map(lambda n: run(asyncio.sleep(0, n)), range(200))
        assert list(results) == list(range(200))


def test_run_on_the_loop_itself_says_what_to_do_instead() -> None:
    async def wrong() -> None:
        assert is_loop_thread()
        run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="use the async form"):
        run(wrong())


@pytest.mark.parametrize("way", ["run", "submit", "hop"])
def test_the_works_own_error_arrives(way: str) -> None:
    ways = {
        "run": lambda: run(_fail()),
        "submit": lambda: submit(_fail()).result(),
        "hop": lambda: asyncio.run(hop(_fail())),
    }
    with pytest.raises(KeyError, match="the work's own"):
        ways[way]()


def test_hop_on_the_loop_itself_just_awaits() -> None:
    async def nested() -> tuple[object, object]:
        return asyncio.current_task(), await hop(_task())

    async def _task() -> object:
        return asyncio.current_task()

    outer, inner = run(nested())
    assert outer is inner


def test_hops_keep_their_own_results_and_contexts() -> None:
    name: contextvars.ContextVar[int] = contextvars.ContextVar("name")

    async def work(n: int) -> tuple[int, int]:
        await asyncio.sleep(0)
        return n, name.get()

    async def call(n: int) -> tuple[int, int]:
        name.set(n)
        return await hop(work(n))

    async def fan_out() -> list[tuple[int, int]]:
        return await asyncio.gather(*(call(n) for n in range(500)))

    assert asyncio.run(fan_out()) == [(n, n) for n in range(500)]


def test_a_burst_of_hops_wakes_the_other_side_once() -> None:
    started: list[int] = []

    async def work(gate: asyncio.Event) -> int:
        started.append(1)
        await gate.wait()
        return len(started)

    async def fan_out() -> list[int]:
        gate = run(_gate())
        calls = asyncio.gather(*(hop(work(gate)) for _ in range(50)))
        await asyncio.sleep(0)  # every call is on its way now
        await hop(_open(gate))
        return await calls

    async def _gate() -> asyncio.Event:
        return asyncio.Event()

    async def _open(gate: asyncio.Event) -> None:
        gate.set()

    # One that was sent later finds all the others begun: they came in one delivery.
    assert asyncio.run(fan_out()) == [50] * 50


def test_cancelling_a_hop_cancels_the_work_and_waits_for_its_end() -> None:
    work = Work()

    async def go() -> None:
        call = asyncio.create_task(hop(work()))
        await asyncio.to_thread(work.has_begun.wait)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert work.was_cancelled.is_set()

    asyncio.run(go())


def test_a_hop_cancelled_at_once_is_not_begun_or_ended() -> None:
    work = Work()

    async def go() -> None:
        call = asyncio.create_task(hop(work()))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(go())
    assert work.has_begun.is_set() == work.was_cancelled.is_set()


def test_work_that_is_cancelled_cancels_who_awaits_it() -> None:
    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def go() -> None:
        with pytest.raises(asyncio.CancelledError):
            await hop(cancels_itself())

    asyncio.run(go())
    with pytest.raises(concurrent.futures.CancelledError):
        run(cancels_itself())


def test_cancelling_a_submitted_future_cancels_the_work() -> None:
    work = Work()
    future = submit(work())
    assert work.has_begun.wait(30)
    assert future.cancel()
    assert work.was_cancelled.wait(30)


def test_a_loop_that_ended_in_the_middle_of_a_hop_harms_nobody() -> None:
    work = Work()
    loop = asyncio.new_event_loop()
    call = loop.create_task(hop(work()))
    while not work.has_begun.is_set():
        loop.run_until_complete(asyncio.sleep(0))
    call.cancel()
    loop.run_until_complete(asyncio.gather(call, return_exceptions=True))
    loop.close()
    assert run(asyncio.sleep(0, "still here")) == "still here"


def test_work_that_wants_to_exit_ends_alone() -> None:
    async def exits() -> None:
        raise SystemExit(3)

    other = submit(asyncio.sleep(0, "unharmed"))
    with pytest.raises(SystemExit):
        run(exits())
    assert other.result() == "unharmed"
    assert run(asyncio.sleep(0, "runs on")) == "runs on"


def test_closers_are_called_once_and_can_be_withdrawn() -> None:
    from respan_lab.transport.loop import at_exit, not_at_exit

    async def close() -> None: ...

    at_exit(close)
    assert process.background is not None
    assert close in process.background.closers
    not_at_exit(close)
    not_at_exit(close)
    assert close not in process.background.closers
