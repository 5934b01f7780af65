from __future__ import annotations

import asyncio
import threading

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import respan_lab as lab
from respan_lab.errors import ConfigError
from respan_lab.evaluators import (
    label,
    length,
    refusal,
    regex,
    score,
    similarity,
    within_cost,
    within_latency,
)
from respan_lab.results import Results
from respan_lab.results.rescoring import rescored
from respan_lab.results.score_columns import columns_of

DATA = [{"word": word, "expected": word} for word in ("oui", "non", "si")]


@pytest.fixture
def client(tmp_path):
    with lab.Gateway(home=tmp_path, seed=1, sim_time_scale=0) as gateway:
        yield lab.Client(gateway=gateway)


def asked(client, models=("sim/small", "sim/flaky"), **options):
    kept = {
        name: options.pop(name) for name in ("evaluators", "params") if name in options
    }
    experiment = lab.Experiment("Say {{ word }}.", list(models), DATA, **kept)
    return experiment.run(client, progress=False, retries=0, **options)


def scores_of(results):
    frame = results.df
    names = [n for n in frame.columns if n.startswith(("score_", "note_"))]
    return frame[names]


async def later(completion, variables):
    await asyncio.sleep(0)
    return completion.usage.total_tokens, str(variables)


def parts(output, row):
    return {"long": len(output), "told": (row["latency"] is not None, row["model"])}


def broken(output):
    raise KeyError(output)


EVERY = [
    "exact_match",
    "contains",
    "numeric",
    "refusal",
    "json_valid",
    "tool_called",
    length("words"),
    regex("[a-z]"),
    similarity(),
    within_latency(0.1),
    within_cost(1e-6),
    label(["oui", "non", "si"]),
    later,
    broken,
    parts,
]


def test_scores_are_those_of_the_run_itself(client):
    models = ("sim/small", "sim/large")
    scored = asked(client, models=models, evaluators=EVERY)
    plain = asked(client, models=models)
    again = plain.score(*EVERY)
    assert list(again.df.columns) == list(scored.df.columns)
    assert_frame_equal(scores_of(again), scores_of(scored))
    assert scores_of(scored).notna().any().sum() > len(EVERY)
    for name in ("evaluators", "lower_is_better"):
        assert again.manifest[name] == scored.manifest[name]
    assert again.manifest["lower_is_better"] == ["refusal", "length"]
    assert not list(scores_of(plain))
    assert plain.manifest["evaluators"] == []


def test_a_run_that_was_read_again_can_be_scored(client, tmp_path):
    run = asked(client)
    again = Results.load(tmp_path)
    assert_frame_equal(scores_of(again.score(*EVERY)), scores_of(run.score(*EVERY)))


def test_a_new_score_stands_after_the_others_and_an_old_one_where_it_was(
    results_of, call
):
    row = {"score_a": True, "note_a": "x", "score_b": 1.0}
    results = results_of(
        [call(item=at, **row) for at in range(2)], evaluators=["a", "b"]
    )
    results.df["mine"] = 7
    before = results.df.copy()
    again = results.score({"c": lambda output: (1, "new"), "a": lambda output: 0.5})
    assert list(again.df.columns)[-6:] == [
        "score_a",
        "note_a",
        "score_b",
        "score_c",
        "note_c",
        "mine",
    ]
    assert again.df["score_a"].tolist() == [0.5, 0.5]
    assert again.df["score_a"].dtype == "Float64"
    assert again.df["note_a"].isna().all()
    assert again.df["note_c"].dtype == "string"
    assert again.df["mine"].tolist() == [7, 7]
    assert again.manifest["evaluators"] == ["a", "b", "c"]
    assert_frame_equal(results.df, before)


def test_all_parts_of_an_evaluator_are_replaced(results_of, call):
    results = results_of([call()])
    first = results.score({"a": lambda output: {"x": 1, "y": (2, "why")}})
    assert [*scores_of(first)] == ["score_a_x", "score_a_y", "note_a_y", "note_a"]
    second = first.score({"a": lambda output: {"y": 3}})
    assert [*scores_of(second)] == ["score_a_y", "note_a"]
    assert [*scores_of(second.score({"a": lambda output: True}))] == [
        "score_a",
        "note_a",
    ]


