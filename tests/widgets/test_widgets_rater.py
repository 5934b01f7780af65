"""The blind vote as a widget: what it shows, hears, hides and stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.results import Results, build_frame

NAMES = ("secret-alpha", "secret-omega")


def results(n: int = 3, **output: str) -> Results:
    rows = [
        {
            "model": model,
            "item": f"item {item}",
            "run": 0,
            "status": "ok",
            "key": f"key-{model[7]}-{item}",
            "var_question": f"How much is {item} + {item}?",
            "output": output.get(model[7:], f"{at + item * 2}"),
        }
        for item in range(n)
        for at, model in enumerate(NAMES)
    ]
    return Results(build_frame(rows, models=list(NAMES), prompts=[]))


def press(rater: lab.Rater, what: str) -> None:
    rater.hear({"do": what, "turn": rater.ballot["turn"]})


def test_keys_vote_and_the_next_pair_comes() -> None:
    rater = lab.Rater(results())
    seen = [tuple(rater.ballot["answers"])]
    for what in ("first", "tie", "skip"):
        press(rater, what)
        seen.append(tuple(rater.ballot["answers"]))
    assert len(set(seen)) == 4
    assert seen[-1] == ()
    assert rater.progress["text"] == "2 of 3, 1 skipped"
    press(rater, "undo")
    assert tuple(rater.ballot["answers"]) == seen[2]
    press(rater, "second")
    winner = rater.votes.set_index("key_a")["winner"]
    assert winner.notna().all()
    assert rater.problem == ""


def test_a_second_press_is_no_vote_on_a_pair_unseen() -> None:
    rater = lab.Rater(results())
    message = {"do": "first", "turn": rater.ballot["turn"]}
    rater.hear(message)
    rater.hear(message)
    assert rater.progress["decided"] == 1


def test_the_answer_that_was_chosen_wins() -> None:
    r = results(8)
    rater = lab.Rater(r)
    chosen = {}
    for at in range(8):
        texts, which = rater.ballot["answers"], at % 2
        chosen[texts[which]] = True
        press(rater, ("first", "second")[which])
    for row in rater.votes.to_dict("records"):
        key = row["key_a"] if row["winner"] == row["a"] else row["key_b"]
        text = r.df.set_index("key")["output"][key]
        assert text in chosen


def test_nothing_shown_tells_who_wrote_what_before_the_end() -> None:
    rater = lab.Rater(results())
    for _ in range(3):
        said = json.dumps(
            [
                {k: v for k, v in rater.get_state().items() if k not in ("_esm",)},
                rater._repr_mimebundle_()[0],
                repr(rater),
            ],
            default=str,
        )
        for secret in (*NAMES, "key-", "alpha", "omega"):
            assert secret not in said
        press(rater, "first")
    assert rater.result == {}
    press(rater, "reveal")
    assert {row[0] for row in rater.result["rows"]} == set(NAMES)
    assert "secret-" not in rater._repr_mimebundle_()[0]["text/html"]


def test_after_the_end_is_shown_the_vote_is_closed() -> None:
    rater = lab.Rater(results())
    press(rater, "reveal")
    assert "pairs left" in rater.problem
    for _ in range(3):
        press(rater, "skip")
    press(rater, "revisit")
    press(rater, "first")
    press(rater, "skip")
    press(rater, "skip")
    press(rater, "reveal")
    assert rater.result["rows"]
    press(rater, "undo")
    assert "closed" in rater.problem
    assert rater.progress["decided"] == 1


def test_simulated_models_are_labelled_at_the_end_alone() -> None:
    r = lab.compare(
        "Hi {{ n }}", ["sim/small", "sim/large"], [{"n": n} for n in range(4)],
        progress=False, client=lab.Client(gateway=lab.Gateway(seed=1)),
    )  # fmt: skip
    rater = lab.Rater(r)
    while rater.ballot["answers"]:
        assert "simulated" not in json.dumps([rater.ballot, rater.progress])
        press(rater, "first")
    press(rater, "reveal")
    assert "models: simulated" in rater.result["sentence"]


def test_what_was_asked_is_shown() -> None:
    rater = lab.Rater(results(1))
    assert rater.ballot["about"] == [{"role": "question", "text": "How much is 0 + 0?"}]


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    rater = lab.Rater(results(), path=path, rater="ann")
    press(rater, "first")
    again = lab.Rater(results(), path=path, rater="ann")
    assert again.ballot["answers"] == rater.ballot["answers"]
    assert again.progress == rater.progress
    assert lab.Rater(results(), path=path, rater="bob").progress["decided"] == 0


def test_a_torn_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    press(lab.Rater(results(), path=path), "first")
    with path.open("a") as file:
        file.write('{"v": 1, "rat')
    assert "1 line of" in lab.Rater(results(), path=path).notice


def test_a_vote_that_cannot_be_written_is_not_counted(tmp_path: Path) -> None:
    place = tmp_path / "place"
    rater = lab.Rater(results(), path=place / "v.jsonl")
    place.write_text("in the way")
    before = rater.ballot["answers"]
    press(rater, "first")
    assert "not counted" in rater.problem
    assert rater.ballot["answers"] == before
    assert rater.progress["decided"] == 0
    place.unlink()
    press(rater, "first")
    assert (rater.problem, rater.progress["decided"]) == ("", 1)


def test_identical_answers_are_not_asked_about() -> None:
    rater = lab.Rater(results(2, alpha="same", omega="same"))
    assert rater.ballot["answers"] == []
    assert rater.progress["text"] == "0 of 0, 2 identical, not asked"


def test_the_code_gives_the_same_state(tmp_path: Path) -> None:
    r = results(6)
    rater = lab.Rater(r, NAMES[1], rater="ann", path=tmp_path / "v.jsonl", seed=2, n=4)
    press(rater, "tie")
    space: dict[str, Any] = {"results": r}
    exec(rater.to_code(), space)
    again = space["rater"]
    pd.testing.assert_frame_equal(again.votes, rater.votes)
    assert again.ballot["answers"] == rater.ballot["answers"]
    assert again.to_code() == rater.to_code()
    assert "seed=2" in rater.to_code()
    assert "rater = lab.Rater(results)" in lab.Rater(r).to_code()


def test_a_picture_without_a_kernel_says_how_far(tmp_path: Path) -> None:
    rater = lab.Rater(results(), rater="<b>ann")
    html = rater._repr_mimebundle_()[0]["text/html"]
    assert "&lt;b&gt;ann" in html
    assert "0 of 3" in html
    assert repr(rater) == "Rater('<b>ann', 0 of 3)"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "n=0"),
        ({"rater": " "}, "rater=' '"),
        ({"a": "gpt"}, "'gpt' is not in"),
        ({"by": "colour"}, "no.* factor"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(lab.ConfigError, match=said):
        lab.Rater(results(), **wrong)
