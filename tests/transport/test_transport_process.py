"""What only a whole process can show: interrupts, forks, the interpreter's end."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap

import pytest
from stubs.http_stub import Reply, Request, Stub

_PREAMBLE = """
import asyncio, os, sys, threading
import httpx
from respan_lab.transport import OutgoingTransport, hop, run, submit

transport = OutgoingTransport()

async def call():
    request = httpx.Request("POST", sys.argv[1], content=b"{}")
    response = await transport.handle_async_request(request)
    return (await response.aread()).decode()

async def call_and_tell():
    try:
        return await call()
    finally:
        print("the work has ended", flush=True)
"""


async def _forever(request: Request) -> Reply:
    await asyncio.Event().wait()
    return Reply()


async def _answer(request: Request) -> Reply:
    return Reply(b"ok")


def _start(script: str, stub: Stub) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PREAMBLE + textwrap.dedent(script), stub.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(script: str, stub: Stub) -> tuple[int, str, str]:
    with _start(script, stub) as child:
        out, err = child.communicate(timeout=60)
    return child.returncode, out, err


@pytest.mark.parametrize("way", ["run(call_and_tell())", "asyncio.run(main())"])
def test_an_interrupt_ends_the_work_before_it_surfaces(way: str) -> None:
    script = f"""
    async def main():
        await asyncio.gather(*(hop(call_and_tell()) for _ in range(3)))

    try:
        {way}
    except KeyboardInterrupt:
        print("interrupted")
    """
    with Stub(_forever) as stub, _start(script, stub) as child:
        n_calls = 3 if "main" in way else 1
        stub.wait_for(lambda: len(stub.requests) == n_calls)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        assert out.splitlines() == ["the work has ended"] * n_calls + ["interrupted"]
        assert err == ""
        assert all(request.is_gone.wait(30) for request in stub.requests)


def test_the_interpreter_exits_cleanly_with_calls_in_flight() -> None:
    script = """
    futures = [submit(call()) for _ in range(20)]
    sys.stdin.readline()
    print("the last line")
    """
    with Stub(_forever) as stub, _start(script, stub) as child:
        stub.wait_for(lambda: len(stub.requests) == 20)
        out, err = child.communicate("\n", timeout=60)
    assert (child.returncode, out, err) == (0, "the last line\n", "")


def test_an_unclosed_transport_with_idle_connections_is_no_complaint() -> None:
    script = """
    print(run(call()), run(call()))
    """
    with Stub(_answer) as stub:
        assert _run(script, stub) == (0, "ok ok\n", "")
        assert stub.n_connections == 1


def test_work_that_resists_its_cancellation_does_not_hold_up_the_exit() -> None:
    script = """
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                print("no", flush=True)

    submit(stubborn())
    run(asyncio.sleep(0))
    """
    with Stub(_answer) as stub:
        assert _run(script, stub) == (0, "no\n", "")


def test_after_the_last_line_a_call_is_a_clear_error() -> None:
    script = """
    import atexit, respan_lab.transport.background as background

    background.process.end()
    try:
        run(call())
    except RuntimeError as error:
        print(error)
    """
    with Stub(_answer) as stub:
        code, out, err = _run(script, stub)
    assert (code, err) == (0, "")
    assert "shutting down" in out


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no fork on this system")
def test_a_fork_gets_a_loop_of_its_own_and_leaves_the_parents_alone() -> None:
    script = """
    print(run(call()), flush=True)
    child = os.fork()
    if child == 0:
        print("child", run(call()), flush=True)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    print("parent", run(call()))
    """
    with Stub(_answer) as stub:
        assert _run(script, stub) == (0, "ok\nchild ok\nparent ok\n", "")
        assert stub.n_connections == 2