@pytest.mark.parametrize(
    ("columns", "known", "owned"),
    [
        (["score_a", "note_a", "score_a_b", "note_a_b"], ["a", "a_b"], 2),
        (["score_a", "note_a", "score_a_b"], ["a"], 3),
        (["score_a", "note_a", "score_a_b"], [], 2),
        (["score_a_b", "note_a"], [], 2),
        (["score_a_b", "note_a", "score_a_b_c", "note_a_b"], ["a_b"], 1),
        (["score_ab", "note_ab", "output"], ["a"], 0),
    ],
)
def test_columns_are_those_of_the_evaluator_whose_name_fits_best(columns, known, owned):
    found = columns_of("a", pd.DataFrame(columns=columns), known)
    assert len(found) == owned


def test_what_turns_a_score_round_is_replaced_too(results_of, call):
    first = results_of([call()]).score("length", "refusal")
    both = lab.concat([first, first.score(length(at_most=9))], names=["a", "b"])
    again = both.score(length(at_most=9))
    assert both.manifest["runs"]["b"]["lower_is_better"] == ["refusal"]
    assert again.manifest["lower_is_better"] == []
    assert again.manifest["runs"]["a"]["lower_is_better"] == ["refusal"]
    assert first.manifest["lower_is_better"] == ["length", "refusal"]


def test_only_answers_are_scored(results_of, call, failed):
    seen = []

    def note(output):
        seen.append(output)
        return True

    results = results_of([call(item=0), failed(item=1), call(item=2, output="b")])
    again = results.score(note)
    assert sorted(seen) == ["b", "refund"]
    assert again.df["score_note"].isna().tolist() == [False, True, False]
    nothing = results_of([failed()]).score(note)
    assert [*scores_of(nothing)] == ["score_note"]
    assert len(results.query("item > 5").score(note)) == 0


def test_any_frame_with_answers_will_do():
    frame = pd.DataFrame(
        {"output": ["a", None, float("nan")], "expected": ["a", "b", "c"], "own": 1},
        index=[7, 7, 9],
    )
    scored, manifest = rescored(frame, {}, ["exact_match", "length"])
    assert list(scored.columns) == [
        *frame.columns,
        "score_exact_match",
        "note_exact_match",
        "score_length",
        "note_length",
    ]
    assert scored.index.tolist() == [7, 7, 9]
    assert scored["score_exact_match"].tolist() == [True, pd.NA, pd.NA]
    assert manifest == {
        "evaluators": ["exact_match", "length"],
        "lower_is_better": ["length"],
    }


def test_arguments_are_what_the_frame_has(results_of, call):
    calls = '[{"name": "weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}]'
    row = {"parsed": {"a": [1]}, "tool_calls": calls, "expected": "x", "var_q": "?"}
    results = results_of([call(item=0, **row), call(item=1)])
    given = []

    def note(**everything):
        given.append(everything)

    results.score({"note": note})
    first, second = sorted(given, key=lambda one: one["row"]["item"])
    assert first["output"] == "refund"
    assert first["expected"] == "x"
    assert first["parsed"] == {"a": [1]}
    assert first["tool_calls"][0].parsed == {"city": "Oslo"}
    assert first["variables"] == {"q": "?"}
    assert first["row"]["latency"] == 0.5
    assert first["row"]["time_to_first_token"] is None
    assert first["completion"] is None
    assert second["expected"] is second["parsed"] is None
    assert second["tool_calls"] == []
    assert second["variables"] == {"q": None}


def test_what_a_function_changes_is_its_own(results_of, call):
    def greedy(parsed, row, variables):
        parsed.clear()
        row.clear()
        variables.clear()
        return True

    results = results_of([call(parsed={"a": {"b": 1}}, var_q="?")])
    again = results.score(greedy, lab.field_match)
    assert results.df.loc[0, "parsed"] == {"a": {"b": 1}}
    assert again.df.loc[0, "parsed"] == {"a": {"b": 1}}


def text_of(completion):
    return completion is not None, completion and completion.text


