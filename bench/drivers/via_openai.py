"""The official openai SDK; it tells no cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crowd import MODEL, Answer, Ask, Task, compete
from openai import AsyncOpenAI


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Ask]:
    client = AsyncOpenAI(api_key="none", base_url=f"{task.url}/v1", max_retries=0)

    async def ask(prompt: str) -> Answer:
        messages = [{"role": "user", "content": prompt}]
        done = await client.chat.completions.create(model=MODEL, messages=messages)
        return Answer(done.choices[0].message.content, done.usage.total_tokens)

    async def ask_streamed(prompt: str) -> Answer:
        chunks = await client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            stream_options={"include_usage": True},
        )
        texts, tokens = [], 0
        async for chunk in chunks:
            if chunk.choices:
                texts.append(chunk.choices[0].delta.content or "")
            if chunk.usage:
                tokens = chunk.usage.total_tokens
        return Answer("".join(texts), tokens)

    async with client:
        yield ask_streamed if task.stream else ask


if __name__ == "__main__":
    compete(connect, "openai", "httpx2")
