"""Ours, by hand: `await client.achat(...)`.

With `EMBEDDED` in the environment the same calls go through the embedded gateway, its
log on, as it is by default.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from crowd import MODEL, PRICE, Answer, Ask, Task, compete

import respan_lab as lab


@asynccontextmanager
async def clients(task: Task) -> AsyncIterator[tuple[lab.Client, str]]:
    """A client, and what it calls the model."""
    if not os.environ.get("EMBEDDED"):
        async with lab.Client(base_url=task.url) as client:
            yield client, MODEL
        return
    model = f"stub/{MODEL}"
    with TemporaryDirectory() as home:
        gateway = lab.Gateway(
            home=home,
            providers={"stub": {"base_url": f"{task.url}/v1"}},
            prices={model: PRICE},
        )
        async with lab.Client(gateway=gateway) as client:
            yield client, model
        gateway.close()


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Ask]:
    def looked_at(done: lab.Completion) -> Answer:
        tokens = done.usage.total_tokens or 0
        return Answer(done.text, tokens, done.cost, done.latency, done.queue_time)

    async def ask(prompt: str) -> Answer:
        return looked_at(await client.achat(prompt, model=model))

    async def ask_streamed(prompt: str) -> Answer:
        stream = client.astream(
            prompt, model=model, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            chunk.text  # noqa: B018  # looked at, as the others do
        return looked_at(stream.completion)

    async with clients(task) as (client, model):
        yield ask_streamed if task.stream else ask


if __name__ == "__main__":
    compete(connect, "respan-lab", "aiohttp")
