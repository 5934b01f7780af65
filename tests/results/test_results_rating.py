"""A rater's way through a vote, and the file it is kept in."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa
from test_results_ballots import made

import respan_lab as lab
from respan_lab.results import Results, build_frame
from respan_lab.results.agreement import Both, kappa
from respan_lab.results.ballots import drawn_ballots
from respan_lab.results.rating import Rating
from respan_lab.results.ratings_file import RatingsFile
from respan_lab.results.statistics.rates import wilson
from respan_lab.results.votes_frame import Votes

N = 4  # items of two models, and so pairs; one more is identical
BALLOTS = drawn_ballots(made("xy", N + 1, same=1), rater="ann")
ASKED = [one for one in BALLOTS if not one.is_same]
STEPS = ["first", "second", "tie", "skip", "undo", "restart", "revisit"]


def rating(path: Path, rater: str = "ann") -> Rating:
    return Rating(BALLOTS, RatingsFile(path), rater=rater, by="model")


class Model:
    """The same with a list: what was said, one after the other."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.again: list[int] = []

    @property
    def current(self) -> int | None:
        done = {at for at, _ in self.said}
        left = [at for at in range(N) if at not in done]
        return (left or self.again or [None])[0]  # type: ignore[list-item]

    def verdict(self, at: int) -> str | None:
        return ([v for each, v in self.said if each == at] or [None])[-1]  # type: ignore[list-item]

    def step(self, what: str) -> None:
        if what == "restart":
            self.again = []
        elif what == "revisit":
            self.again = [at for at in range(N) if self.verdict(at) == "skip"]
        elif what == "undo":
            if self.said:
                at, _ = self.said.pop()
                if self.verdict(at) is not None:
                    self.again = [at] + [one for one in self.again if one != at]
        elif (at_now := self.current) is not None:
            self.said.append((at_now, what))
            self.again = [one for one in self.again if one != at_now]


