"""The worst case of a call: its tokens, its price, its attempts."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import respan_lab as lab
from respan_lab.errors import ConfigError
from respan_lab.money.bounds import Bounds, output_bound, prompt_bound
from respan_lab.prices import PriceTable
from respan_lab.wire import Usage

OWN = {
    "cheap": {"input": 1.0, "output": 10.0},
    "dear": {"input": 2.0, "output": 5.0, "cached_input": 0.1, "cache_write": 4.0},
    "free": {"input": 0.0, "output": 0.0},
}
TABLE = PriceTable(OWN)
BODY = {"messages": [{"role": "user", "content": "abcd"}], "max_tokens": 100}
PROMPT = 4 + 16  # of that body
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def _body(*parts: Any, **more: Any) -> dict[str, Any]:
    return {**BODY, "messages": [{"role": "user", "content": list(parts)}], **more}


def _of(target: lab.Target, body: dict[str, Any] | None = None, **how: Any) -> float:
    return Bounds([target], how.pop("prices", TABLE), **how).of(target, body or BODY)


# --- tokens

TEXT = st.text(max_size=40)
CALLS = st.lists(
    st.builds(
        lambda name, arguments: {
            "id": "call_1",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        },
        TEXT,
        TEXT,
    ),
    max_size=2,
)
CONTENT = TEXT | st.lists(
    TEXT.map(lambda text: {"type": "text", "text": text}), min_size=1, max_size=3
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": CONTENT},
        optional={"name": TEXT, "tool_calls": CALLS},
    ),
    min_size=1,
    max_size=4,
)
TOOLS = st.lists(
    st.builds(
        lambda name, text: {
            "type": "function",
            "function": {"name": name, "description": text, "parameters": {}},
        },
        TEXT,
        TEXT,
    ),
    max_size=2,
)
MERGES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=40)


def _bpe(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """A byte-level BPE tokenizer: bytes, merged pair by pair, in the merges' order."""
    tokens = list(text.encode())
    for new, pair in enumerate(merges, start=256):
        merged: list[int] = []
        for token in tokens:
            if merged and (merged[-1], token) == pair:
                merged[-1] = new
            else:
                merged.append(token)
        tokens = merged
    return tokens


def _texts(message: dict[str, Any]) -> list[str]:
    content = message["content"]
    texts = [content] if isinstance(content, str) else [p["text"] for p in content]
    texts += [message["name"]] if "name" in message else []
    for call in message.get("tool_calls", ()):
        texts += [call["function"]["name"], call["function"]["arguments"]]
    return texts


@given(MESSAGES, TOOLS, MERGES)
def test_no_byte_level_tokenizer_makes_more_tokens(
    messages: list[dict[str, Any]], tools: list[Any], merges: list[tuple[int, int]]
) -> None:
    bound = prompt_bound({"messages": messages, "tools": tools})
    texts = [text for message in messages for text in _texts(message)]
    forms = [json.dumps(tool, ensure_ascii=False, separators=",:") for tool in tools]
    n_tokens = sum(len(_bpe(text, merges)) for text in [*texts, *forms])
    n_bytes = sum(len(text.encode()) for text in [*texts, *forms])
    # Beside the texts: role, beginning and end of each message, three tokens each.
    assert n_tokens <= n_bytes <= bound - 9 * len(messages)


@given(TEXT, TEXT)
def test_a_longer_prompt_has_no_smaller_bound(text: str, more: str) -> None:
    def bound(content: str) -> int:
        return prompt_bound({"messages": [{"role": "user", "content": content}]})

    assert bound(text) == len(text.encode()) + 16
    assert bound(text + more) >= bound(text)


def test_all_text_of_a_prompt_counts() -> None:
    body = {
        "messages": [
            {"role": "assistant", "content": None, "refusal": "x" * 50},
            {"role": "tool", "content": "y" * 70, "tool_call_id": "z" * 30},
        ]
    }
    assert prompt_bound(body) == 150 + 2 * 16
    for form in ("tools", "functions", "response_format"):
        value: Any = {"type": "function", "name": "ü" * 100}
        with_form = {**body, form: value if form == "response_format" else [value]}
        assert prompt_bound(with_form) > 150 + 2 * 16 + 200


