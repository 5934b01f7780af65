from __future__ import annotations

import asyncio
import functools
import json
import random
import threading
import time
from collections import Counter

import pytest

from respan_lab.errors import ConfigError
from respan_lab.gateway.providers import ProviderCall
from respan_lab.gateway.providers.simulated import SIM_PRICES, SimulatedProvider

TASK = "intent is one of: refund, delivery, cancel, damaged.\n\nText: "
MESSAGES = [{"role": "user", "content": TASK + "Where is my parcel?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_parcel",
            "description": "Track a parcel by its order",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string"}},
                "required": ["order"],
            },
        },
    },
    {"type": "function", "function": {"name": "pay_back", "description": "Money"}},
]


def call(model="small", *, stream=False, tag=None, draws=None, **params):
    body = {"model": model, "messages": MESSAGES, **params}
    numbers = random.Random(0) if draws is None else draws
    return ProviderCall(model, body, stream, numbers.random, custom_identifier=tag)


async def body_of(answer):
    return b"".join([chunk async for chunk in answer.body])


async def sent(provider, request):
    answer = await provider.send(request)
    return answer, await body_of(answer)


def ask_all(requests, *, functions=None, seed=1):
    provider = SimulatedProvider(functions, seed=seed, time_scale=0)

    async def in_order():
        return [await sent(provider, request) for request in requests]

    answers = asyncio.run(in_order())
    return [(answer, json.loads(body)) for answer, body in answers]


def ask(model="small", *, functions=None, seed=1, **request):
    (answer,) = ask_all([call(model, **request)], functions=functions, seed=seed)
    return answer


def text(model="small", **request):
    return ask(model, **request)[1]["choices"][0]["message"]["content"]


def test_the_models_are_listed_with_prices():
    cards = SimulatedProvider({"echo": lambda messages, **params: ""}).models()
    assert [card.id for card in cards] == ["small", "medium", "large", "flaky", "echo"]
    assert all(card.is_simulated and card.label == "simulated" for card in cards)
    assert cards[-1].price is None
    for card in cards[:-1]:
        price = SIM_PRICES[f"sim/{card.id}"]
        assert price == {
            "input": card.price.input,
            "output": card.price.output,
            "cached_input": card.price.cached_input,
        }


def test_a_plain_answer():
    answer, payload = ask("large")
    assert answer.status_code == 200
    assert payload["model"] == "large"
    assert payload["object"] == "chat.completion"
    assert payload["choices"][0]["message"]["content"] == "delivery"
    assert set(answer.declared) == {
        "latency",
        "time_to_first_token",
        "tokens_per_second",
    }
    assert answer.declared["time_to_first_token"] is None


def test_a_streamed_answer_says_the_same():
    plain = text("medium")
    provider = SimulatedProvider(seed=1, time_scale=0)
    request = call("medium", stream=True, stream_options={"include_usage": True})
    answer, body = asyncio.run(sent(provider, request))
    chunks = [
        json.loads(line.removeprefix("data: "))
        for line in body.decode().split("\n\n")
        if line and line != "data: [DONE]"
    ]
    deltas = [part["delta"].get("content") for c in chunks for part in c["choices"]]
    assert "".join(delta or "" for delta in deltas) == plain
    assert chunks[-1]["usage"]["completion_tokens"] > 0
    assert answer.declared["time_to_first_token"] > 0


def texts(n=60, *, seed=1, **request):
    requests = [call(tag=f"tag {index}", **request) for index in range(n)]
    answers = ask_all(requests, seed=seed)
    return [payload["choices"][0]["message"]["content"] for _, payload in answers]


def test_the_text_is_a_function_of_what_was_asked():
    assert texts() == texts()
    assert texts() != texts(seed=2)
    assert texts() != texts(model="medium")
    assert texts() != texts(top_p=0.5)
    assert len(set(texts())) > 1


def test_at_temperature_zero_the_identifier_does_not_matter():
    assert len(set(texts(temperature=0))) == 1
    assert len(set(texts(temperature=0.0, n=3))) == 1


def test_how_an_answer_is_sent_or_cut_does_not_change_it():
    for index in range(10):
        tag = f"tag {index}"
        whole = text(tag=tag)
        assert whole.startswith(text(tag=tag, max_tokens=1))
        _, payload = ask(tag=tag, n=2, logprobs=True, stop=["never said"])
        assert payload["choices"][0]["message"]["content"] == whole


def test_without_a_seed_texts_differ():
    assert len({text(seed=None, temperature=0) for _ in range(60)}) > 1


