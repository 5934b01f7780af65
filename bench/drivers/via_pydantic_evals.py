"""pydantic-evals over the official openai SDK: a dataset of cases and its report."""

from __future__ import annotations

import asyncio
from typing import Any

from crowd import MODEL, Stopwatch, Task, prompt, report, task
from openai import AsyncOpenAI
from pydantic_evals import Case, Dataset
from pydantic_evals.reporting import EvaluationReport


async def run(client: AsyncOpenAI, given: Task, numbers: range) -> EvaluationReport:
    async def ask(text: str) -> tuple[str, int]:
        messages = [{"role": "user", "content": text}]
        done = await client.chat.completions.create(model=MODEL, messages=messages)
        return done.choices[0].message.content, done.usage.total_tokens

    cases = [Case(name=str(number), inputs=prompt(number)) for number in numbers]
    return await Dataset(name="bench", cases=cases).evaluate(
        ask, max_concurrency=given.in_flight, progress=False
    )


async def measured(given: Task) -> dict[str, Any]:
    client = AsyncOpenAI(api_key="none", base_url=f"{given.url}/v1", max_retries=0)
    async with client:
        await run(client, given, range(-given.warm_up, 0))
        watch = Stopwatch()
        told = await run(client, given, range(given.calls))
        spent = watch.read()
    return {
        **spent,
        "answered": sum(bool(c.output[0] and c.output[1] > 0) for c in told.cases),
        "priced": 0,
        "clocked": [],
        "latencies": [case.task_duration for case in told.cases],
        "queue_times": [],
    }


if __name__ == "__main__":
    report(asyncio.run(measured(task())), "pydantic-evals", "openai")
