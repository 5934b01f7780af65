"""Which targets are still asked, as the answers come."""

from __future__ import annotations

import random
from statistics import median
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.experiment.stopping.race import Entry, Race
from respan_lab.experiment.stopping.stop import Stop
from respan_lab.results.sequence import sequence_p_value

Outcome = float | None  # a cell's score; None for a call that failed


def entries_of(targets: str, n_items: int) -> list[Entry]:
    return [
        Entry(item * len(targets) + at, item, target)
        for item in range(n_items)
        for at, target in enumerate(targets)
    ]


def race_of(targets: str, n_items: int, **how: Any) -> tuple[Race, list[Entry]]:
    lower = how.pop("lower_is_better", False)
    entries = entries_of(targets, n_items)
    stop = Stop("good", **how)
    return Race(stop, entries, list(targets), lower_is_better=lower), entries


def heard(score: Outcome) -> list[dict[str, Any]]:
    return [] if score is None else [{"score_good": score}]


def test_a_clear_loser_is_out_and_the_race_is_over() -> None:
    race, entries = race_of("ab", 40)
    for entry in entries:
        race.hear(entry.at, heard(entry.target == "a"))
    told = race.manifest()
    n = len(told["items"])
    assert told["items"] == list(range(n))
    assert told["pairs"] == [{"a": "a", "b": "b", "n_items": n, "winner": "a"}]
    # Just when the p-value of all looks so far has fallen to 5 %.
    assert sequence_p_value([1.0] * n) <= 0.05 < sequence_p_value([1.0] * (n - 1))
    assert race.reason("b") == f"stop: worse than a after {n} items"
    assert race.reason("a") == f"stop: decided after {n} items"


def test_less_can_be_better() -> None:
    race, entries = race_of("ab", 40, lower_is_better=True)
    for entry in entries:
        race.hear(entry.at, heard(entry.target == "a"))
    assert race.manifest()["pairs"][0]["winner"] == "b"


def test_equals_are_asked_to_the_end() -> None:
    race, entries = race_of("ab", 300)
    for entry in entries:
        race.hear(entry.at, heard(float(entry.item % 2)))
    assert not race.is_over
    assert race.reason("a") is None
    assert len(race.manifest()["items"]) == 300


def test_an_item_counts_when_all_have_ended_and_in_its_turn() -> None:
    race, entries = race_of("ab", 40)
    for entry in entries[1:]:
        race.hear(entry.at, heard(entry.target == "a"))
    assert race.manifest()["items"] == []  # the first of all is in flight still
    assert race.reason("b") is None
    race.hear(entries[0].at, heard(1.0))
    assert race.is_over


def test_what_comes_after_the_decision_decides_nothing() -> None:
    race, entries = race_of("ab", 40)
    for entry in entries[:40]:
        race.hear(entry.at, heard(entry.target == "a"))
    before = race.manifest()
    for entry in entries[40:]:
        race.hear(entry.at, heard(entry.target == "b"))
    assert race.manifest() == before


def test_the_others_go_on_without_the_loser() -> None:
    race, entries = race_of("abc", 200)
    for entry in entries:
        score = 0.0 if entry.target == "b" else float(entry.item % 2)
        if race.reason(entry.target) is None:
            race.hear(entry.at, heard(score))
        else:  # as the engine does with a cell that it does not ask
            race.hear(entry.at, [])
    told = race.manifest()
    assert list(told["out"]) == ["b"]
    assert not race.is_over
    assert [pair["n_items"] for pair in told["pairs"] if "b" not in pair.values()] == [
        200
    ]
    assert len(told["items"]) == 200


def test_with_a_baseline_the_others_are_compared_with_that_alone() -> None:
    race, entries = race_of("abc", 60, baseline="b")
    scores = {"a": 1.0, "b": 0.5, "c": 0.0}
    for entry in entries:
        race.hear(entry.at, heard(scores[entry.target]))
    told = race.manifest()
    assert [(p["a"], p["b"], p["winner"]) for p in told["pairs"]] == [
        ("a", "b", "a"),
        ("c", "b", "b"),
    ]
    assert race.reason("a").startswith("stop: better than b")  # type: ignore[union-attr]  # it is out
    assert race.reason("c").startswith("stop: worse than b")  # type: ignore[union-attr]  # it is out
    assert race.reason("b").startswith("stop: decided")  # type: ignore[union-attr]  # nobody is left
    assert told["n_pairs"] == 2


def test_a_failed_call_takes_its_item_out_of_the_pair() -> None:
    race, entries = race_of("ab", 50)
    for entry in entries:
        race.hear(entry.at, heard(None if entry.item % 2 else entry.target == "a"))
    told = race.manifest()
    assert told["pairs"][0]["n_items"] == (len(told["items"]) + 1) // 2


def test_repeats_and_choices_of_an_item_are_one_value() -> None:
    entries = [
        Entry(8 * item + 4 * run + 2 * at, item, target)
        for item in range(60)
        for run in (0, 1)
        for at, target in enumerate("ab")
    ]
    race = Race(Stop("good"), entries, ["a", "b"])
    rng = random.Random(1)
    differences: list[float] = []
    for item in range(60):
        means = {}
        for target in "ab":
            scores = [rng.choice([0.0, 0.5, 1.0]) for _ in range(4)]
            means[target] = sum(scores) / 4
            mine = [e.at for e in entries if e.item == item and e.target == target]
            for at, pair in zip(mine, (scores[:2], scores[2:]), strict=True):
                race.hear(at, [{"score_good": score} for score in pair])
        differences.append(means["a"] - means["b"])
    (pair,) = race.manifest()["pairs"]
    assert pair["n_items"] == 60
    assert not pair["winner"]
    assert sequence_p_value(differences) > 0.05


