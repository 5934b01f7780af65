"""Pairs of answers judged in both orders: votes, flips, ties, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import respan_lab as lab
from respan_lab.results.statistics import strengths
from respan_lab.results.votes_frame import Votes

PRICES = {"input": 1.0, "output": 10.0}
Says = Callable[[str, str], str]


class Bench:
    """Three models that answer `<model> <item>`, and a judge that is a function."""

    def __init__(self, home: Path, says: Says) -> None:
        self.says = says
        self.seen: list[dict[str, Any]] = []

        def answering(name: str) -> Callable[..., str]:
            return lambda messages, **params: f"{name} {messages[-1]['content']}"

        functions: dict[str, Any] = {name: answering(name) for name in "abc"}
        functions["judge"] = self.judge
        gateway = lab.Gateway(
            home=home,
            sim_time_scale=0,
            providers={"sim": functions},
            prices={f"sim/{name}": PRICES for name in functions},
        )
        self.client = lab.Client(gateway=gateway)
        self.pairs = lab.pairwise_judge("sim/judge", "Nicer?", client=self.client)

    def judge(self, messages: Any, **params: Any) -> str:
        data = json.loads(messages[-1]["content"])
        self.seen.append(data)
        winner = self.says(data["first"], data["second"])
        return json.dumps({"reason": "since", "winner": winner})

    def run(self, n: int = 6, models: str = "ab", **more: Any) -> lab.Results:
        data = [{"i": i, "expected": f"{i}!"} for i in range(n)]
        names = [lab.Target(one, model=f"sim/{one}") for one in models]
        more = {"client": self.client, "progress": False, **more}
        return lab.compare("{{ i }}", names, data, **more)

    def logged(self) -> float:
        logs = self.client.logs(limit=1000)
        return float(logs.loc[logs["model"] == "judge", "cost"].sum())


def alphabet(first: str, second: str) -> str:
    return "first" if first < second else "second"


def by_item(first: str, second: str) -> str:
    """0: a wins; 1: b wins; 2: a tie; 3: first; 4: second; 5: first, or a tie."""
    item = int(first[-1])
    one, two = ("first", "second") if first < second else ("second", "first")
    return [one, two, "tie", "first", "second", one if first < second else "tie"][item]


def test_both_orders_are_asked_and_disagreement_is_a_tie(tmp_path: Path) -> None:
    bench = Bench(tmp_path, by_item)
    votes = bench.run().pairwise(bench.pairs)
    assert len(bench.seen) == 12
    assert votes["winner_ab"].tolist() == ["a", "b", "tie", "a", "b", "a"]
    assert votes["winner_ba"].tolist() == ["a", "b", "tie", "b", "a", "tie"]
    assert votes["winner"].tolist() == ["a", "b", "tie", "tie", "tie", "tie"]
    assert votes["flipped"].tolist() == [False, False, False, True, True, True]
    assert votes["item"].tolist() == list(range(6))
    assert set(votes["a"]) == {"a"}
    assert set(votes["b"]) == {"b"}
    assert votes["prompt"].tolist() == ["prompt"] * 6


def test_the_judge_sees_the_question_the_reference_and_both(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    bench.run(1).pairwise(bench.pairs)
    about = {"question": [{"role": "user", "content": "0"}], "expected": "0!"}
    assert bench.seen == [
        {**about, "first": "a 0", "second": "b 0"},
        {**about, "first": "b 0", "second": "a 0"},
    ]


def test_rates_are_those_counted_by_hand(tmp_path: Path) -> None:
    bench = Bench(tmp_path, by_item)
    votes = bench.run().pairwise(bench.pairs)
    for rate, hits, n in (
        (votes.flip_rate, 3, 6),
        (votes.tie_rate, 4, 6),
    ):
        wilson = binomtest(hits, n).proportion_ci(method="wilson")
        assert rate.n == n
        assert rate.rate == pytest.approx(hits / n)
        assert rate.ci_low == pytest.approx(wilson.low)
        assert rate.ci_high == pytest.approx(wilson.high)
    # First: items 0 and 1 once of two each, item 3 twice, 4 never, 5 the only one.
    assert votes.first_rate.n == 9
    assert votes.first_rate.rate == pytest.approx((1 + 1 + 2 + 0 + 1) / 9)
    assert votes.favours is None
    assert "50 %" in votes.sentence


@pytest.mark.parametrize("position", ["first", "second"])
def test_a_judge_that_goes_by_position_is_found_out(
    tmp_path: Path, position: str
) -> None:
    bench = Bench(tmp_path, lambda first, second: position)
    votes = bench.run(10).pairwise(bench.pairs)
    assert votes.flip_rate.rate == 1.0
    assert votes.tie_rate.rate == 1.0
    assert votes.favours == position
    assert f"favours what stands {position}" in repr(votes)


def test_what_it_costs_is_told_and_never_paid_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    r = bench.run()
    votes = r.pairwise(bench.pairs)
    assert votes.cost == pytest.approx(bench.logged(), abs=1e-12)
    assert votes["cost"].sum() == pytest.approx(votes.cost)
    told = votes.attrs["judges"]["pairwise_judge"]
    assert (told["calls"], told["from_ledger"]) == (12, 0)
    assert told["cost"] == pytest.approx(votes.cost)
    again = r.pairwise(bench.pairs)
    assert len(bench.seen) == 12
    assert again.attrs["judges"]["pairwise_judge"]["cost"] == 0.0
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(votes))


def test_all_pairs_are_judged_and_ranked(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    votes = bench.run(4, "cab").pairwise(bench.pairs)
    pairs = list(dict.fromkeys(zip(votes["a"], votes["b"], strict=True)))
    assert pairs == list(combinations("cab", 2))
    assert len(votes) == 12
    ranking = votes.ranking()
    assert ranking["name"].tolist() == ["a", "b", "c"]
    assert ranking["win_rate"].tolist() == [1.0, 0.5, 0.0]
    pd.testing.assert_frame_equal(ranking, strengths(pd.DataFrame(votes)))


def test_one_can_be_judged_against_all_others(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    r = bench.run(1, "abc")
    for how, pairs in (
        ({"a": "b"}, [("b", "a"), ("b", "c")]),
        ({"b": "b"}, [("a", "b"), ("c", "b")]),
        ({"a": "c", "b": "a"}, [("c", "a")]),
    ):
        votes = r.pairwise(bench.pairs, **how)
        assert list(zip(votes["a"], votes["b"], strict=True)) == pairs


def test_repeats_and_prompts_are_matched(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    data = [{"i": 1}]
    models = [lab.Target(one, model=f"sim/{one}") for one in "ab"]
    prompts = {"plain": "{{ i }}", "kind": "please {{ i }}"}
    how = {"client": bench.client, "progress": False, "repeat": 2}
    r = lab.compare(prompts, models, data, **how)
    votes = r.pairwise(bench.pairs)
    assert votes[["prompt", "run"]].astype(str).values.tolist() == [
        ["plain", "0"],
        ["plain", "1"],
        ["kind", "0"],
        ["kind", "1"],
    ]
    by_prompt = r.pairwise(bench.pairs, by="prompt")
    assert set(by_prompt["a"]) == {"plain"}
    assert set(by_prompt["model"]) == {"a", "b"}
    assert bench.seen[-1].keys() == {"variables", "first", "second"}
    assert len(by_prompt) == 4


def test_the_same_answer_twice_is_asked_once_and_a_tie(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    frame = bench.run(1).df.assign(output="same")
    votes = lab.Results(frame, {}).pairwise(bench.pairs)
    assert len(bench.seen) == 1
    assert votes["winner"].tolist() == ["tie"]
    assert votes["cost"][0] == pytest.approx(bench.logged(), abs=1e-12)


def test_a_verdict_that_is_none_is_no_vote(tmp_path: Path) -> None:
    def unsure(first: str, second: str) -> str:
        return "both" if first.startswith("a 1") else alphabet(first, second)

    bench = Bench(tmp_path, unsure)
    votes = bench.run(3).pairwise(bench.pairs)
    assert votes["winner"].isna().tolist() == [False, True, False]
    assert votes["flipped"].isna().tolist() == [False, True, False]
    assert "no verdict" in votes["reason"][1]
    assert votes.flip_rate.n == 2
    assert "1 without a verdict" in votes.sentence
    assert votes.ranking()["n_votes"].tolist() == [2, 2]


def test_what_makes_no_sense_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    r = bench.run(1)
    for how, says in (
        ({"a": "x"}, "'x' is not in 'model'"),
        ({"a": "a", "b": "a"}, "compared with itself"),
        ({"by": "colour"}, "not a factor"),
    ):
        with pytest.raises(lab.ConfigError, match=says):
            r.pairwise(bench.pairs, **how)
    with pytest.raises(lab.ConfigError, match="pairwise_judge"):
        r.pairwise(lab.judge("sim/judge", "Nicer?"))  # type: ignore[arg-type]
    unknown = lab.pairwise_judge("sim/jugde", "Nicer?", client=bench.client)
    with pytest.raises(lab.ConfigError, match="sim/jugde"):
        r.pairwise(unknown)
    with pytest.raises(lab.ConfigError, match="PairwiseJudge"):
        r.score(bench.pairs)
    assert bench.seen == []


def test_one_model_has_no_pairs(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    votes = bench.run(2, "a").pairwise(bench.pairs)
    assert len(votes) == 0
    assert votes.flip_rate.rate is None
    assert votes.cost is None
    assert "0 pairs" in repr(votes)


def test_what_is_no_verdict_is_counted_in_each_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda one, two: "first" if one > two else "neither")
    votes = bench.run(3).pairwise(bench.pairs)
    assert votes["winner"].isna().all()
    assert votes.attrs["judges"]["pairwise_judge"]["unreadable"] == 3
    assert "3 answers of the judge cannot be read" in votes.sentence


def test_any_frame_can_be_judged(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alphabet)
    frame = pd.DataFrame({"model": ["a", "b"], "item": 1, "output": ["a 1", "b 1"]})
    votes = frame.lab.pairwise(bench.pairs)
    assert votes["winner"].tolist() == ["a"]


def test_what_is_shown_is_escaped(tmp_path: Path) -> None:
    votes = Votes({"item": [1], "a": ["<b>"], "b": ["y"], "winner": ["<b>"]})
    votes["winner_ab"] = votes["winner_ba"] = votes["winner"]
    votes["flipped"], votes["cost"] = False, np.nan
    assert "<b>" not in votes._repr_html_()