def test_whole_answers_come_from_the_ledger(client, tmp_path):
    run = asked(client, models=["sim/small"])
    again = run.score(text_of)
    assert again.df["note_text_of"].tolist() == run.df["output"].tolist()
    elsewhere = Results(
        run.df, {**run.manifest, "ledger": {"path": str(tmp_path / "x")}}
    )
    assert elsewhere.score(text_of).df["score_text_of"].tolist() == [False] * 3
    no_ledger = tmp_path / "text.db"
    no_ledger.write_text("no ledger " * 1000)
    spoiled = Results(run.df, {**run.manifest, "ledger": {"path": str(no_ledger)}})
    assert spoiled.score(text_of).df["score_text_of"].tolist() == [False] * 3


def test_an_answer_is_that_of_its_own_run(client):
    warm = {"temperature": 1}
    old = asked(client, models=["sim/small"], params=warm)
    new = asked(client, models=["sim/small"], params=warm, fresh=True)
    both = lab.concat([new, old], names=["new", "old"])
    again = both.score(text_of)
    assert again.df["note_text_of"].tolist() == both.df["output"].tolist()
    assert again.summary()["score_text_of"].tolist() == [1.0, 1.0]


def test_choices_share_an_answer(client):
    run = asked(client, models=["sim/small"], params={"n": 2, "temperature": 1})
    count = run.score({"n": lambda completion, row: len(completion.choices)})
    assert count.df["score_n"].tolist() == [2.0] * 6


def test_plain_functions_run_beside_each_other(results_of, call):
    together = threading.Barrier(2, timeout=30)
    results = results_of([call(item=at) for at in range(2)])
    again = results.score({"met": lambda output: together.wait() >= 0})
    assert again.df["score_met"].tolist() == [True, True]


def test_async_functions_run_beside_each_other(results_of, call):
    waiting = []

    async def met(output):
        waiting.append(asyncio.get_running_loop().create_future())
        if len(waiting) == 2:
            for each in waiting:
                each.set_result(None)
        await asyncio.wait_for(waiting[-1], 30)
        return True

    results = results_of([call(item=at) for at in range(2)])
    assert results.score(met).df["score_met"].tolist() == [True, True]


def test_functions_may_call_a_model_themselves(client):
    run = asked(client, models=["sim/small"])

    def blocking(output):
        return len(client.chat("Hi", model="sim/small").text)

    def handed_on(output):
        return awaited(output)

    async def awaited(output):
        return len((await client.achat("Hi", model="sim/small")).text)

    again = run.score(blocking, handed_on, awaited).df
    assert (again["score_blocking"] > 0).all()
    assert again["score_blocking"].equals(again["score_handed_on"])
    assert again["score_blocking"].equals(again["score_awaited"])


def test_it_works_under_a_running_loop(results_of, call):
    async def one(output):
        return True

    async def cell():
        return results_of([call()]).score(one, "length", {"own": lambda output: 1})

    assert asyncio.run(cell()).df["score_one"].tolist() == [True]


def test_interrupts_are_not_notes(results_of, call):
    def stop(output):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results_of([call(item=at) for at in range(5)]).score(stop)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "there is no evaluator"),
        (([],), "there is no evaluator"),
        (("exact_mach",), "nearest: 'exact_match'"),
        (("length", length("words")), "two evaluators are named 'length'"),
        ((5,), "evaluator 5 is not known"),
    ],
)
def test_mistakes_are_told_before_anything_is_scored(results_of, call, given, said):
    with pytest.raises(ConfigError, match=said):
        results_of([call()]).score(*given)


def test_without_answers_there_is_nothing_to_score():
    with pytest.raises(ConfigError, match="no column 'output'"):
        rescored(pd.DataFrame({"text": ["a"]}), {}, ["length"])


def test_many_rows_are_scored_one_by_one(results_of, call):
    results = results_of([call(item=at, output=str(at)) for at in range(12_000)])
    again = results.score({"own": lambda output: int(output)}, "length")
    assert again.df["score_own"].tolist() == list(range(12_000))
    assert again.df["score_length"].tolist() == [len(str(at)) for at in range(12_000)]


def test_refusals_of_the_provider_are_seen_again(client):
    run = asked(client, models=["sim/small"])
    refused = run.score(refusal())
    context = {"output": run.df.loc[0, "output"], "row": {}}
    alone = score({"refusal": refusal()}, context)
    assert refused.df.loc[0, "score_refusal"] == alone["score_refusal"]
