"""`df.lab.ask`: a prompt for every row of any frame."""

from __future__ import annotations

import asyncio
import inspect

import pandas as pd
import pytest

import respan_lab as lab
import respan_lab.pandas  # registers the accessor
from respan_lab.errors import ConfigError, PromptError


def _echo(messages, **params):
    return f"<{messages[-1]['content']}>"


@pytest.fixture
def client():
    sims = {
        "echo": _echo,
        "loud": lambda messages, **_: messages[-1]["content"].upper(),
    }
    return lab.Client(
        gateway=lab.Gateway(providers={"sim": sims}, seed=1, sim_time_scale=0)
    )


@pytest.fixture
def ask(client):
    def ask(frame, template, models, **how):
        return frame.lab.ask(template, models, client=client, progress=False, **how)

    return ask


INDEXES = [
    pd.RangeIndex(3),
    pd.Index([5, 5, 2]),
    pd.Index(["b", None, "a"], name="who"),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 0)], names=["x", "y"]),
    pd.date_range("2026-01-01", periods=3),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_the_index_is_kept_whatever_it_is(ask, index):
    frame = pd.DataFrame({"word": ["x", "y", "x"], "n": [1, 2, 3]}, index=index)
    before = frame.copy(deep=True)
    asked = ask(frame, "{{ word }}{{ n }}", "sim/echo")
    pd.testing.assert_index_equal(asked.index, index)
    assert list(asked.columns) == ["word", "n", "answer", "answer_note"]
    assert asked["answer"].tolist() == ["<x1>", "<y2>", "<x3>"]
    assert asked["answer_note"].isna().all()
    assert str(asked.dtypes["answer"]) == str(asked.dtypes["answer_note"]) == "string"
    pd.testing.assert_frame_equal(asked[["word", "n"]], before)
    pd.testing.assert_frame_equal(frame, before)


def test_several_models_have_columns_each(ask):
    frame = pd.DataFrame({"item": ["x", "x"], "row": [1, 2]})  # names of ours
    asked = ask(frame, "{{ item }}{{ row }}", ["sim/echo", "sim/loud"], column="said")
    assert list(asked.columns) == [
        *("item", "row", "said_sim/echo", "said_sim/echo_note"),
        *("said_sim/loud", "said_sim/loud_note"),
    ]
    assert asked["said_sim/echo"].tolist() == ["<x1>", "<x2>"]
    assert asked["said_sim/loud"].tolist() == ["X1", "X2"]


def test_what_failed_is_missing_and_says_why(client):
    def picky(messages, **params):
        if "2" in messages[-1]["content"]:
            raise RuntimeError("no twos")
        return "fine"

    gateway = lab.Gateway(providers={"sim": {"picky": picky}}, sim_time_scale=0)
    with lab.Client(gateway=gateway) as own:
        asked = pd.DataFrame({"n": [1, 2]}).lab.ask(
            "{{ n }}", "sim/picky", client=own, progress=False, retries=0
        )
    assert asked["answer"].tolist() == ["fine", pd.NA]
    note = asked["answer_note"].tolist()
    assert note[0] is pd.NA
    assert note[1].startswith("error: ServerError: ")


def test_an_answer_that_was_cut_off_says_so(ask):
    asked = ask(
        pd.DataFrame({"n": [1]}), "Tell {{ n }}", "sim/small", params={"max_tokens": 2}
    )
    assert asked["answer"].notna().all()
    assert asked["answer_note"].tolist() == ["cut off: length"]


def test_the_results_are_at_hand(ask):
    frame = pd.DataFrame({"n": [1, 2], "expected": ["<1>", "no"]}, index=[4, 4])
    asked = ask(frame, "{{ n }}", "sim/echo", return_results=True)
    assert asked.frame["answer"].tolist() == ["<1>", "<2>"]
    assert asked.results.df["item"].tolist() == [0, 1]
    scored = asked.results.score("exact_match").df
    assert scored["score_exact_match"].tolist() == [True, False]


