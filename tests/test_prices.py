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
from respan_lab.prices import Price, PriceTable, check_price, dearest
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


MODELS = [
    ("gpt-4o", None),
    ("gpt-4o", "azure"),
    ("gemini-2.5-pro", None),
    ("claude-sonnet-4-5", "vertex_ai"),
    ("deepseek-chat", "deepseek"),
    ("sonar", "perplexity"),
    ("local/smollm2-135m", None),
]


@given(
    st.sampled_from(MODELS),
    st.builds(
        Usage,
        *(st.integers(0, 10**6), st.integers(0, 10**6), st.none()),
        cached_tokens=_COUNT,
        cache_write_tokens=_COUNT,
    ),
)
def test_nothing_costs_more_than_the_worst(
    table: PriceTable, named: tuple[str, str | None], usage: Usage
) -> None:
    model, provider = named
    worst, (cost, _) = table.worst(model, provider), table.cost(usage, model, provider)
    assert worst is not None
    assert cost is not None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    price = worst.for_prompt(prompt)
    most = (prompt * price.input + completion * price.output) / 1e6 + price.per_request
    assert cost <= most * (1 + 1e-12)


def test_the_worst_counts_every_hour_of_the_day(table: PriceTable) -> None:
    night = datetime(2026, 1, 1, 20, tzinfo=UTC)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    by_day = table.price("deepseek-chat", "deepseek", at=noon)
    worst = table.worst("deepseek-chat", "deepseek", at=night)
    assert by_day is not None
    assert worst is not None
    assert worst.input == by_day.input


def test_the_worst_of_a_prompt_token_is_to_keep_it_for_an_hour(
    table: PriceTable,
) -> None:
    price, worst = (
        table.price("claude-sonnet-4-5"),
        table.worst("claude-sonnet-4-5"),
    )
    assert price is not None
    assert worst is not None
    assert worst.input == 2 * price.input
    assert worst.for_prompt(200_001).input == 12.0


def test_the_worst_of_a_bare_name_is_the_dearest_vendors() -> None:
    dear = {"input": 1000.0, "output": 1000.0}
    table = PriceTable({"vertex_ai/gemini-2.5-pro": dear})
    worst, cheap = table.worst("gemini-2.5-pro"), table.worst("gemini/gemini-2.5-pro")
    assert worst is not None
    assert cheap is not None
    assert worst.input == 1000.0
    assert cheap.input < 10


def test_a_pinned_provider_is_known_under_both_names(table: PriceTable) -> None:
    assert table.worst("openai/gpt-4o", "azure") == table.worst("gpt-4o", "azure")
    assert table.worst("gpt-4o", "azure") is not None


@pytest.mark.parametrize("model", ["nobody-has-it", "mine/gpt-4o", "sim/small"])
def test_the_worst_of_an_unknown_price_is_unknown(
    table: PriceTable, model: str
) -> None:
    assert table.worst(model) is None
    own = table.under({model: OWN}).worst(model)
    assert own == Price(2.0, 10.0)


_PRICES = st.builds(
    Price,
    *(st.floats(0, 100), st.floats(0, 100)),
    cache_write=st.none() | st.floats(0, 100),
    per_request=st.floats(0, 1),
    tiers=st.lists(
        st.tuples(
            st.integers(0, 20), st.builds(Price, st.floats(0, 100), st.floats(0, 100))
        ),
        max_size=3,
        unique_by=lambda tier: tier[0],
    ).map(lambda tiers: tuple(sorted(tiers, key=lambda tier: tier[0]))),
)


@given(st.lists(_PRICES, min_size=1, max_size=3), st.integers(0, 25))
def test_the_dearest_is_nowhere_below_any(prices: list[Price], n_tokens: int) -> None:
    both = dearest(prices)
    assert both is not None
    most, longer = both.for_prompt(n_tokens), both.for_prompt(n_tokens + 1)
    for price in (each.for_prompt(n_tokens) for each in prices):
        assert most.input >= max(price.input, price.cache_write or 0)
        assert most.output >= price.output
        assert most.per_request >= price.per_request
    assert longer.input >= most.input


def test_of_no_prices_none_is_the_dearest() -> None:
    assert dearest([]) is None


def test_prices_are_laid_over_earlier_ones() -> None:
    table = PriceTable({"a": OWN, "b": OWN}).under({"b": {"input": 7, "output": 8}})
    assert table.price("a") == PriceTable({"a": OWN}).price("a")
    assert table.price("b") == Price(7.0, 8.0)
    assert table.under(None).price("b") == Price(7.0, 8.0)


def test_a_wrong_price_names_its_place() -> None:
    with pytest.raises(ConfigError, match=r"assume_price\['input'\] is -1"):
        check_price("assume_price", {"input": -1, "output": 2})
    with pytest.raises(ConfigError, match="assume_price is 3"):
        check_price("assume_price", 3)


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