def test_an_image_needs_a_bound_of_its_own() -> None:
    body = _body({"type": "text", "text": "abcd"}, IMAGE, IMAGE)
    with pytest.raises(
        ConfigError, match=r"messages\[0\].content\[1\] is an image.*im"
    ):
        prompt_bound(body)
    assert prompt_bound(body, 1000) == PROMPT + 2000


@pytest.mark.parametrize("kind", ["input_audio", "file", "video_url", "unheard_of"])
def test_other_parts_have_no_bound(kind: str) -> None:
    body = _body({"type": "text", "text": "x"}, {"type": kind, kind: {}})
    with pytest.raises(ConfigError, match=rf"messages\[0\].content\[1\].*'{kind}'"):
        prompt_bound(body, 1000)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"prompt": {"prompt_id": "p"}}, r"saved prompt .* prompts=lab.Prompt"),
        ({"web_search_options": {"a": 1}}, "web_search_options is a search"),
        ({"tools": [{"type": "web_search"}]}, r"tools\[0\] is a tool of type 'web_s"),
        ({"modalities": ["text", "audio"]}, "modalities is an answer in 'audio'"),
        ({"service_tier": "priority"}, "service_tier='priority' may cost more"),
    ],
)
def test_what_has_no_bound_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=f"'cheap' has no bound.*{words}"):
        _of(lab.Target(model="cheap"), {**BODY, **more})


def test_a_saved_prompt_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="saved prompt"):
        prompt_bound({"prompt": {"prompt_id": "p"}, "max_tokens": 3})


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({}, None),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6, "n": 3}, 18),
        ({"max_tokens": 7, "max_completion_tokens": 6}, 7),
        ({"n": 2}, None),
    ],
)
def test_the_output_is_bounded_for_all_choices(
    body: dict[str, Any], tokens: int | None
) -> None:
    assert output_bound(body) == tokens


def test_a_prediction_may_be_billed_on_top() -> None:
    body = {"max_tokens": 5, "prediction": {"type": "content", "content": "x" * 90}}
    bound = output_bound(body)
    assert bound is not None
    assert bound >= 95


# --- dollars


def test_the_worst_case_is_tokens_times_prices_times_attempts() -> None:
    once = (PROMPT * 1.0 + 100 * 10.0) / 1e6
    target = lab.Target(model="cheap")
    assert _of(target) == pytest.approx(once)
    assert _of(target, retries=2) == pytest.approx(3 * once)
    assert _of(target, {**BODY, "n": 2}) == pytest.approx(once + 100 * 10.0 / 1e6)


def test_the_dearest_way_of_the_dearest_model_counts() -> None:
    both = [{"model": "cheap", "weight": 1}, {"model": "dear", "weight": 1}]
    worst = pytest.approx((PROMPT * 4.0 + 100 * 10.0) / 1e6)
    assert _of(lab.Target(models=["cheap", "dear"])) == worst
    assert _of(lab.Target(load_balance_models=both)) == worst
    group = {"group_id": "g", "models": both}
    assert _of(lab.Target(load_balance_group=group)) == worst


def test_a_fallback_may_be_billed_after_what_it_stands_in_for() -> None:
    first, second = _of(lab.Target(model="cheap")), _of(lab.Target(model="dear"))
    target = lab.Target(model="cheap", fallback_models=["dear", "free"])
    assert _of(target) == pytest.approx(first + second)
    # Only an organisation's own list is kept out by this.
    off = {**BODY, "disable_fallback": True}
    assert _of(target, off) == pytest.approx(first + second)
    twice = lab.Target(models=["cheap"], fallback_models=["cheap"])
    assert _of(twice) == pytest.approx(2 * first)


@pytest.mark.parametrize(
    ("more", "attempts"),
    [
        ({"retries": 4}, 5),
        ({"retry_params": {"retry_enabled": True}}, 4),
        ({"retry_params": {"retry_enabled": True, "num_retries": 1}}, 2),
        ({"retry_params": {"retry_enabled": False}, "retries": 9}, 1),
    ],
)
def test_the_gateways_own_retries_count(more: dict[str, Any], attempts: int) -> None:
    target = lab.Target(model="cheap")
    assert _of(target, {**BODY, **more}) == pytest.approx(attempts * _of(target))


def test_a_free_model_needs_no_bounds() -> None:
    body = _body(IMAGE, {"type": "file"})
    del body["max_tokens"]
    assert _of(lab.Target(model="free"), body) == 0.0
    assert _of(lab.Target(model="local/smollm2-135m"), body, prices=PriceTable()) == 0.0
    with pytest.raises(ConfigError, match="image"):
        _of(lab.Target(model="free", fallback_models=["cheap"]), body)


