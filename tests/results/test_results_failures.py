"""What goes wrong, by kind, and how often."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel
from statsmodels.stats.proportion import proportion_confint

import respan_lab as lab
from respan_lab.results.failures import KINDS

ALWAYS = ["refused", "truncated", "schema", "rate_limit", "timeout"]


def _of(r, kind, **where):
    found = r.failures[r.failures["kind"] == kind]
    for name, value in where.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found.to_dict("records")[0]


def test_a_run_without_faults_says_so_with_an_interval(call, results_of):
    r = results_of([call(item=at) for at in range(20)])
    found = r.failures
    assert list(found) == [
        *("model", "prompt", "kind", "n", "count", "rate", "ci_low", "ci_high")
    ]
    assert found["kind"].tolist() == ALWAYS
    assert found["count"].tolist() == [0] * 5
    assert found["n"].tolist() == [20, 20, 0, 20, 20]
    high = proportion_confint(0, 20, method="wilson")[1]
    assert found["ci_high"].tolist()[0] == pytest.approx(high)
    assert found["rate"].isna().tolist() == [False, False, True, False, False]
    assert found.dtypes["n"] == found.dtypes["count"] == "Int64"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("RateLimitError", "rate_limit"),
        ("APITimeoutError", "timeout"),
        ("APIConnectionError", "connection"),
        ("StreamError", "connection"),
        ("ServerError", "server"),
        ("UpstreamError", "server"),
        ("BadRequestError", "bad_request"),
        ("AuthenticationError", "other"),
        ("KeyError", "other"),
    ],
)
def test_an_error_is_of_one_kind(call, failed, results_of, error, kind):
    r = results_of([call(item=0), failed(item=1, error_type=error), call("b")])
    counts = r.failures[r.failures["count"] > 0]
    assert counts[["model", "kind", "count", "n"]].to_numpy().tolist() == [
        ["openai/gpt-4o-mini", kind, 1, 2]
    ]


def test_what_was_not_sent_or_not_answered_is_told_apart(call, failed, results_of):
    rows = [
        call(item=0),
        failed(item=1, status="skipped", error_type="budget"),
        failed(item=2, status="maybe_billed", error_type="APITimeoutError"),
        failed(item=3, status="maybe_billed", error_type="stopped"),
    ]
    r = results_of(rows)
    counts = {kind: (_of(r, kind)["count"], _of(r, kind)["n"]) for kind in ALWAYS}
    assert counts["timeout"] == (1, 3)
    assert counts["refused"] == (0, 1)
    assert _of(r, "maybe_billed")["count"] == 2
    assert (_of(r, "skipped")["count"], _of(r, "skipped")["n"]) == (1, 4)
    assert "other" not in r.failures["kind"].tolist()


def test_refusals_and_cut_off_answers_are_counted(call, results_of):
    rows = [
        call(item=0, output="I’m sorry, but I can’t help with that."),
        call(item=1, output="", finish_reason="content_filter"),
        call(item=2, output="one two thr", finish_reason="length"),
        call(item=3, output="I'm sorry to hear that. Here is what to do."),
    ]
    r = results_of(rows)
    assert (_of(r, "refused")["count"], _of(r, "refused")["n"]) == (2, 4)
    assert _of(r, "truncated")["count"] == 1
    scored = r.score("refusal")
    assert scored.failures.equals(r.failures)
    own = results_of([{**row, "score_refusal": True} for row in rows])
    assert _of(own, "refused")["count"] == 4


def test_repeats_of_an_item_are_not_new_items(call, results_of):
    told = {"output": "I can't help with that."}
    rows = [
        call(item=at, run=n, **(told if at < 2 else {}))
        for at in range(10)
        for n in range(5)
    ]
    found = _of(results_of(rows), "refused")
    assert (found["count"], found["n"], found["rate"]) == (10, 50, 0.2)
    low, high = proportion_confint(2, 10, method="wilson")
    assert found["ci_low"] == pytest.approx(low, abs=0.01)
    assert found["ci_high"] == pytest.approx(high, abs=0.02)


SCHEMA = {"type": "object", "required": ["city"]}
FORMS = {
    "json_object": {"type": "json_object"},
    "json_schema": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
}


@pytest.mark.parametrize(("form", "wrong"), [("json_object", 1), ("json_schema", 2)])
def test_what_does_not_fit_its_schema_is_counted(call, results_of, form, wrong):
    outputs = ['{"city": "Oslo"}', "{}", "no JSON", ""]
    rows = [call(item=at, output=text) for at, text in enumerate(outputs)]
    rows[3]["tool_calls"] = "[]"  # not an answer in words
    shared = results_of(rows, params={"response_format": FORMS[form]})
    of_target = results_of(
        rows, targets={rows[0]["model"]: {"response_format": FORMS[form]}}
    )
    told = json.dumps(FORMS[form])
    axis = results_of([{**row, "param_response_format": told} for row in rows])
    for r in (shared, of_target, axis):
        assert (_of(r, "schema")["count"], _of(r, "schema")["n"]) == (wrong, 3)


class City(BaseModel):
    city: str


def test_what_a_class_does_not_take_is_counted():
    answers = iter(['{"city": "Oslo"}', "Oslo, of course", '{"city": 3}'])
    gateway = lab.Gateway(
        providers={"sim": {"json": lambda messages, **_: next(answers)}}
    )
    r = lab.compare(
        "Where? {{ n }}",
        "sim/json",
        [{"n": n} for n in range(3)],
        params={"response_format": City},
        client=lab.Client(gateway=gateway),
        progress=False,
    )
    assert (_of(r, "schema")["count"], _of(r, "schema")["n"]) == (2, 3)
    # What was loaded without its manifest has the parsed answers to go by.
    again = lab.Results(r.df)
    assert (_of(again, "schema")["count"], _of(again, "schema")["n"]) == (2, 3)


def test_of_several_runs_each_has_its_rows(call, failed, results_of):
    both = lab.concat([results_of([call()]), results_of([failed()])], names=["x", "y"])
    assert _of(both, "rate_limit", run_name="x")["count"] == 0
    assert _of(both, "rate_limit", run_name="y")["count"] == 1


def test_kinds_are_in_order_and_explained():
    assert list(KINDS)[:5] == ALWAYS
    assert all(KINDS.values())