def test_a_frame_without_rows_is_not_sent(ask):
    frame = pd.DataFrame({"n": pd.Series([], dtype=int)})
    asked = ask(frame, "{{ n }}", "sim/echo")
    assert list(asked.columns) == ["n", "answer", "answer_note"]
    assert len(asked) == 0
    assert ask(frame, "{{ n }}", "sim/echo", return_results=True).results is None


def test_conversations_and_prompts_do_as_well(ask):
    frame = pd.DataFrame({"n": [1]})
    talk = [{"role": "system", "content": "s"}, {"role": "user", "content": "u{{ n }}"}]
    assert ask(frame, talk, "sim/echo")["answer"].tolist() == ["<u1>"]
    prompt = lab.Prompt("p{{ n }}", name="mine")
    assert ask(frame, prompt, "sim/echo")["answer"].tolist() == ["<p1>"]


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"template": ["{{ n }}", "{{ n }}!"]}, ConfigError, "asked 2 things"),
        ({"params": {"temperature": lab.grid(0, 1)}}, ConfigError, "asked 2 things"),
        ({"column": "n"}, ConfigError, "the frame has a column 'n'"),
        ({"template": "{{ m }}"}, PromptError, "m"),
        ({"budgett": 1}, ConfigError, "budgett"),
        ({"models": "sim/ecko"}, ConfigError, "sim/echo"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(ask, how, error, said):
    chosen = {"template": "{{ n }}", "models": "sim/echo", **how}
    with pytest.raises(error, match=said):
        ask(pd.DataFrame({"n": [1]}), **chosen)


def test_asking_again_costs_nothing(ask):
    frame = pd.DataFrame({"n": [1, 2]})
    first = ask(frame, "{{ n }}", "sim/echo", return_results=True)
    again = ask(frame.iloc[::-1], "{{ n }}", "sim/echo", return_results=True)
    assert again.results.df["from_ledger"].all()
    assert again.frame["answer"].tolist() == first.frame["answer"].tolist()[::-1]


def test_shift_tab_shows_the_options():
    names = inspect.signature(pd.DataFrame().lab.ask).parameters
    assert {"column", "params", "client", "budget", "store"} <= set(names)


def test_asking_can_be_awaited(client):
    frame = pd.DataFrame({"n": [1, 2]}, index=[7, 7])

    async def ask(**how):
        return await frame.lab.aask(
            "{{ n }}", "sim/echo", client=client, progress=False, **how
        )

    asked = asyncio.run(ask())
    assert asked["answer"].tolist() == ["<1>", "<2>"]
    assert asked.index.tolist() == [7, 7]
    both = asyncio.run(ask(return_results=True))
    pd.testing.assert_frame_equal(both.frame, asked)
    assert len(both.results) == 2
    ours, theirs = (inspect.signature(one) for one in (frame.lab.aask, frame.lab.ask))
    assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_rows_that_lack_a_value_are_named_with_what_to_do(ask, nothing):
    frame = pd.DataFrame({"word": ["a", nothing, "b", nothing]}, index=list("wxyz"))
    with pytest.raises(PromptError) as caught:
        ask(frame, "{{ word }}", "sim/echo")
    assert "2 of 4 rows without 'word', the first at index 'x'" in str(caught.value)
    assert caught.value.missing == ("word",)
    # Both ways out that it names.
    assert ask(frame.dropna(subset=["word"]), "{{ word }}", "sim/echo")[
        "answer"
    ].tolist() == ["<a>", "<b>"]
    filled = frame.fillna({"word": "unknown"})
    assert ask(filled, "{{ word }}", "sim/echo")["answer"].iloc[1] == "<unknown>"


def test_columns_need_one_level_and_a_name(ask):
    frame = pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_product([["u"], ["a", "b"]])
    )
    with pytest.raises(ConfigError, match="columns have 2 levels; give them one"):
        ask(frame, "Hi", "sim/echo")
    for column in ("", 5):
        with pytest.raises(ConfigError, match=f"column={column!r}: use a name"):
            ask(pd.DataFrame({"n": [1]}), "Hi", "sim/echo", column=column)
