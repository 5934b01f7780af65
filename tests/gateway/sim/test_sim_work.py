"""No request may keep a simulated model, and so the whole gateway, busy."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from respan_lab.gateway.providers import ProviderCall
from respan_lab.gateway.providers.simulated import SimulatedProvider
from respan_lab.gateway.providers.simulated.answer import Choice
from respan_lab.gateway.providers.simulated.pace import Pace, paced
from respan_lab.gateway.providers.simulated.reading import read
from respan_lab.gateway.providers.simulated.schema import fill
from respan_lab.gateway.providers.simulated.work import (
    MAX_WORK,
    RefusedError,
    Work,
    spend,
    weigh,
)
from respan_lab.gateway.providers.simulated.writer import Writer

MANY = 1_000_000
LONG = "I paid 12 euros for parcel K-2041 on Monday. " * 440  # all that is read of it


def ask(
    *, model: str = "small", stream: bool = False, **params: Any
) -> tuple[int, dict[str, Any]]:
    asked = [{"role": "user", "content": "Where is my parcel?"}]
    body = {"model": model, "messages": asked, **params}
    call = ProviderCall(model, body, stream, random.Random(0).random)
    functions = {"echo": lambda messages, **params: "hi"}
    provider = SimulatedProvider(functions, seed=1, time_scale=0)

    async def sent() -> tuple[int, bytes]:
        answer = await provider.send(call)
        return answer.status_code, b"".join([chunk async for chunk in answer.body])

    status, content = asyncio.run(sent())
    return status, {} if stream and status == 200 else json.loads(content)


def by_schema(schema: Any) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {"response_format": form}


def users(*texts: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text} for text in texts]}


def nested_arrays() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(6):
        schema = {"type": "array", "minItems": MANY, "items": schema}
    return schema


def at_every(schema: Any) -> dict[str, Any]:
    """The same part at many places, so that it is written once and read often."""
    places = {f"p{at}": {"$ref": "#/$defs/x"} for at in range(2000)}
    return {"$defs": {"x": schema}, "properties": places}


def tools(n: int) -> list[dict[str, Any]]:
    made = ({"name": f"f{at}", "description": "Tracks it"} for at in range(n))
    return [{"type": "function", "function": each} for each in made]


def refused(field: str, **params: Any) -> bool:
    status, payload = ask(**params)
    said = payload.get("error", {}).get("message", "")
    return status == 400 and f"`{field}` takes more" in said and str(MAX_WORK) in said


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 10**9},
        {
            "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}},
            "required": ["a", "b"],
        },
        nested_arrays(),
        {"enum": [f"option {at}" for at in range(100_000)]},
        {"properties": {f"p{at}": {} for at in range(100_000)}},
        {"type": "object", "required": ["a"] * MANY},
        {"properties": {"a_" * MANY: {}}},
        {"allOf": [{"properties": {f"p{at}": {}}} for at in range(2000)]},
        at_every({"const": "x" * 10_000}),
        at_every({"properties": {"k" * 1000: {"type": "boolean"}}}),
        at_every({"type": "number", "minimum": 10**4000}),
        at_every({"type": ["null"] * 10_000}),
        at_every({"anyOf": [{"type": "null"}] * 10_000}),
        at_every({"$ref": "#/" + "a/" * 10_000}),
        {"type": "array", "items": {"const": "x" * 100_000}, "minItems": 100},
        {"type": "array", "items": {"enum": ["x" * 100_000]}, "minItems": 100},
        {
            "type": "array",
            "items": {"enum": ["x" * 100_000]},
            "minItems": 100,
            "uniqueItems": True,
        },
    ],
)
def test_a_schema_has_a_bound(schema: Any) -> None:
    assert refused("response_format", **by_schema(schema))
    function = {"name": "f", "parameters": schema}
    offered = [{"type": "function", "function": function}]
    assert refused("tools", tools=offered, tool_choice="required")


@pytest.mark.parametrize(
    ("field", "params"),
    [
        ("messages", users("x" * 60_000_000)),
        ("messages", users("é" * MANY)),
        ("messages", users(*["hm"] * MANY)),
        ("messages", users("- one of\n" * 2000)),
        ("messages", users("one of " * 2900)),
        ("messages", users("A:b|c\n" * 3000)),
        ("stop", {"stop": ["a"] * MANY}),
        ("tools", {"tools": tools(100_000)}),
        ("tools", {"tools": tools(9000), "tool_choice": "required"}),
        ("logit_bias", {"logit_bias": {str(at): 1 for at in range(MANY)}}),
        ("metadata", {"metadata": {"a": [10**4000] * 5000}}),
        ("n", {**users("x" * 200_000), "n": 128}),
        ("response_format", {**by_schema({"minLength": 90_000, "type": "string"})}),
    ],
)
def test_every_field_has_a_bound(field: str, params: dict[str, Any]) -> None:
    is_streamed = field == "response_format"  # each token takes an event
    assert refused(field, stream=is_streamed, **params)


def test_a_flaky_model_and_a_function_have_it_too() -> None:
    for model in ("flaky", "echo"):
        assert refused("messages", model=model, **users("x" * 60_000_000))


@pytest.mark.parametrize(
    "params",
    [
        {"max_tokens": 10**12},
        {"n": 128},
        {**users(LONG), "n": 20},
        users(*[LONG] * 25),
        users("x" * MANY),
        by_schema({"type": "string", "pattern": "(a+)+$"}),
        by_schema({"type": "array", "items": {"type": "integer"}, "minItems": MANY}),
        by_schema({"enum": [f"option {at}" for at in range(1000)]}),
        {
            **users(LONG),
            **by_schema({"properties": {f"p{at}": {} for at in range(99)}}),
        },
        {"tools": tools(1000), "tool_choice": "required"},
        {"stop": [f"mark {at}" for at in range(100)]},
    ],
)
def test_what_is_merely_large_is_answered(params: dict[str, Any]) -> None:
    assert ask(**params)[0] == 200


def test_a_picture_may_be_large() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:" + "x" * 5_000_000}}
    messages = [{"role": "user", "content": [picture]}]
    assert ask(messages=messages)[0] == 200


def test_no_message_is_endless() -> None:
    named = {"type": "function", "function": {"name": "x" * 100_000}}
    status, payload = ask(tools=tools(1), tool_choice=named)
    assert status == 400
    assert len(payload["error"]["message"]) <= 1000


def test_the_count_is_of_all_together() -> None:
    work = Work()
    with work.going_on():
        spend(MAX_WORK - 10)
    with work.going_on(), pytest.raises(RefusedError, match="messages"):
        spend(11)
    spend(MAX_WORK * 2)  # nothing is counted outside a request


def test_nested_values_are_weighed_without_recursion() -> None:
    value: Any = "x"
    for _ in range(100_000):
        value = [value]
    work = Work()
    with work.going_on():
        weigh(value)
    assert 100_000 < work.done < MAX_WORK


def test_a_long_subject_is_read_once_for_all_fields() -> None:
    def done(n: int) -> int:
        work = Work()
        schema = {"properties": {f"p{at}": {"type": "string"} for at in range(n)}}
        with work.going_on():
            reading = read(users(LONG)["messages"])
            fill(schema, Writer(reading, is_right=True, random=random.Random(0)))
        return work.done

    assert done(100) - done(50) < 50 * len(LONG)


def test_the_last_instructions_are_read_when_there_are_many() -> None:
    told = "The intent is one of: refund, delivery.\n\nText: Where is it?"
    reading = read(users(*[LONG] * 50, told)["messages"])
    assert reading.options == {"intent": ("refund", "delivery")}


def test_many_events_that_are_due_together_let_others_have_a_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def pieces() -> list[bytes]:
        task = asyncio.create_task(others())
        events = ((number, b"x") for number in range(1000))
        pace = Pace(0.0, 0.0, 1000)
        given = [piece async for piece in paced(events, pace, start=0.0, scale=0)]
        task.cancel()
        return given

    assert [len(piece) for piece in asyncio.run(pieces())] == [256, 256, 256, 232]
    assert turns >= 3


def test_marks_are_counted_before_they_are_looked_for() -> None:
    work = Work()
    with work.going_on():
        Choice.of("a text", {"stop": ["x"] * 100}, random=random.Random(0))
    assert work.field == "stop"
    assert work.done >= 100