def test_a_free_saved_prompt_is_not_free_with_its_fallbacks() -> None:
    saved = lab.Target(prompt={"prompt_id": "p", "patch": {"model": "free"}})
    body = {"prompt": {"prompt_id": "p"}}
    assert _of(saved, body) == 0.0
    patch = {"model": "free", "fallback_models": ["cheap"]}
    with pytest.raises(ConfigError, match="saved prompt"):
        _of(lab.Target(prompt={"prompt_id": "p", "patch": patch}), body)


def test_the_output_needs_a_limit() -> None:
    body = {"messages": BODY["messages"]}
    with pytest.raises(ConfigError, match=r"'me'.*params=\{\"max_tokens\": \.\.\.\}"):
        _of(lab.Target("me", model="cheap"), body)


def test_unknown_prices_are_named_all_at_once() -> None:
    targets = [
        lab.Target(model="a/one"),
        lab.Target(model="cheap", fallback_models=["a/two"]),
        lab.Target(load_balance_group="g"),
    ]
    with pytest.raises(ConfigError) as caught:
        Bounds(targets, TABLE)
    assert "'a/one', 'a/two', the target 'group:g'; give prices=" in str(caught.value)
    bounds = Bounds(targets, TABLE, assume_price={"input": 3, "output": 4})
    assumed = (PROMPT * 3 + 100 * 4) / 1e6
    assert bounds.of(targets[0], BODY) == pytest.approx(assumed)
    assert bounds.of(targets[1], BODY) == pytest.approx(
        assumed + _of(lab.Target(model="cheap"))
    )
    laid = Bounds(targets[:1], TABLE.under({"a/one": OWN["cheap"]}))
    assert laid.of(targets[0], BODY) == _of(lab.Target(model="cheap"))


def test_a_pinned_provider_sets_the_price() -> None:
    table = PriceTable({"mine/cheap": {"input": 100, "output": 100}, **OWN})
    pinned = lab.Target(model="cheap", route_provider="mine")
    assert _of(pinned, prices=table) == pytest.approx((PROMPT + 100) * 100 / 1e6)


def test_a_long_prompt_is_bounded_at_its_tier() -> None:
    target, table = lab.Target(model="gemini/gemini-2.5-pro"), PriceTable()
    short, long = (
        {**BODY, "messages": [{"role": "user", "content": "x" * n}]}
        for n in (1000, 200_000)
    )
    worst = table.worst("gemini-2.5-pro", "gemini")
    assert worst is not None
    assert _of(target, short, prices=table) < 1016 * 2.5 / 1e6
    assert _of(target, long, prices=table) >= 200_016 * 2.5 / 1e6


@given(st.text(max_size=300), st.integers(1, 5000), st.integers(1, 3), st.data())
def test_no_answer_costs_more_than_the_bound(
    text: str, most: int, n: int, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["gpt-4o", "claude-sonnet-4-5", "sonar", "dear"]))
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": most, "n": n}
    worst = _of(lab.Target(model=name), body)
    prompt = data.draw(st.integers(0, len(text.encode()) + 16))
    usage = Usage(
        prompt,
        data.draw(st.integers(0, most * n)),
        cached_tokens=data.draw(st.integers(0, prompt)),
        cache_write_tokens=data.draw(st.integers(0, prompt)),
    )
    cost, _ = TABLE.cost(usage, name)
    assert cost is not None
    assert cost <= worst * (1 + 1e-12)


def test_what_a_run_adds_changes_no_bound() -> None:
    added = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
    target = lab.Target(model="cheap")
    assert _of(target, {**added, "metadata": {"x": "y" * 99}}) == _of(target)


def test_impossible_arguments_are_refused() -> None:
    target = lab.Target(model="cheap")
    with pytest.raises(ConfigError, match="assume_price"):
        Bounds([target], TABLE, assume_price={"input": -1, "output": 0})
    for wrong in (0, 1.5, True, math.inf):
        with pytest.raises(ConfigError, match="image_tokens="):
            Bounds([target], TABLE, image_tokens=wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="inf dollars"):
        _of(target, prices=PriceTable({"cheap": {"input": 1e308, "output": 1e308}}))
