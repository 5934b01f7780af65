"""Two versions of a prompt in one experiment: what changed, and what that changed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.errors import ConfigError, PromptError
from respan_lab.results.versions_frame import ALL_MODELS

N = 40
DATA = [{"n": n, "expected": str(n)} for n in range(N)]
PRICES = {f"sim/{name}": {"input": 1.0, "output": 2.0} for name in ("good", "same")}
EVIL = "<script>alert(1)</script>"


def _number(messages: Any) -> tuple[int, str]:
    text = messages[-1]["content"]
    return int("".join(c for c in text if c.isdigit())), text


def _good(messages: Any, **params: Any) -> str:
    """Without a please right on even numbers, with one on all but 0."""
    n, text = _number(messages)
    if "please" in text:
        return f"no {EVIL}" if n == 0 else str(n)
    return str(n) if n % 2 == 0 else "no"


def _same(messages: Any, **params: Any) -> str:
    """Right on every third number whatever is said."""
    n, _ = _number(messages)
    return str(n) if n % 3 == 0 else "no"


@pytest.fixture
def client() -> Iterator[lab.Client]:
    functions = {"good": _good, "same": _same}
    gateway = lab.Gateway(seed=1, sim_time_scale=0, providers={"sim": functions})
    with lab.Client(gateway=gateway) as made:
        yield made


def _compared(client: lab.Client, **how: Any) -> Any:
    options = {"evaluators": "exact_match", **how}
    return lab.compare_versions(
        options.pop("old", lab.Prompt("Number {{ n }}", name="count", version=3)),
        options.pop(
            "new", lab.Prompt("Number {{ n }} please", name="count", version=4)
        ),
        options.pop("data", DATA),
        options.pop("models", ["sim/good", "sim/same"]),
        client=client,
        progress=False,
        prices=PRICES,
        **options,
    )


@pytest.fixture
def found(client: lab.Client) -> Any:
    return _compared(client)


def test_both_are_asked_in_one_run_and_told_apart(found: Any) -> None:
    frame = found.results.df
    assert len(frame) == 2 * 2 * N
    assert frame["run_id"].nunique() == 1
    assert set(zip(frame["prompt"], frame["prompt_version"], strict=True)) == {
        ("count@3", "3"),
        ("count@4", "4"),
    }
    assert (found.old, found.new) == ("count@3", "count@4")


def test_the_score_is_compared_by_item_for_each_model_and_for_all(found: Any) -> None:
    rows = found.comparison
    assert list(rows)[:4] == ["model", "metric", "a", "b"]
    scores = rows[rows["metric"] == "exact_match"].set_index("model")
    # Of 40 items, good wins 20 odd ones and loses the 0: 19 more of 40.
    assert scores["diff"].to_dict() == pytest.approx(
        {ALL_MODELS: 19 / 80, "sim/good": 19 / 40, "sim/same": 0.0}
    )
    assert scores.loc["sim/good", ["a", "b"]].tolist() == ["count@4", "count@3"]
    assert scores.loc["sim/good", "verdict"] == "better"
    assert scores.loc["sim/same", "verdict"] in ("tied", "undecided")
    own = found.results["sim/good"].compare("exact_match", "count@3", by="prompt")
    for name in ("diff", "ci_low", "ci_high", "p_value", "n_items"):
        assert scores.loc["sim/good", name] == own.loc[0, name]
    assert "sim/good, exact_match: 48 points better" in rows.sentences[3]


def test_cost_and_latency_are_ratios_of_new_to_old(found: Any) -> None:
    frame = found.results.df
    cost = frame[frame["model"] == "sim/same"].pivot(
        index="item", columns="prompt", values="cost"
    )
    logs = (cost["count@4"] / cost["count@3"]).map(math.log)
    rows = found.comparison.set_index(["model", "metric"])
    assert rows.loc[("sim/same", "cost"), "diff"] == pytest.approx(logs.mean())
    assert rows.loc[("sim/same", "cost"), "verdict"] == "worse"
    assert ("sim/good", "latency") in rows.index


@pytest.mark.parametrize("correction", ["holm", "bh", None])
def test_all_rows_are_one_family(client: lab.Client, correction: str | None) -> None:
    from statsmodels.stats.multitest import multipletests

    rows = _compared(client, correction=correction).comparison
    known = rows.dropna(subset=["p_value"])
    raw = known["p_value"].astype(float)
    names = {"holm": "holm", "bh": "fdr_bh"}
    expected = multipletests(raw, method=names[correction])[1] if correction else raw
    assert known["p_adjusted"].astype(float).tolist() == pytest.approx(list(expected))
    claimed = known["verdict"].isin(["better", "worse"])
    assert (known.loc[claimed, "p_adjusted"] < 0.05).all()
    assert claimed.any()


def test_the_answers_that_flipped(found: Any) -> None:
    rows = found.flipped
    assert len(rows) == 21
    assert rows["change"].tolist() == ["worse"] + ["better"] * 20
    assert set(rows["model"]) == {"sim/good"}
    assert rows["item"].tolist()[0] == 0
    assert sorted(rows["item"].tolist()[1:]) == list(range(1, N, 2))
    first = rows.iloc[0]
    assert (first["output_old"], first["output_new"]) == ("0", f"no {EVIL}")
    assert (bool(first["score_old"]), bool(first["score_new"])) == (True, False)
    frame = found.results.df.set_index("key")
    assert frame.loc[first["key_new"], "prompt"] == "count@4"
    assert rows.sentences == [
        "exact_match: 21 of 80 pairs of answers changed their score: 20 better, 1 worse"
    ]
    assert type(rows.head(1)) is pd.DataFrame


def test_numbers_that_moved_most_come_first_and_less_can_be_better(
    client: lab.Client,
) -> None:
    def far(output: str, expected: str) -> float:
        return abs(len(output) - 1) / 100

    far.lower_is_better = True  # type: ignore[attr-defined]
    rows = _compared(client, evaluators={"far": far}, models="sim/good").flipped
    sizes = (rows["score_new"] - rows["score_old"]).abs().tolist()
    assert sizes == sorted(sizes, reverse=True)
    assert rows["item"].tolist()[0] == 0
    assert rows["change"].tolist()[0] == "worse"
    assert (rows.loc[rows["score_new"] < rows["score_old"], "change"] == "better").all()


def test_several_scores_repeats_and_axes(client: lab.Client) -> None:
    found = _compared(
        client,
        models="sim/good",
        evaluators=["exact_match", "length"],
        repeat=2,
        params={"temperature": lab.grid(0, 1)},
        data=DATA[:6],
    )
    assert found.comparison["model"].unique().tolist() == ["sim/good"]
    assert {"exact_match", "cost", "latency"} < set(found.comparison["metric"])
    assert {"run", "param_temperature"} <= set(found.flipped)
    match = found.flipped[found.flipped["metric"] == "exact_match"]
    assert len(match) == 4 * 4  # the items 0, 1, 3, 5, twice at two temperatures
    one = _compared(client, metric="exact_match", evaluators=["exact_match", "length"])
    assert set(one.comparison["metric"]) == {"exact_match", "cost", "latency"}
    assert set(one.flipped["metric"]) == {"exact_match"}


def test_without_an_evaluator_cost_and_latency_are_left(client: lab.Client) -> None:
    found = _compared(client, evaluators=(), models="sim/good", data=DATA[:3])
    assert found.comparison["metric"].tolist() == ["cost", "latency"]
    assert len(found.flipped) == 0
    assert found.flipped.sentences == []
    assert found._repr_html_()


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"class", "style"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_shows_itself(found: Any) -> None:
    read = _Tags(found._repr_html_())
    assert "script" not in read.tags
    assert {"ins", "table", "mark", "ul"} <= read.tags
    for text in (repr(found), read.text, found.to_markdown()):
        assert "simulated" in text
        assert "48 points better" in text
        assert "count" in text
    assert "please" in repr(found)
    assert "{+ please+}" in repr(found)
    assert EVIL in read.text
    assert "and 1 more in" in read.text
    told = found.to_markdown()
    assert "    prompt 'count' version 3 → prompt 'count' version 4" in told
    assert EVIL not in told
    assert "… and 1 more pair of answers" in told


def test_versions_that_a_gateway_keeps_are_sent_by_id(client: lab.Client) -> None:
    kept = client.prompts.create("Counting")
    for template in ("Number {{ n }}", "Number {{ n }} please"):
        client.prompts.add_version(kept, template, model="sim/same", temperature=0.5)
        client.prompts.commit(kept)
    old, new = (client.prompts.get(kept, version=version) for version in (1, 2))
    found = _compared(client, old=old, new=new, models="sim/good")
    assert (found.old, found.new) == ("Counting@1", "Counting@2")
    assert found.results.df["prompt_version"].unique().tolist() == ["1", "2"]
    assert found.comparison["diff"][0] == pytest.approx(19 / 40)
    plan = lab.Experiment({"a": old}, "sim/good", DATA[:1]).plan(client)
    assert plan["request"][0]["prompt"]["prompt_id"] == kept
    draft = lab.Prompt("Number {{ n }}, please", name="Counting")
    found = _compared(client, old=old, new=draft, models="sim/good", data=DATA[:2])
    assert (found.old, found.new) == ("Counting (old)", "Counting (new)")


def test_the_same_is_not_compared_and_nothing_is_sent(client: lab.Client) -> None:
    one = lab.Prompt("Number {{ n }}", version=1)
    two = lab.Prompt("Number {{ n }}", version=2, name="other")
    with pytest.raises(ConfigError, match="nothing to compare"):
        _compared(client, old=one, new=two)
    with pytest.raises(ConfigError, match="nothing to compare"):
        _compared(client, old="Hi {{ n }}", new="Hi {{ n }}")
    with pytest.raises(ConfigError, match="margin=-1"):
        _compared(client, margin=-1)
    with pytest.raises(ConfigError, match="correction='x'"):
        _compared(client, correction="x")
    with pytest.raises(PromptError, match="language"):
        _compared(client, new="In {{ language }}")
    with pytest.raises(ConfigError, match="not a prompt"):
        _compared(client, new=3)
    with pytest.raises(ConfigError, match="metric='nope'") as caught:
        _compared(client, metric="nope", data=DATA[:2])
    assert len(caught.value.results) == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("a {{ n }}", "b {{ n }}", ("old", "new")),
        (lab.Prompt("1 {{ n }}", name="x"), "b {{ n }}", ("x (old)", "x (new)")),
        (
            lab.Prompt("1 {{ n }}", name="x"),
            lab.Prompt("2 {{ n }}", name="y"),
            ("x", "y"),
        ),
        (
            lab.Prompt("1 {{ n }}", version=1),
            lab.Prompt("2 {{ n }}", version="b"),
            ("prompt@1", "prompt@b"),
        ),
        (
            [{"role": "user", "content": "1 {{ n }}"}],
            lab.Prompt("2 {{ n }}", version=1),
            ("old", "new"),
        ),
    ],
)
def test_names(client: lab.Client, old: Any, new: Any, names: tuple[str, str]) -> None:
    found = _compared(client, old=old, new=new, data=DATA[:1], models="sim/same")
    assert (found.old, found.new) == names
    assert found.comparison["a"].unique().tolist() == [names[1]]


def test_it_can_be_awaited(client: lab.Client, found: Any) -> None:
    asking = lab.acompare_versions(
        lab.Prompt("Number {{ n }}", name="count", version=3),
        lab.Prompt("Number {{ n }} please", name="count", version=4),
        DATA,
        ["sim/good", "sim/same"],
        evaluators="exact_match",
        correction=None,
        client=client,
        progress=False,
    )
    again = asyncio.run(asking)
    same = ["model", "metric", "a", "b", "n_items", "diff"]
    scores = [
        each[each["metric"] == "exact_match"][same].to_dict("records")
        for each in (again.comparison, found.comparison)
    ]
    assert scores[0] == scores[1]
    raw = again.comparison
    assert raw["p_adjusted"].equals(raw["p_value"])


def test_answers_that_failed_are_no_flips(client: lab.Client) -> None:
    found = _compared(client, models=["sim/good", "sim/flaky"], data=DATA[:4])
    assert found._repr_html_()
    assert found.results.df["status"].notna().all()
