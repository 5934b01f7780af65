"""What the cache's fields do, and a saved prompt's."""

from __future__ import annotations

from typing import Any

import httpx
from contract_stage import LEFT_OUT, MESSAGES, Stage, breakdown, text, warnings
from contract_table import FIELDS
from field_effects import shows

from respan_lab.gateway.store.cache import CacheStore
from respan_lab.transport import run

CUSTOMERS: list[dict[str, Any]] = [
    {"customer_identifier": "c1"},
    {"customer_identifier": "c2"},
]


def is_hit(answer: httpx.Response) -> bool:
    return answer.headers.get("x-respan-lab-cache") == "hit"


@shows
def cache_enabled(stage: Stage) -> None:
    for is_enabled in (False, True):
        stage.seen.clear()
        first, again = (stage.ask(cache_enabled=is_enabled) for _ in range(2))
        assert not is_hit(first)
        assert is_hit(again) is is_enabled
        assert len(stage.seen) == (1 if is_enabled else 2)
        assert text(again) == "hello"
    row = stage.row(again)
    assert (row["cache_bit"], row["cost"], row["model"]) == (True, 0, "respan/cache")
    streamed = stage.ask(cache_enabled=True, stream=True, request_breakdown=True)
    assert is_hit(streamed)
    assert text(streamed) == "hello"
    assert (breakdown(streamed)["cached"], breakdown(streamed)["cost"]) == (True, 0)
    assert not is_hit(stage.ask(cache_enabled=True, temperature=1))  # another question
    stage.fail("b", times=1)
    assert stage.say(model="up/b", cache_enabled=True).status_code == 503
    assert not is_hit(stage.ask(model="up/b", cache_enabled=True))  # no error is kept
    assert "cache_enabled" not in stage.sent


@shows
def cache_ttl(stage: Stage) -> None:
    stage.ask(cache_enabled=True, cache_ttl=1e-9)
    assert not is_hit(stage.ask(cache_enabled=True, cache_ttl=60))
    assert is_hit(stage.ask(cache_enabled=True))
    for more, seconds in (
        ({}, FIELDS["cache_ttl"]["default"]),
        ({"cache_ttl": 60}, 60),
    ):
        question = [{"role": "user", "content": f"for {seconds} s"}]
        answers = [
            stage.ask(messages=question, cache_enabled=True, **more) for _ in range(2)
        ]
        assert is_hit(answers[1])  # so the first is on disk by now
        assert lifetime(stage, answers[0]) == seconds
    answer = stage.ask(cache_ttl=60)
    assert warnings(answer) == ["cache_ttl has no effect without `cache_enabled`"]
    assert "cache_ttl" not in stage.sent


def lifetime(stage: Stage, answer: httpx.Response) -> float:
    store = CacheStore(stage.gateway.home)
    entry = run(store.get(stage.row(answer)["cache_key"]))
    run(store.aclose())
    assert entry is not None
    return round(entry.expires - entry.created, 3)


def cached(stage: Stage, **fields: Any) -> httpx.Response:
    return stage.ask(cache_enabled=True, **fields)


@shows
def cache_options(stage: Stage) -> None:
    apart = {"cache_options": {"cache_by_customer": True}}
    first = [is_hit(cached(stage, **apart, **each)) for each in CUSTOMERS]
    again = [is_hit(cached(stage, **apart, **each)) for each in CUSTOMERS]
    assert (first, again) == ([False, False], [True, True])

    shared = {"cache_options": {"is_cached_by_model": False}}
    assert not is_hit(cached(stage, model="up/a", **shared))
    assert is_hit(cached(stage, model="up/b", **shared))
    by_model = {"cache_options": {"is_cached_by_model": True}}
    assert not is_hit(cached(stage, model="up/c", **by_model))

    unlogged = {"cache_options": {"omit_log": True}, "custom_identifier": "quiet"}
    answers = [cached(stage, temperature=0, **unlogged) for _ in range(2)]
    assert [is_hit(each) for each in answers] == [False, True]
    rows = stage.rows(custom_identifier="quiet")
    assert [row["id"] for row in rows] == [answers[0].headers["x-respan-log-id"]]

    typo = cached(stage, cache_options={"omit_logs": True})
    assert "omit_logs" in warnings(typo)[0]
    assert "cache_options has no effect" in warnings(stage.ask(**apart))[0]
    assert "cache_options" not in stage.sent


@shows
def prompt(stage: Stage) -> None:
    template = [{"role": "system", "content": "Greet {{ name }}."}]
    prompt_id = stage.prompt(messages=template, model="up/b", temperature=0.5)
    rendered = [{"role": "system", "content": "Greet you."}]
    given = {"prompt_id": prompt_id, "variables": {"name": "you"}}
    alone = {"messages": LEFT_OUT, "model": LEFT_OUT}

    answer = stage.ask(prompt={**given, "echo": True}, **alone)
    assert stage.sent == {"model": "b", "messages": rendered, "temperature": 0.5}
    assert answer.json()["prompt_message"] == rendered
    row = stage.row(answer)
    assert (row["prompt_id"], row["prompt_version_number"]) == (prompt_id, 1)
    assert row["variables"] == {"name": "you"}
    streamed = stage.ask(prompt={**given, "echo": True}, stream=True, **alone)
    assert "prompt_message" in streamed.text
    assert "prompt_message" not in stage.ask(prompt=given, **alone).json()

    _prompt_versions(stage, given)
    _prompt_merges(stage, given)
    unknown = stage.say(prompt={"prompt_id": "nobody's"})
    assert unknown.status_code == 404
    assert "prompt" in unknown.json()["error"]["param"]
    error = stage.refused(prompt={"prompt_id": prompt_id})
    assert "name" in error["message"]  # which has no value


def _prompt_versions(stage: Stage, given: dict[str, Any]) -> None:
    where = f"/api/prompts/{given['prompt_id']}/versions/"
    draft = {"messages": [{"role": "user", "content": "Draft for {{ name }}"}]}
    assert stage.http.post(where, json=draft).status_code == 201
    for version, said in ((None, "Greet"), (1, "Greet"), ("latest", "Draft for")):
        stage.ask(prompt={**given, "version": version}, messages=LEFT_OUT)
        assert stage.sent["messages"][0]["content"].startswith(said)
    missing = stage.say(prompt={**given, "version": 99})
    assert missing.status_code == 404
    assert "99" in missing.json()["error"]["message"]


def _prompt_merges(stage: Stage, given: dict[str, Any]) -> None:
    def sent(**fields: Any) -> tuple[str, Any]:
        more = {name: fields.pop(name) for name in ("messages",) if name in fields}
        body = {"messages": LEFT_OUT, "temperature": 1.5, **more}
        stage.ask(prompt={**given, **fields}, model="up/c", **body)
        return stage.sent["model"], stage.sent["temperature"]

    assert sent() == ("c", 1.5)  # the first way to merge: the request wins
    assert sent(override=True) == ("b", 0.5)
    assert sent(override=True, override_params={"temperature": 0.75}) == ("b", 0.75)
    assert sent(schema_version=2) == ("b", 0.5)  # the second way: the prompt wins
    assert sent(schema_version=2, messages=MESSAGES) == ("b", 0.5)
    assert stage.sent["messages"][-1] == MESSAGES[0]
    idle = stage.ask(prompt={**given, "override_params": {"temperature": 0.75}})
    assert "prompt.override_params has no effect" in warnings(idle)[0]
