from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pandas as pd
import pytest

import respan_lab as lab

QUIET = {"progress": False}


def _answer(text: str, *, model: str = "m", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "x",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
        **more,
    }


class Gateway(httpx.AsyncBaseTransport):
    """A gateway that answers with a function of the request's body."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.bodies: list[dict[str, Any]] = []
        self.in_flight = self.peak = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        body = json.loads(request.content)
        self.bodies.append(body)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(0)
            answer = self.answer(body)
            if asyncio.iscoroutine(answer):
                answer = await answer
        finally:
            self.in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    def client(self) -> lab.Client:
        return lab.Client("k", transport=self)


def _text(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def test_every_call_is_a_row_in_the_order_of_the_plan() -> None:
    gateway = Gateway(lambda body: _answer(_text(body).upper(), model=body["model"]))
    experiment = lab.Experiment(
        {"p": "say {{ x }}", "q": "cry {{ x }}"},
        ["m1", "m2"],
        [{"x": "a", "expected": "SAY A"}, {"x": "b", "expected": "SAY B"}],
        evaluators=["exact_match"],
    )
    results = experiment.run(gateway.client(), **QUIET)
    frame = results.df
    assert frame["output"].tolist() == [
        *["SAY A", "SAY B", "CRY A", "CRY B"],
        *["SAY A", "SAY B", "CRY A", "CRY B"],
    ]
    assert frame["key"].tolist() == experiment.plan(gateway.client())["key"].tolist()
    assert frame["model"].astype(str).tolist() == ["m1"] * 4 + ["m2"] * 4
    assert (frame["status"] == "ok").all()
    assert frame["score_exact_match"].tolist() == [True, True, False, False] * 2
    assert frame["var_x"].tolist() == ["a", "b"] * 4
    assert frame["run_id"].nunique() == 1
    sent = {body["metadata"]["respan_lab_run"] for body in gateway.bodies}
    assert sent == {results.manifest["run_id"]}
    assert {body["custom_identifier"] for body in gateway.bodies} == {*frame["key"]}


def test_awaited_under_a_running_loop() -> None:
    gateway = Gateway(lambda body: _answer("yes"))

    async def main() -> tuple[int, int]:
        first = await lab.acompare(
            "{{ x }}", "m", [{"x": 1}], client=gateway.client(), **QUIET
        )
        second = lab.compare("Hi", "m", client=gateway.client(), **QUIET)
        return len(first), len(second)

    assert asyncio.run(main()) == (1, 1)


def test_a_failed_call_is_a_row_and_the_others_go_on() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return {
            "a": _answer("yes"),
            "b": httpx.Response(400, json={"detail": "too odd"}),
            "c": httpx.ConnectError("nobody there"),
            "d": httpx.RemoteProtocolError("hung up"),
            "e": KeyError("a transport's own mistake"),
        }[_text(body)]

    results = lab.compare(
        "{{ x }}",
        "m",
        [{"x": x} for x in "abcde"],
        client=Gateway(answer).client(),
        retries=0,
        **QUIET,
    )
    frame = results.df
    unsure = "maybe_billed"  # of a surprise nobody knows when it came
    assert frame["status"].tolist() == ["ok", "error", "error", unsure, unsure]
    assert frame["error_type"].tolist()[1:] == [
        "BadRequestError",
        "APIConnectionError",
        "APIConnectionError",
        "APIError",
    ]
    assert "too odd" in frame["error_message"][1]
    assert frame["output"].isna().tolist() == [False, True, True, True, True]
    assert len(results.errors) == 4
    assert frame["attempts"].tolist() == [1] * 5


def test_retries_are_counted_in_the_frame() -> None:
    seen: list[str] = []

    def answer(body: dict[str, Any]) -> Any:
        seen.append(_text(body))
        if len(seen) < 3:
            return httpx.Response(503, headers={"retry-after": "0"})
        return _answer("at last")

    frame = lab.compare("Hi", "m", client=Gateway(answer).client(), **QUIET).df
    assert frame["attempts"][0] == len(seen) == 3
    assert frame["retry_time"][0] >= 0
    assert frame["output"][0] == "at last"


def test_with_n_each_choice_is_a_row_and_sums_add_up() -> None:
    def answer(body: dict[str, Any]) -> Any:
        choices = [
            {"index": i, "message": {"role": "assistant", "content": str(i)}}
            for i in range(body["n"])
        ]
        return {**_answer(""), "choices": choices, "cost": 0.25}

    results = lab.compare(
        "Hi",
        "m",
        [{"a": 1}, {"a": 2}],
        params={"n": 3},
        client=Gateway(answer).client(),
        **QUIET,
    )
    assert results.df["choice"].tolist() == [0, 1, 2] * 2
    assert results.df["output"].tolist() == ["0", "1", "2"] * 2
    assert results.df["cost"].sum() == results.cost == 0.5
    assert results.df["total_tokens"].sum() == 22


def test_never_more_in_flight_than_allowed() -> None:
    gateway = Gateway(lambda body: _answer("x"))
    lab.compare(
        "{{ i }}",
        "m",
        [{"i": i} for i in range(40)],
        client=gateway.client(),
        max_concurrency=3,
        **QUIET,
    )
    assert gateway.peak <= 3
    assert len(gateway.bodies) == 40


def test_items_are_shuffled_with_their_targets_side_by_side() -> None:
    def order(seed: int) -> list[tuple[str, str]]:
        gateway = Gateway(lambda body: _answer("x"))
        lab.compare(
            "{{ i }}",
            ["m1", "m2"],
            [{"i": i} for i in range(12)],
            client=gateway.client(),
            max_concurrency=1,
            order_seed=seed,
            fresh=True,
            **QUIET,
        )
        return [(_text(body), body["model"]) for body in gateway.bodies]

    first = order(0)
    items = [item for item, _ in first]
    assert items[::2] == items[1::2]
    assert items[::2] != sorted(items[::2], key=int)
    assert first == order(0) != order(1)


def test_what_the_data_and_the_answer_hold_does_not_break_the_frame() -> None:
    hostile = "<script>alert(1)</script>\x00=cmd|\ud800"
    gateway = Gateway(
        lambda body: httpx.Response(
            200,
            content=json.dumps(_answer("\ud800" + _text(body))),
            headers={"content-type": "application/json"},
        )
    )
    results = lab.compare(
        "{{ x }}",
        "m",
        [{"x": hostile, "y": {"deep": [1]}}],
        client=gateway.client(),
        **QUIET,
    )
    assert "<script>alert" not in results._repr_html_()
    assert results.df["output"][0].startswith("\ufffd<script>")


def test_substitution_is_seen_and_a_dated_name_is_none() -> None:
    answered = {"gpt-4o": "gpt-4o-2024-08-06", "big": "small", "c-latest": "c-20250101"}
    gateway = Gateway(lambda body: _answer("x", model=answered[body["model"]]))
    frame = lab.compare("Hi", [*answered], client=gateway.client(), **QUIET).df
    assert frame["substituted"].tolist() == [False, True, False]
    assert frame["answered_model"].tolist() == [*answered.values()]


def test_an_evaluator_that_fails_is_a_note_and_the_answer_is_kept() -> None:
    def broken(output: str) -> bool:
        raise RuntimeError("no idea")

    async def slow(output: str, expected: Any) -> tuple[float, str]:
        await asyncio.sleep(0)
        return 0.5, "half"

    gateway = Gateway(lambda body: _answer("x"))
    frame = lab.compare(
        "Hi", "m", evaluators=[broken, slow], client=gateway.client(), **QUIET
    ).df
    assert frame["output"][0] == "x"
    assert pd.isna(frame["score_broken"][0])
    assert "no idea" in frame["note_broken"][0]
    assert frame["score_slow"][0] == 0.5


def test_options_are_checked_before_anything_is_sent() -> None:
    gateway = Gateway(lambda body: _answer("x"))
    for options in (
        {"max_concurrency": 0},
        {"retries": -1},
        {"timeout": 0},
        {"max_concurency": 3},
    ):
        with pytest.raises(lab.ConfigError, match=next(iter(options))):
            lab.compare("Hi", "m", client=gateway.client(), **options)
    assert gateway.bodies == []


@pytest.mark.parametrize("stream", [True, False])
def test_streaming_is_the_runs_choice(stream: bool) -> None:
    gateway = Gateway(lambda body: _answer("x"))
    lab.compare("Hi", "m", client=gateway.client(), stream=stream, **QUIET)
    assert gateway.bodies[0].get("stream", False) is stream


def test_the_manifest_says_what_was_run() -> None:
    gateway = Gateway(lambda body: _answer("x"))
    manifest = lab.compare(
        {"p": "Hi"}, "m", client=gateway.client(), name="one", **QUIET
    ).manifest
    assert manifest["name"] == "one"
    assert manifest["cells"] == 1
    assert manifest["prompts"] == {"p": "Hi"}
    assert manifest["targets"] == {"m": {"model": "m"}}
    assert manifest["options"]["max_concurrency"] == 32
    assert manifest["gateway"] == "hosted"
