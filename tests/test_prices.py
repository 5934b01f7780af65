"""The price lists, the user's own prices, and the cost of a usage."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.prices import Price, PriceTable
from respan_lab.wire import Usage


@pytest.fixture(scope="module")
def table() -> PriceTable:
    return PriceTable()


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", None),
        ("gpt-4o", "openai"),
        ("openai/gpt-4o", None),
        ("openai/gpt-4o", "openai"),
        ("gpt-4o-2024-08-06", "openai"),
        ("gpt-4o", "azure"),  # whose own list refers to its maker's
    ],
)
def test_a_model_has_one_price_under_all_its_names(
    table: PriceTable, model: str, provider: str | None
) -> None:
    price = table.price(model, provider)
    assert price is not None
    assert (price.input, price.output, price.cached_input) == (2.5, 10.0, 1.25)


@pytest.mark.parametrize(
    ("model", "provider"),
    [("nobody-has-it", None), ("nobody-has-it", "openai"), ("gpt-4o", "mine")],
)
def test_an_unknown_price_is_none(
    table: PriceTable, model: str, provider: str | None
) -> None:
    assert table.price(model, provider) is None
    cost, note = table.cost(Usage(1, 1), model, provider)
    assert cost is None
    assert model in str(note)


@pytest.mark.parametrize("model", ["local/smollm2-135m", "local:/tmp/x.gguf"])
def test_a_model_on_this_machine_costs_nothing(table: PriceTable, model: str) -> None:
    assert table.cost(Usage(1000, 1000), model) == (0.0, None)


def test_the_same_slug_has_a_price_with_each_vendor(table: PriceTable) -> None:
    slug = "openai/gpt-oss-120b"
    vendors = table.vendors_of(slug)
    assert {"groq", "together"} <= set(vendors)
    assert vendors == tuple(sorted(vendors))
    assert table.price(slug, "groq") != table.price(slug, "openrouter")


def test_google_does_not_serve_the_claude_models_it_lists(table: PriceTable) -> None:
    assert table.vendors_of("claude-sonnet-4-5") == ("anthropic",)
    assert table.vendors_of("gemini-2.5-pro") == ("gemini", "vertex_ai")
    assert not [m for m in table.models_of("gemini") if "claude" in m.slug]


def test_a_vendors_models_are_listed(table: PriceTable) -> None:
    found = {entry.slug: entry for entry in table.models_of("openai")}
    assert found["gpt-4o"].price == table.price("gpt-4o", "openai")
    assert found["gpt-4o"].context_window == 128_000
    assert table.models_of("nobody") == ()


def test_a_long_prompt_costs_more_a_token(table: PriceTable) -> None:
    short, _ = table.cost(Usage(200_000, 0), "gemini-2.5-pro", "gemini")
    long, _ = table.cost(Usage(200_001, 0), "gemini-2.5-pro", "gemini")
    assert short == pytest.approx(0.25)
    assert long == pytest.approx(200_001 * 2.5 / 1e6)


def test_a_price_may_depend_on_the_hour(table: PriceTable) -> None:
    noon = table.price(
        "deepseek-chat", "deepseek", at=datetime(2026, 1, 1, 12, tzinfo=UTC)
    )
    night = table.price(
        "deepseek-chat", "deepseek", at=datetime(2026, 1, 1, 20, tzinfo=UTC)
    )
    assert noon is not None
    assert night is not None
    assert night.input < noon.input


def test_a_fee_for_the_request_is_part_of_the_cost(table: PriceTable) -> None:
    cost, _ = table.cost(Usage(0, 0), "sonar", "perplexity")
    assert cost is not None
    assert cost > 0


OWN = {"input": 1.0, "output": 10.0, "cached_input": 0.1, "cache_write": 2.0}


def test_own_prices_lie_over_the_lists() -> None:
    table = PriceTable({"openai/gpt-4o": OWN, "any": {"input": 3, "output": 4}})
    assert table.price("gpt-4o") == PriceTable().price("gpt-4o")
    assert table.price("gpt-4o", "openai") == Price(1.0, 10.0, 0.1, 2.0)
    assert table.price("any", "whoever") == Price(3.0, 4.0)


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(1_000_000, 0), 1.0),
        (Usage(0, 1_000_000), 10.0),
        (Usage(1_000_000, 0, cached_tokens=1_000_000), 0.1),
        (Usage(1_000_000, 0, cache_write_tokens=500_000), 1.5),
        (Usage(4, 2, cached_tokens=1, cache_write_tokens=1), (2 + 0.1 + 2 + 20) / 1e6),
        (Usage(0, 1_000_000, reasoning_tokens=900_000), 10.0),
    ],
)
def test_the_cost_of_a_usage(usage: Usage, dollars: float) -> None:
    cost, note = PriceTable({"m": OWN}).cost(usage, "m")
    assert cost == pytest.approx(dollars)
    assert note is None


def test_what_the_list_does_not_say_is_billed_as_input() -> None:
    table = PriceTable({"m": {"input": 1.0, "output": 1.0}})
    usage = Usage(1_000_000, 0, cached_tokens=10, cache_write_tokens=10)
    assert table.cost(usage, "m") == (pytest.approx(1.0), None)


@pytest.mark.parametrize("usage", [Usage(), Usage(1, None), Usage(None, 1)])
def test_unknown_tokens_are_an_unknown_cost(usage: Usage) -> None:
    cost, note = PriceTable({"m": OWN}).cost(usage, "m")
    assert cost is None
    assert note


def test_more_cached_than_sent_is_a_note() -> None:
    cost, note = PriceTable({"m": OWN}).cost(Usage(3, 0, cached_tokens=10), "m")
    assert cost == pytest.approx(0.3e-6)
    assert note == "10 tokens cached of a prompt of 3"


_COUNT = st.none() | st.integers(0, 10**9)


@given(st.builds(Usage, _COUNT, _COUNT, _COUNT, _COUNT, _COUNT, _COUNT))
def test_a_cost_lies_between_the_cheapest_and_the_dearest(usage: Usage) -> None:
    cost, _ = PriceTable({"m": OWN}).cost(usage, "m")
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt is None or completion is None:
        assert cost is None
        return
    assert cost is not None
    lowest, highest = prompt * 0.1 + completion * 10, prompt * 2 + completion * 10
    assert lowest / 1e6 * (1 - 1e-9) <= cost <= highest / 1e6 * (1 + 1e-9)


@pytest.mark.parametrize(
    "price",
    [
        {},
        {"input": 1},
        {"input": 1, "output": 2, "typo": 3},
        {"input": -1, "output": 2},
        {"input": "1", "output": 2},
        {"input": True, "output": 2},
        {"input": float("nan"), "output": 2},
        {"input": 1, "output": None},
    ],
)
def test_a_wrong_price_names_the_model(price: Any) -> None:
    with pytest.raises(ConfigError, match="'m'"):
        PriceTable({"m": price})


def test_invented_names_are_not_remembered_for_ever() -> None:
    tracemalloc.start()
    try:
        table = PriceTable()
        table.price("nobody-knows-it")
        before, _ = tracemalloc.get_traced_memory()
        for number in range(200):
            table.price(f"{number}" + "x" * 100_000)
            table.vendors_of(f"{number}" + "x" * 100_000)
        for number in range(6000):
            table.price(f"sim/{number}" + "x" * 200, "sim")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 4_000_000