def test_a_score_outside_the_bounds_ends_the_race_without_a_decision() -> None:
    race, entries = race_of("ab", 40)
    race.hear(entries[0].at, heard(7.0))
    for entry in entries[1:]:
        race.hear(entry.at, heard(entry.target == "a"))
    assert race.manifest()["trouble"] == "a score score_good is 7, not from 0 to 1"
    assert race.reason("b") is None


def test_a_cell_is_heard_of_once() -> None:
    race, entries = race_of("ab", 40)
    for entry in entries:
        race.hear(entry.at, heard(entry.target == "a"))
        race.hear(entry.at, heard(entry.target == "b"))
    assert race.manifest()["pairs"][0]["winner"] == "a"


outcome = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]))


@given(
    st.lists(st.tuples(outcome, outcome, outcome), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_decides_nothing(
    scores: list[tuple[Outcome, ...]], order: random.Random
) -> None:
    in_turn, entries = race_of("abc", len(scores), confidence=0.6)
    shuffled, _ = race_of("abc", len(scores), confidence=0.6)
    mixed = list(entries)
    order.shuffle(mixed)
    for race, these in ((in_turn, entries), (shuffled, mixed)):
        for entry in these:
            race.hear(entry.at, heard(scores[entry.item]["abc".index(entry.target)]))
    assert in_turn.manifest() == shuffled.manifest()


def raced(rates: dict[str, float], *, n: int, rng: np.random.Generator) -> Race:
    """Race targets whose answers agree as those of real models do: items differ."""
    names = "".join(rates)
    race, entries = race_of(names, n)
    easy = rng.beta(2, 2, n)  # one luck for all targets of an item, another for each
    luck = 0.6 * easy[:, None] + 0.4 * rng.random((n, len(names)))
    right = {
        name: luck[:, at] < np.quantile(luck, rate)
        for at, (name, rate) in enumerate(rates.items())
    }
    for entry in entries:
        if race.is_over:
            break
        race.hear(entry.at, heard(float(right[entry.target][entry.item])))
    return race


def false_stops(names: str, *, runs: int, n: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    rates = dict.fromkeys(names, 0.7)
    return (
        sum(bool(raced(rates, n=n, rng=rng).manifest()["out"]) for _ in range(runs))
        / runs
    )


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_equals_are_seldom_told_apart(names: str) -> None:
    assert false_stops(names, runs=80, n=120, seed=3) <= 0.05


@pytest.mark.deep
@pytest.mark.parametrize("names", ["ab", "abc"])
def test_equals_are_told_apart_in_5_of_100_runs_at_most(names: str) -> None:
    assert false_stops(names, runs=2000, n=400, seed=4) <= 0.05


def gap(
    *, discordant: float, by: float, n: int, rng: np.random.Generator
) -> int | None:
    """Items until two targets are told apart; None if they are not."""
    race, _ = race_of("ab", n)
    u = rng.random(n)
    a_alone, b_alone = u < (discordant + by) / 2, u >= 1 - (discordant - by) / 2
    for item in range(n):
        race.hear(2 * item, heard(float(not b_alone[item])))
        race.hear(2 * item + 1, heard(float(not a_alone[item])))
        if race.is_over:
            return item + 1
    return None


def fixed_size(*, discordant: float, by: float) -> float:
    """Items for 80 % power at 5 % when one looks once: (1.96 + 0.84)^2 var / by^2."""
    return (1.959964 + 0.841621) ** 2 * (discordant - by**2) / by**2


def ends(*, runs: int, seed: int, **how: Any) -> list[float]:
    rng = np.random.default_rng(seed)
    return [gap(rng=rng, **how) or float("inf") for _ in range(runs)]


@pytest.mark.parametrize("discordant", [0.2, 0.4])
def test_a_gap_of_10_points_takes_little_longer_than_one_look(
    discordant: float,
) -> None:
    found = ends(runs=40, seed=5, discordant=discordant, by=0.1, n=1500)
    assert median(found) <= 1.5 * fixed_size(discordant=discordant, by=0.1)


@pytest.mark.deep
@pytest.mark.parametrize("discordant", [0.15, 0.2, 0.3, 0.4])
def test_a_gap_of_10_points_takes_little_longer_in_long(discordant: float) -> None:
    found = ends(runs=500, seed=6, discordant=discordant, by=0.1, n=2500)
    assert median(found) <= 1.5 * fixed_size(discordant=discordant, by=0.1)


def saved(found: list[float], n: int) -> float:
    return 1 - sum(min(each, n) for each in found) / len(found) / n


def test_a_gap_of_5_points_saves_much_of_1500_items() -> None:
    found = ends(runs=60, seed=9, discordant=0.2, by=0.05, n=1500)
    assert saved(found, 1500) >= 0.4
    assert sum(each <= 1500 for each in found) / len(found) >= 0.8


@pytest.mark.deep
def test_a_gap_of_5_points_saves_much_of_1500_items_in_long() -> None:
    found = ends(runs=500, seed=10, discordant=0.2, by=0.05, n=1500)
    assert saved(found, 1500) >= 0.4
    assert sum(each <= 1500 for each in found) / len(found) >= 0.8
