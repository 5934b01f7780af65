"""httpx by hand, over its stock transport or over aiohttp (`TRANSPORT=aiohttp`)."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from crowd import MODEL, Answer, Ask, Task, compete

TIMEOUT = httpx.Timeout(600)


def transport(in_flight: int) -> httpx.AsyncBaseTransport:
    if os.environ.get("TRANSPORT") == "aiohttp":
        from httpx_aiohttp import AiohttpTransport

        limits = httpx.Limits(max_connections=in_flight)
        return AiohttpTransport(limits=limits)
    # As many connections as callers: the default of 100 would queue the others.
    limits = httpx.Limits(
        max_connections=in_flight, max_keepalive_connections=in_flight
    )
    return httpx.AsyncHTTPTransport(limits=limits)


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Ask]:
    client = httpx.AsyncClient(transport=transport(task.in_flight), timeout=TIMEOUT)
    url = f"{task.url}/v1/chat/completions"

    async def ask(prompt: str) -> Answer:
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}
        done = (await client.post(url, json=body)).raise_for_status().json()
        text = done["choices"][0]["message"]["content"]
        return Answer(text, done["usage"]["total_tokens"])

    async def ask_streamed(prompt: str) -> Answer:
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        texts, tokens = [], 0
        async with client.stream("POST", url, json=body) as response:
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk = json.loads(line[6:])
                if chunk["choices"]:
                    texts.append(chunk["choices"][0]["delta"].get("content") or "")
                if chunk.get("usage"):
                    tokens = chunk["usage"]["total_tokens"]
        return Answer("".join(texts), tokens)

    async with client:
        yield ask_streamed if task.stream else ask


if __name__ == "__main__":
    compete(connect, "httpx", "httpx-aiohttp", "aiohttp")
