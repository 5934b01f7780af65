"""Ours, by hand: `await client.achat(...)`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crowd import MODEL, Answer, Ask, Task, compete

import respan_lab as lab


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Ask]:
    client = lab.Client(base_url=task.url)

    def looked_at(done: lab.Completion) -> Answer:
        tokens = done.usage.total_tokens or 0
        return Answer(done.text, tokens, done.cost, done.latency, done.queue_time)

    async def ask(prompt: str) -> Answer:
        return looked_at(await client.achat(prompt, model=MODEL))

    async def ask_streamed(prompt: str) -> Answer:
        stream = client.astream(
            prompt, model=MODEL, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            chunk.text  # noqa: B018  # looked at, as the others do
        return looked_at(stream.completion)

    async with client:
        yield ask_streamed if task.stream else ask


if __name__ == "__main__":
    compete(connect, "respan-lab", "aiohttp")