def test_several_choices():
    _, payload = ask(n=40)
    said = [choice["message"]["content"] for choice in payload["choices"]]
    assert len(said) == 40
    assert len(set(said)) > 1
    assert ask(n=1000)[0].status_code == 400


@pytest.mark.parametrize(
    ("model", "low", "high"),
    [("small", 0.58, 0.72), ("medium", 0.74, 0.86), ("large", 0.88, 0.96)],
)
def test_better_models_are_right_more_often(model, low, high):
    said = texts(400, model=model)
    assert low < said.count("delivery") / 400 < high


def test_a_worked_example_helps():
    example = "Text: My cup is broken.\nIntent: damaged\n\nText: Where is it?\nIntent:"
    messages = [{"role": "user", "content": TASK.removesuffix("Text: ") + example}]
    said = texts(400, messages=messages)
    assert 0.70 < said.count("delivery") / 400 < 0.83


def test_json_is_valid_when_the_request_asks_for_it():
    assert json.loads(text(response_format={"type": "json_object"}))
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert json.loads(text(response_format=asked)) == {"ok": True}
    assert isinstance(text(response_format={"type": "text"}), str)


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "find_parcel"}}]
)
def test_a_demanded_tool_is_called(choice):
    _, payload = ask("large", tools=TOOLS, tool_choice=choice)
    (picked,) = payload["choices"]
    assert picked["finish_reason"] == "tool_calls"
    (made,) = picked["message"]["tool_calls"]
    assert made["function"]["name"] == "find_parcel"
    assert set(json.loads(made["function"]["arguments"])) == {"order"}


def test_a_tool_is_not_called_unless_demanded():
    for choice in ("auto", "none", None):
        assert text("large", tools=TOOLS, tool_choice=choice) == "delivery"


def test_a_tool_that_is_not_there_is_refused():
    asked = {"type": "function", "function": {"name": "fly"}}
    answer, payload = ask(tools=TOOLS, tool_choice=asked)
    assert answer.status_code == 400
    assert "'fly'; the tools are find_parcel, pay_back" in payload["error"]["message"]
    assert ask(tool_choice="required")[0].status_code == 400


@pytest.mark.parametrize("tool", [{}, {"function": 1}, {"function": {"name": 1}}])
def test_a_tool_without_a_name_is_refused(tool):
    tools = [{"type": "function", **tool}]
    answer, payload = ask(tools=tools, tool_choice="required")
    assert answer.status_code == 400
    assert "tools[0].function needs a name" in payload["error"]["message"]
    named = {"type": "function", "function": {"name": ["pay_back"]}}
    assert ask(tools=TOOLS, tool_choice=named)[0].status_code == 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": 3},
        {"type": "string", "minLength": "x"},
        {"type": "number", "minimum": "x"},
    ],
)
def test_a_schema_that_is_none_is_refused(schema):
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer, payload = ask(response_format=asked)
    assert answer.status_code == 400
    assert "the schema cannot be read" in payload["error"]["message"]


def test_an_unknown_model_is_named():
    answer, payload = ask("huge")
    assert answer.status_code == 404
    assert "'huge'" in payload["error"]["message"]
    assert "small" in payload["error"]["message"]


def statuses(n, *, seed=0):
    draws = random.Random(seed)
    requests = [call("flaky", draws=draws) for _ in range(n)]
    return [answer.status_code for answer, _ in ask_all(requests)]


def test_flaky_fails_one_call_in_five():
    counts = Counter(statuses(1000))
    assert 150 < 1000 - counts[200] < 250
    assert set(counts) == {200, 503, 429, 500}


def test_failures_follow_the_calls_own_numbers():
    assert statuses(50, seed=3) == statuses(50, seed=3)
    assert statuses(50, seed=3) != statuses(50, seed=4)


def test_a_failure_says_so():
    class Always:
        def random(self):
            return 0.0

    answer, payload = ask("flaky", draws=Always())
    assert answer.status_code == 503
    assert "overloaded (simulated)" in payload["error"]["message"]


def test_a_function_answers_with_messages_and_parameters():
    def echo(messages, **params):
        return f"{messages[0]['role']} {sorted(params)} {params['temperature']}"

    said = text("echo", functions={"echo": echo}, temperature=0.5, top_p=1)
    assert said == "user ['temperature', 'top_p'] 0.5"


def test_a_function_runs_in_a_thread_and_may_change_its_messages():
    threads = []

    def greedy(messages, **params):
        threads.append(threading.current_thread())
        messages.clear()
        return "done"

    assert text("greedy", functions={"greedy": greedy}, n=2) == "done"
    assert threading.current_thread() not in threads
    assert len(threads) == 2