@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_any_steps_and_restarts_give_what_a_simple_list_gives(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.jsonl"
        rated, model = rating(path), Model()
        for what in steps:
            if what == "restart":
                rated = rating(path)
            elif what == "revisit":
                rated.revisit()
            elif what == "undo":
                assert rated.undo() == bool(model.said)
            elif rated.current is not None:
                rated.decide(what)  # type: ignore[arg-type]
            model.step(what)
            at = model.current
            assert rated.current == (None if at is None else ASKED[at])
            expected = {ASKED[i].id: model.verdict(i) for i in range(N)}
            told = {k: s.verdict for k, s in rated.said.items() if s.verdict != "same"}
            assert told == {k: v for k, v in expected.items() if v is not None}
            assert rated.progress.skipped == list(expected.values()).count("skip")
        again = rating(path)
        assert again.said == rated.said
        assert again.progress == rated.progress


def test_identical_answers_count_as_they_are_passed(tmp_path: Path) -> None:
    rated = rating(tmp_path / "v")
    assert rated.said == {}
    for _ in range(N):
        rated.decide("first")
    ties = [name for name, one in rated.said.items() if one.verdict == "same"]
    assert ties == [one.id for one in BALLOTS if one.is_same]
    assert rated.progress == (N, N, 0, 1)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_cut_off_by_a_crash_is_told_and_harms_no_other(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "v"
    rated = rating(path)
    rated.decide("first")
    whole = path.read_bytes()
    rated.decide("tie")
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    again = rating(path)
    assert (again.unreadable, again.progress.decided) == (1, 1)
    again.decide("second")
    once_more = rating(path)
    assert (once_more.unreadable, once_more.progress.decided) == (1, 2)


def test_several_raters_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "v"
    ann, bob = rating(path), rating(path, "bob")
    ann.decide("first")
    bob.decide("second")
    bob.undo()
    bob.decide("tie")
    assert [s.verdict for s in rating(path).said.values()].count("first") == 1
    assert "tie" in {s.verdict for s in rating(path, "bob").said.values()}
    assert rating(path, "bob").progress.decided == 1


def test_the_file_holds_no_answer_and_says_what_was_compared(tmp_path: Path) -> None:
    path = tmp_path / "v"
    rated = rating(path)
    rated.decide("skip")
    line = json.loads(path.read_text().splitlines()[0])
    assert line["verdict"] == "skip"
    assert {line["a"], line["b"]} == {"x", "y"}
    assert line["first"] in ("x", "y")
    assert (line["key_a"], line["rater"]) == (f"x{line['item']}", "ann")
    assert "says" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_what_cannot_be_written_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    rated = rating(path / "v")
    path.write_text("a file where a folder should be")
    with pytest.raises(lab.ConfigError, match="not counted"):
        rated.decide("first")
    assert rated.progress.decided == 0
    path.unlink()
    rated.decide("first")
    assert rating(path / "v").progress.decided == 1


def _results(n: int = 6) -> Results:
    rows = [
        {"model": m, "item": i, "run": 0, "status": "ok", "key": f"{m}{i}"}
        | {"output": f"{m} says {i}"}
        for i in range(n)
        for m in ("x", "y")
    ]
    return Results(build_frame(rows, models=["x", "y"], prompts=[]))


def test_votes_are_read_back_as_a_judges(tmp_path: Path) -> None:
    r, path = _results(), tmp_path / "v.jsonl"
    ann = lab.Rater(r, rater="ann", path=path)
    for verdict in ("first", "first", "second", "tie", "skip"):
        ann.decide(verdict)
    votes = r.ratings(path)
    assert votes.equals(ann.votes)
    assert list(votes["rater"].unique()) == ["ann"]
    assert votes["winner"].isna().sum() == 1
    first = votes["winner_ab"].notna() ^ votes["winner_ba"].notna()
    assert first.sum() == 4
    assert votes.flip_rate == (None, None, None, 0)
    assert votes.first_rate.rate == pytest.approx(2 / 3)
    assert votes.first_rate.n == 3
    assert votes.cost is None
    ranking = votes.ranking()
    wins = votes["winner"].value_counts()
    share = {n: (wins.get(n, 0) + wins["tie"] / 2) / 4 for n in "xy"}
    assert dict(zip(ranking["name"], ranking["win_rate"], strict=True)) == share
    assert "5 votes of 1 rater" in votes.sentence
    assert "changed with the order" not in votes.sentence
    turned = lab.Rater(r, "y", "x", rater="ann", path=path)
    assert turned.votes.set_index("item")["winner"].to_dict() == (
        votes.set_index("item")["winner"].to_dict()
    )


def test_votes_on_other_answers_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    lab.Rater(_results(6), path=path).decide("first")
    other = _results(6)
    other.df["output"] = other.df["output"] + "!"
    votes = other.ratings(path)
    assert len(votes) == 0
    assert "1 more vote on other answers" in votes.sentence
    with pytest.raises(lab.ConfigError, match="there are those of 'me'"):
        other.ratings(path, rater="bob")


def _votes(winners: list[str | None], **more: object) -> Votes:
    frame = {"item": range(len(winners)), "a": "x", "b": "y", "winner": winners}
    return Votes(pd.DataFrame({**frame, **more}))


VERDICT = st.sampled_from(["x", "y", "tie"])


@given(st.lists(st.tuples(VERDICT, VERDICT), min_size=1, max_size=30))
def test_agreement_is_that_of_statsmodels(pairs: list[tuple[str, str]]) -> None:
    one, two = (_votes(list(each)) for each in zip(*pairs, strict=True))
    found = one.agreement(two.rename(columns={"a": "b", "b": "a"}))
    same = sum(a == b for a, b in pairs)
    low, high = wilson(same / len(pairs), len(pairs))
    assert found[:4] == pytest.approx((same / len(pairs), low, high, len(pairs)))
    names = ["x", "y", "tie"]
    table = [[pairs.count((a, b)) for b in names] for a in names]
    used = {name for pair in pairs for name in pair}
    if len(used) == 1:
        assert found.kappa is None
    else:
        assert found.kappa == pytest.approx(
            cohens_kappa(table, return_results=False), abs=1e-9
        )


def test_only_what_both_decided_counts() -> None:
    one, two = _votes(["x", None, "tie", "y"]), _votes(["x", "x", None, "tie"])
    assert one.agreement(two)[::3] == (0.5, 2)
    asked = _votes(["x", "tie"], winner_ab=["x", None], winner_ba=[None, None])
    assert asked.agreement(_votes(["x", "tie"])).n == 1
    with pytest.raises(lab.ConfigError, match="two votes on x and y"):
        one.agreement(_votes(["x"] * 2, item=[0, 0]))


def test_kappa_pools_pairs_of_levels() -> None:
    # Each rater always says x of (x, y), and z of (y, z): chance alone agrees always.
    sure = [Both(0, ("x", "y"), "x", "x"), Both(0, ("y", "z"), "z", "z")] * 3
    assert kappa(sure) is None
