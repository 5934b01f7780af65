"""A server that takes a known time: `python -m bench.stub --service 0.2`.

It speaks just enough HTTP to be called by every contender, at a cost far below the
cheapest of them, so that what is measured is the contender. It counts its calls, how
many were in flight at most, and how long it really took.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any, cast

from .answers import Part, answer_parts
from .figures import percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Counts", "read_counts", "running_stub", "set_service"]

_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"


class Counts:
    """What the stub saw since it was last asked.

    Attributes:
        numbered: How many requests there ever were.
    """

    def __init__(self) -> None:
        self.numbered = 0
        self._in_flight = 0
        self._begin()

    def _begin(self) -> None:
        self._peak = self._in_flight
        self._took: list[float] = []
        self._cpu = time.process_time()

    def enter(self) -> int:
        """Count a request that has arrived whole; returns its number."""
        self.numbered += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        return self.numbered

    def leave(self, took: float | None) -> None:
        """Count its end; `took` is in seconds, None if the caller hung up."""
        self._in_flight -= 1
        if took is not None:
            self._took.append(took)

    def take(self) -> dict[str, Any]:
        """The counts, which begin anew."""
        counts = {
            "calls": len(self._took),
            "peak_in_flight": self._peak,
            "service_p50": percentile(self._took, 50),
            "service_p95": percentile(self._took, 95),
            "cpu": time.process_time() - self._cpu,
        }
        self._begin()
        return counts


class Service:
    """How many seconds an answer takes, which may be changed at any time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Conversation(asyncio.Protocol):
    """One connection: a request, its answer, and so on."""

    def __init__(self, service: Service, counts: Counts) -> None:
        self._service = service
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._next: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is still due."""
        if self._next is not None:
            self._next.cancel()
            self._counts.leave(None)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there whole."""
        self._received += data
        while True:
            head, found, rest = self._received.partition(b"\r\n\r\n")
            length = _content_length(head)
            if not found or len(rest) < length:
                return
            self._received = rest[length:]
            self._answer(head, rest[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST "):
            started, number = self._loop.time(), self._counts.enter()
            self._write_next(answer_parts(body, number), started)
        elif head.startswith(b"GET /stats "):
            self._tell(self._counts.take())
        elif head.startswith(b"PUT /service "):
            self._service.seconds = json.loads(body)
            self._tell(self._service.seconds)
        else:
            self._transport.write(_NOT_FOUND)

    def _tell(self, value: Any) -> None:
        content = json.dumps(value).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content)
        self._transport.write(head + content)

    def _write_next(self, parts: list[Part], started: float) -> None:
        due = started + parts[0].at * self._service.seconds
        self._next = self._loop.call_at(due, self._write, parts, started)

    def _write(self, parts: list[Part], started: float) -> None:
        self._transport.write(parts.pop(0).data)
        if parts:
            self._write_next(parts, started)
        else:
            self._next = None
            self._counts.leave(self._loop.time() - started)


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve(service: float) -> None:
    """Serve until the process ends; the first line printed is the address."""
    told, counts = Service(service), Counts()
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(told, counts), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def running_stub(service: float) -> Iterator[str]:
    """Run the stub in a process of its own.

    Args:
        service: Seconds each answer takes.

    Yields:
        Its address.
    """
    command = [sys.executable, "-m", "bench.stub", "--service", str(service)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # it is a pipe
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def read_counts(url: str) -> dict[str, Any]:
    """What the stub saw since the last reading; see `Counts.take`."""
    with urllib.request.urlopen(f"{url}/stats", timeout=10) as answer:
        return cast("dict[str, Any]", json.load(answer))


def set_service(url: str, seconds: float) -> None:
    """Have the stub take so many seconds for each answer from now on."""
    request = urllib.request.Request(
        f"{url}/service", json.dumps(seconds).encode(), method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", type=float, default=0.2, help="seconds")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().service))
