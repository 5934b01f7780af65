"""Runs that end once it is shown which target is better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import respan_lab as lab
from respan_lab import LedgerError
from respan_lab.results.sequence import mean_sequence, sequence_p_value

DATA = [{"t": f"item {n}", "expected": "yes"} for n in range(200)]
CALLS: Counter[str] = Counter()


def says(name: str, right: int) -> Any:
    """A model that is right on a share of the items, each in its own way."""

    def answer(messages: list[dict[str, Any]], **_: Any) -> str:
        CALLS[name] += 1
        number = int(messages[-1]["content"].split()[-1])
        return "yes" if (number * 37 + len(name)) % 100 < right else "no"

    return answer


@pytest.fixture
def client(tmp_path: Path) -> Iterator[lab.Client]:
    CALLS.clear()
    models = {
        "good": says("good", 90),
        "bad": says("bad", 40),
        "fine": says("fine", 88),
    }
    gateway = lab.Gateway(
        home=tmp_path, seed=1, sim_time_scale=0, providers={"sim": models}
    )
    with lab.Client(gateway=gateway) as made:
        yield made


def run(client: lab.Client, *models: str, **options: Any) -> lab.Results:
    how = {
        "evaluators": ["exact_match"],
        "stop": lab.Stop("exact_match"),
        "max_concurrency": 4,
        "progress": False,
        **options,
    }
    targets = [f"sim/{model}" for model in models]
    return lab.compare("{{ t }}", targets, DATA, client=client, **how)


def test_the_loser_is_asked_no_more_and_the_run_ends(client: lab.Client) -> None:
    r = run(client, "good", "bad")
    stop = r.manifest["stop"]
    n = len(stop["items"])
    assert stop["is_over"]
    assert stop["pairs"] == [
        {"a": "sim/good", "b": "sim/bad", "n_items": n, "winner": "sim/good"}
    ]
    assert n < 60
    # What was in flight is there, and no more: four at a time, and one told each.
    assert 2 * n <= CALLS.total() <= 2 * n + 2 * 4
    assert r.df["status"].eq("ok").sum() == CALLS.total()
    skipped = r.df[r.df["status"] == "skipped"]
    assert set(skipped["error_type"]) == {
        f"stop: worse than sim/good after {n} items",
        f"stop: decided after {n} items",
    }
    assert len(r) == 400


def test_the_others_are_asked_to_the_end(client: lab.Client) -> None:
    r = run(client, "good", "bad", "fine")
    assert not r.manifest["stop"]["is_over"]
    answered = r.df[r.df["status"] == "ok"]["model"].value_counts()
    assert answered["sim/good"] == answered["sim/fine"] == 200
    assert answered["sim/bad"] < 80


def test_going_on_asks_nothing_and_decides_the_same(client: lab.Client) -> None:
    first = run(client, "good", "bad")
    before = CALLS.total()
    again = run(client, "good", "bad")
    assert CALLS.total() == before
    assert again.manifest["stop"] == first.manifest["stop"]


def test_a_run_that_was_stopped_can_be_replayed(
    client: lab.Client, tmp_path: Path
) -> None:
    store = tmp_path / "tape.db"
    first = run(client, "good", "bad", mode="record", store=store)
    before = CALLS.total()
    again = run(client, "good", "bad", mode="replay", store=store)
    assert CALLS.total() == before
    assert again.manifest["stop"] == first.manifest["stop"]
    with pytest.raises(LedgerError, match="not in the recording"):
        run(client, "good", "bad", mode="replay", store=store, stop=None)


def test_the_first_items_decide_whatever_was_asked_before(client: lab.Client) -> None:
    first = run(client, "good", "bad", order_seed=3)
    run(client, "good", "bad", order_seed=8, fresh=True)
    # The ledger has items now that the order has late: they do not come first.
    again = run(client, "good", "bad", order_seed=3)
    assert again.manifest["stop"]["items"] == first.manifest["stop"]["items"]


def test_repeats_of_an_item_are_asked_together(client: lab.Client) -> None:
    r = run(client, "good", "bad", repeat=3)
    stop = r.manifest["stop"]
    assert stop["is_over"]
    answered = r.df[r.df["status"] == "ok"]
    counted = answered[answered["item"].isin(stop["items"])]
    assert len(counted) == 6 * len(stop["items"])


def test_what_calls_less_better_is_heard(client: lab.Client) -> None:
    def wrong(output: str, expected: str) -> bool:
        return output != expected

    wrong.lower_is_better = True  # type: ignore[attr-defined]  # the documented way
    r = run(client, "good", "bad", evaluators=[wrong], stop=lab.Stop("wrong"))
    assert r.manifest["stop"]["pairs"][0]["winner"] == "sim/good"


def test_the_results_say_what_was_decided_and_saved(client: lab.Client) -> None:
    prices = {
        f"sim/{name}": {"input": 10.0, "output": 10.0} for name in ("good", "bad")
    }
    r = run(client, "good", "bad", prices=prices)
    n = len(r.manifest["stop"]["items"])
    spared = 400 - CALLS.total()
    a_call = r.cost / CALLS.total()
    told = (
        f"stopped after {n} of 200 items: sim/good is better than sim/bad by "
        f"exact_match (95 % sure); {spared} calls saved, about ${spared * a_call:.3g}"
    )
    assert told[:-1] in repr(r)
    assert told[:-1] in r._repr_html_()


def test_equals_say_that_everything_was_asked(client: lab.Client) -> None:
    r = run(client, "good", "fine")
    assert "nothing was decided by exact_match, so everything was asked" in repr(r)


def test_a_score_that_is_no_share_ends_no_run(client: lab.Client) -> None:
    def length(output: str) -> int:
        return len(output)

    r = run(client, "good", "bad", evaluators=[length], stop=lab.Stop("length"))
    assert r.df["status"].eq("ok").all()
    assert "not stopped early: a score score_length is 3" in repr(r)


def counted(r: lab.Results, model: str, n: int | None = None) -> list[float]:
    """The scores that count, in their order."""
    by_item = r.df[r.df["model"] == model].set_index("item")["score_exact_match"]
    return [float(by_item[item]) for item in r.manifest["stop"]["items"][:n]]


def test_a_comparison_is_that_of_the_items_that_counted(client: lab.Client) -> None:
    r = run(client, "good", "bad", "fine")
    found = r.compare()
    verdicts = {(row.a, row.b): row.verdict for row in found.itertuples()}
    for pair in r.manifest["stop"]["pairs"]:
        expected = "undecided"
        if pair["winner"]:
            expected = "better" if pair["winner"] == pair["a"] else "worse"
        assert verdicts[pair["a"], pair["b"]] == expected
    first = found.iloc[0]
    n = r.manifest["stop"]["pairs"][0]["n_items"]
    differences = [
        a - b
        for a, b in zip(
            counted(r, "sim/good", n), counted(r, "sim/bad", n), strict=True
        )
    ]
    assert first["n_items"] == n
    assert first["diff"] == pytest.approx(sum(differences) / n)
    assert first["test"] == "betting sequence"
    assert first["p_adjusted"] == pytest.approx(3 * sequence_p_value(differences))
    assert first["p_adjusted"] < 0.05
    ends = mean_sequence(differences, level=1 - 0.05 / 3, low=-1, high=1)
    assert (first["ci_low"], first["ci_high"]) == pytest.approx(tuple(ends))
    assert "at all looks" in found.notes[0]


def test_other_metrics_are_compared_as_ever(client: lab.Client) -> None:
    found = run(client, "good", "fine").compare(["exact_match", "latency"])
    assert found["test"].tolist()[0] == "betting sequence"
    assert found["test"].tolist()[1] != "betting sequence"


def test_a_summary_has_the_interval_of_all_looks(client: lab.Client) -> None:
    r = run(client, "good", "fine")
    row = r.summary().iloc[0]
    low, high = mean_sequence(counted(r, "sim/good"))
    assert row["score_exact_match_ci_low"] == pytest.approx(low)
    assert row["score_exact_match_ci_high"] == pytest.approx(high)
    plain = run(client, "good", "fine", stop=None).summary().iloc[0]
    assert plain["score_exact_match_ci_low"] > low


def test_a_choice_goes_by_what_counted_too(client: lab.Client) -> None:
    choice = run(client, "good", "bad", "fine").choose(within=0.3)
    assert set(choice.comparisons["test"]) == {"betting sequence"}
    assert choice.may_be_best == ["sim/good", "sim/fine"]
