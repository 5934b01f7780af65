"""Which pairs are voted on, in which order and on which sides."""

from __future__ import annotations

from collections import Counter
from typing import Any

from respan_lab.results import build_frame
from respan_lab.results.ballots import Ballot, all_ballots, drawn_ballots


def made(models: str = "xyz", n: int = 20, same: int = 0, **more: Any) -> list[Ballot]:
    rows = [
        {
            "model": model,
            "item": item,
            "run": 0,
            "status": "ok",
            "key": f"{model}{item}",
            "output": "alike" if item < same else f"{model} says {item}",
        }
        for item in range(n)
        for model in models
    ]
    return all_ballots(build_frame(rows, models=list(models), prompts=[]), {}, **more)


def test_every_pair_comes_once_and_identical_answers_are_known() -> None:
    ballots = made(same=5)
    assert len(ballots) == 60 == len({one.id for one in ballots})
    assert sum(one.is_same for one in ballots) == 15
    assert [one.is_same for one in ballots[:6]] == [True] * 5 + [False]


def test_sides_are_balanced_within_each_pair_of_levels() -> None:
    drawn = drawn_ballots(made(n=21), rater="ann")
    for levels in (("x", "y"), ("x", "z"), ("y", "z")):
        first = Counter(d.first for d in drawn if {d.pair.a, d.pair.b} == set(levels))
        assert sorted(first.values()) == [10, 11]
    for one in drawn:
        assert one.sides[0].startswith(one.first)
        assert one.sides[1].startswith(one.second)


def test_order_and_sides_are_the_same_for_the_same_seed_and_rater_alone() -> None:
    ballots = made()
    drawn = drawn_ballots(ballots, rater="ann", seed=3)
    again = drawn_ballots(ballots[::-1], rater="ann", seed=3)
    assert [(d.id, d.first) for d in drawn] == [(d.id, d.first) for d in again]
    for other in (
        drawn_ballots(ballots, rater="bob", seed=3),
        drawn_ballots(ballots, rater="ann", seed=4),
    ):
        assert [d.id for d in drawn] != [d.id for d in other]
        assert {d.id: d.first for d in drawn} != {d.id: d.first for d in other}


def test_a_part_is_the_same_for_all_raters_and_balanced() -> None:
    ballots = made(same=5)
    ann = drawn_ballots(ballots, rater="ann", n=12)
    bob = drawn_ballots(ballots, rater="bob", n=12)
    assert {d.id for d in ann} == {d.id for d in bob}
    asked = [d for d in ann if not d.is_same]
    assert len(asked) == 12
    counted = Counter((d.pair.a, d.pair.b) for d in ann)
    assert max(counted.values()) - min(counted.values()) <= 1


def test_a_pair_is_known_again_turned_round_but_not_with_another_answer() -> None:
    (one,), (turned,) = made("xy", 1), made("xy", 1, a="y", b="x")
    assert (one.pair.a, turned.pair.a) == ("x", "y")
    assert one.id == turned.id
    assert one.id != made("xy", 1, same=1)[0].id
