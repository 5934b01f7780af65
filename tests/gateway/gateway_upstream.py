"""A provider's server, as far as the gateway's tests need one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from respan_lab.transport import run


class Seen(NamedTuple):
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class Reply:
    """The server's side of one exchange."""

    def __init__(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.seen = seen
        self._reader = reader
        self._writer = writer

    async def head(self, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {said}" for name, said in headers.items()]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def json(self, payload: Any, status: int = 200, **headers: str) -> None:
        content = json.dumps(payload).encode()
        length = str(len(content))
        await self.head(
            status,
            content_type="application/json",
            content_length=length,
            **headers,
        )
        await self.send(content)

    async def events(self, *payloads: Any) -> None:
        await self.head(content_type="text/event-stream")
        for payload in payloads:
            await self.event(payload)

    async def event(self, payload: Any) -> None:
        data = payload if isinstance(payload, str) else json.dumps(payload)
        await self.send(f"data: {data}\n\n".encode())

    async def next_request(self) -> None:
        """Read another request on the same connection, which `seen` does not tell."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        await self._reader.readexactly(int(length or 0))

    async def until_gone(self) -> None:
        """Wait until the caller has hung up."""
        while await self._reader.read(1000):
            pass


Answer = Callable[[Reply], Awaitable[None]]


class Upstream:
    """A server on loopback whose answers are functions of a `Reply`."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or say("hello")
        self.seen: list[Seen] = []
        self.gone = threading.Event()
        self._server = run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        run(self._close())

    async def _close(self) -> None:
        self._server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            pairs = (line.split(": ", 1) for line in lines)
            headers = {name.lower(): value for name, value in pairs}
            content = await reader.readexactly(int(headers.get("content-length", 0)))
            seen = Seen(first.split()[1], headers, content)
            self.seen.append(seen)
            await self.answer(Reply(seen, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def completion(text: str = "hello", *, model: str = "up-1", **more: Any) -> Any:
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
        **more,
    }


def delta(text: str | None = None, *, finish: str | None = None) -> Any:
    content = {} if text is None else {"content": text}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "up-1",
        "choices": [{"index": 0, "delta": content, "finish_reason": finish}],
    }


def usage_chunk() -> Any:
    usage = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
    return {**delta(), "choices": [], "usage": usage}


def say(*texts: str) -> Answer:
    """Answer with a text, in as many pieces as given when it is to be streamed."""

    async def answer(reply: Reply) -> None:
        if not reply.seen.body.get("stream"):
            await reply.json(completion("".join(texts)))
            return
        await reply.events(*(delta(text) for text in texts))
        await reply.event(delta(finish="stop"))
        if (reply.seen.body.get("stream_options") or {}).get("include_usage"):
            await reply.event(usage_chunk())
        await reply.event("[DONE]")

    return answer
