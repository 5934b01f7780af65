from __future__ import annotations

import pytest

from respan_lab.results import summarize

WEIGHTED = {
    "load_balance_models": [
        {"model": "openai/gpt-4o-mini", "weight": 3},
        {"model": "sim/small", "weight": 1},
    ]
}


@pytest.fixture
def split(call):
    """Give calls of one list target, answered by the models named."""

    def make(target, answered):
        return [
            call(target, item, asked_model=None, answered_model=name)
            for item, name in enumerate(answered)
        ]

    return make


def test_a_weighted_list_shows_its_split_beside_its_weights(split, frame_of):
    answered = ["openai/gpt-4o-mini"] * 3 + ["sim/small"] * 2
    summary = summarize(
        frame_of(split("w", answered)), manifest={"targets": {"w": WEIGHTED}}
    )
    shares = [name for name in summary if name.startswith(("share_", "weight_"))]
    assert shares == [
        "share_openai/gpt-4o-mini",
        "weight_openai/gpt-4o-mini",
        "share_sim/small",
        "weight_sim/small",
    ]
    assert list(summary.loc[0, shares]) == [0.6, 0.75, 0.4, 0.25]


def test_a_model_that_was_never_picked_has_a_share_of_zero(split, frame_of):
    summary = summarize(
        frame_of(split("w", ["sim/small"])), manifest={"targets": {"w": WEIGHTED}}
    )
    assert summary.loc[0, "share_openai/gpt-4o-mini"] == 0


def test_a_dated_answer_counts_for_the_name_that_was_asked(split, frame_of):
    dated = ["gpt-4o-mini-2024-07-18", "sim/small"]
    summary = summarize(
        frame_of(split("w", dated)), manifest={"targets": {"w": WEIGHTED}}
    )
    assert summary.loc[0, "share_openai/gpt-4o-mini"] == 0.5


def test_one_model_of_two_providers_is_told_apart(call, frame_of):
    listed = {"models": ["azure/gpt-4o", "openai/gpt-4o"]}
    rows = [
        call("r", i, asked_model=None, answered_model=name, provider="openai")
        for i, name in enumerate(("gpt-4o", "gpt-4o-2024-08-06"))
    ]
    summary = summarize(frame_of(rows), manifest={"targets": {"r": listed}})
    assert summary.loc[0, "share_openai/gpt-4o"] == 1
    assert summary.loc[0, "share_azure/gpt-4o"] == 0


def test_the_same_model_listed_twice_adds_up(split, frame_of):
    twice = {"load_balance_models": [{"model": "a", "weight": 1}] * 2}
    summary = summarize(frame_of(split("w", ["a"])), manifest={"targets": {"w": twice}})
    assert summary.loc[0, "weight_a"] == 1


def test_a_router_list_has_shares_and_no_weights(split, frame_of):
    targets = {"a|b": {"models": ["a", "b"]}}
    summary = summarize(
        frame_of(split("a|b", ["a", "a", "b", "a"])), manifest={"targets": targets}
    )
    assert summary.loc[0, "share_a"] == 0.75
    assert not [name for name in summary if name.startswith("weight_")]


def test_without_a_manifest_a_call_that_asked_no_model_is_a_lists(split, frame_of):
    assert summarize(frame_of(split("a|b", ["a", "b"]))).loc[0, "share_b"] == 0.5


def test_a_list_has_no_share_of_models_that_are_not_on_it(split, frame_of):
    targets = {"w": WEIGHTED, "a|b": {"models": ["a", "b"]}}
    rows = [*split("w", ["sim/small"]), *split("a|b", ["a"])]
    summary = summarize(frame_of(rows), manifest={"targets": targets})
    assert summary["share_a"].isna().tolist() == [True, False]
    assert summary["share_b"].tolist()[1] == 0
    assert summary["share_sim/small"].isna().tolist() == [False, True]


def test_groups_of_several_lists_have_shares_and_no_weights(split, frame_of):
    targets = {"w": WEIGHTED, "a|b": {"models": ["a", "b"]}}
    rows = [*split("w", ["sim/small"]), *split("a|b", ["a"])]
    manifest = {"targets": targets}
    summary = summarize(frame_of(rows), by="prompt", manifest=manifest)
    assert summary.loc[0, "share_sim/small"] == 0.5
    assert not [name for name in summary if name.startswith("weight_")]


def test_single_models_have_no_share(call, split, frame_of):
    summary = summarize(frame_of([call("x"), *split("a|b", ["a", "b"])]))
    assert summary["share_a"].isna().tolist() == [True, False]
    assert not [name for name in summarize(frame_of([call()])) if "share_" in name]


def test_fallbacks_have_their_share(call, frame_of):
    targets = {"a>b": {"model": "a", "fallback_models": ["b"]}}
    rows = [call("a>b", asked_model="a", answered_model="b", substituted=True)]
    summary = summarize(frame_of(rows), manifest={"targets": targets})
    assert summary.loc[0, ["share_a", "share_b"]].tolist() == [0, 1]


def test_a_groups_own_list_has_weights_and_a_saved_one_none(split, frame_of):
    group = {"group_id": "g", "models": WEIGHTED["load_balance_models"]}
    rows = split("group:g", ["sim/small"])
    for fields, share, has_weights in (
        ({"load_balance_group": group}, 1, True),
        ({"load_balance_group": {"group_id": "g"}}, 1, False),
    ):
        manifest = {"targets": {"group:g": fields}}
        summary = summarize(frame_of(rows), manifest=manifest)
        assert summary.loc[0, "share_sim/small"] == share
        assert ("weight_sim/small" in summary) is has_weights


def test_failed_calls_have_no_part_in_the_split(split, failed, frame_of):
    lost = failed("a|b", 9, asked_model=None)
    summary = summarize(frame_of([*split("a|b", ["a", "b"]), lost]))
    assert summary.loc[0, "share_a"] == 0.5
