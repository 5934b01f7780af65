"""litellm, with the cost it computes from its own price list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import litellm
from crowd import MODEL, Answer, Ask, Task, compete

litellm.suppress_debug_info = True


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Ask]:
    asked = {"model": f"openai/{MODEL}", "api_key": "none", "max_retries": 0}
    asked["api_base"] = f"{task.url}/v1"

    async def ask(prompt: str) -> Answer:
        messages = [{"role": "user", "content": prompt}]
        done = await litellm.acompletion(messages=messages, **asked)
        # What it has computed by itself; asking again would count its work twice.
        cost = done._hidden_params.get("response_cost")
        if cost is None:
            cost = litellm.completion_cost(done)
        return Answer(done.choices[0].message.content, done.usage.total_tokens, cost)

    async def ask_streamed(prompt: str) -> Answer:
        chunks = await litellm.acompletion(
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            stream_options={"include_usage": True},
            **asked,
        )
        done = litellm.stream_chunk_builder([chunk async for chunk in chunks])
        cost = litellm.completion_cost(done, model=asked["model"])
        return Answer(done.choices[0].message.content, done.usage.total_tokens, cost)

    yield ask_streamed if task.stream else ask  # it has nothing to close


if __name__ == "__main__":
    compete(connect, "litellm", "aiohttp")