def test_a_coroutine_function_is_awaited():
    async def later(messages, **params):
        await asyncio.sleep(0)
        return "later"

    assert text("later", functions={"later": later}) == "later"


@pytest.mark.parametrize("kind", ["object", "lambda", "partial"])
def test_whatever_gives_an_awaitable_is_awaited(kind):
    class Later:
        async def __call__(self, messages, **params):
            await asyncio.sleep(0)
            return "later"

    later = Later()
    function = {
        "object": later,
        "lambda": lambda messages, **params: later(messages),
        "partial": functools.partial(later.__call__),
    }[kind]
    assert text("later", functions={"later": function}) == "later"


def test_a_functions_answer_is_cut_and_streamed_as_any_other():
    functions = {"count": lambda messages, **params: "one two three"}
    assert text("count", functions=functions, max_tokens=2) == "one two"
    assert text("count", functions=functions, stop=" three") == "one two"


def test_a_functions_stray_surrogates_are_replaced():
    assert text("odd", functions={"odd": lambda messages, **params: "a\ud800"}) == (
        "a\ufffd"
    )


def test_an_exception_is_a_500_naming_its_type():
    def broken(messages, **params):
        raise LookupError("no such \ud800 thing")

    answer, payload = ask("broken", functions={"broken": broken})
    assert answer.status_code == 500
    assert "sim/broken raised LookupError: no such" in payload["error"]["message"]
    assert payload["error"]["code"] == "LookupError"


def test_a_function_that_returns_no_text_is_a_500():
    answer, payload = ask("odd", functions={"odd": lambda messages, **params: 3})
    assert answer.status_code == 500
    assert "'int'" in payload["error"]["message"]


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        ({"small": print}, "sim/small is there already"),
        ({"a/b": print}, "'a/b' is no name"),
        ({"": print}, "'' is no name"),
        ({"x": "text"}, "sim/x is 'str'"),
    ],
)
def test_functions_are_checked_at_once(functions, says):
    with pytest.raises(ConfigError, match=says):
        SimulatedProvider(functions)


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf")])
def test_the_time_scale_is_checked(scale):
    with pytest.raises(ConfigError, match="sim_time_scale"):
        SimulatedProvider(time_scale=scale)


def test_declared_times_do_not_depend_on_the_scale():
    async def declared(scale, tag):
        provider = SimulatedProvider(seed=1, time_scale=scale)
        answer, _ = await sent(provider, call("small", stream=True, tag=tag))
        return answer.declared

    assert asyncio.run(declared(0, "a")) == asyncio.run(declared(0.5, "a"))
    assert asyncio.run(declared(0, "a")) != asyncio.run(declared(0, "b"))


def test_a_call_takes_the_time_it_declares():
    async def timed(stream):
        provider = SimulatedProvider(seed=1)
        start = time.perf_counter()
        answer, _ = await sent(provider, call("small", stream=stream))
        return time.perf_counter() - start, answer.declared["latency"]

    for stream in (False, True):
        took, declared = asyncio.run(timed(stream))
        assert took > 0.99 * declared


def test_a_stream_comes_in_pieces():
    long = {"long": lambda messages, **params: "word " * 200}

    async def arrivals(scale):
        provider = SimulatedProvider(long, seed=1, time_scale=scale)
        answer = await provider.send(call("long", stream=True))
        return [time.perf_counter() async for _ in answer.body]

    pieces = asyncio.run(arrivals(1))
    assert len(pieces) > 10
    assert pieces[0] < pieces[-1]
    assert len(asyncio.run(arrivals(0))) == 1


def test_waiting_calls_wait_together():
    async def many():
        provider = SimulatedProvider(seed=1)
        calls = [sent(provider, call("large", tag=str(i))) for i in range(50)]
        start = time.perf_counter()
        answers = await asyncio.gather(*calls)
        took = time.perf_counter() - start
        return took, sum(answer.declared["latency"] for answer, _ in answers)

    took, together = asyncio.run(many())
    assert took < together / 2


def test_interleaving_changes_nothing():
    async def together(order):
        provider = SimulatedProvider(seed=1, time_scale=0)
        calls = {i: sent(provider, call(tag=str(i))) for i in order}
        answers = await asyncio.gather(*calls.values())
        said = [json.loads(body)["choices"] for _, body in answers]
        return dict(zip(calls, said, strict=True))

    assert asyncio.run(together(range(20))) == asyncio.run(together(range(19, -1, -1)))


def test_a_cancelled_call_stops_waiting():
    async def cancelled():
        provider = SimulatedProvider(seed=1, time_scale=1e6)
        task = asyncio.create_task(provider.send(call()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
