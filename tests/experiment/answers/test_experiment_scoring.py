from __future__ import annotations

import threading

import pytest

import respan_lab as lab

DATA = [{"word": word, "expected": word} for word in ("oui", "non", "si")]


@pytest.fixture
def client(tmp_path):
    with lab.Gateway(home=tmp_path, seed=1, sim_time_scale=0) as gateway:
        yield lab.Client(gateway=gateway)


def run(client, *evaluators, **params):
    asked = lab.Experiment(
        "Say {{ word }}.", "sim/small", DATA, params=params, evaluators=evaluators
    )
    return asked.run(client, progress=False)


def test_answers_that_came_before_are_scored_beside_each_other(client):
    together = threading.Barrier(len(DATA), timeout=30)

    def met(output):
        return together.wait() >= 0

    run(client)
    again = run(client, met)
    assert again.df["from_ledger"].all()
    assert again.df["score_met"].tolist() == [True] * len(DATA)


def test_a_row_has_every_column_for_an_evaluator(client):
    seen = []

    def look(row):
        seen.append(row)
        return row["logprob"] is None and row["latency"] is None

    results = run(client, look, n=2, temperature=1)
    # Totals stand on the first choice only.
    assert results.df["score_look"].tolist() == [False, True] * len(DATA)
    missing = set(results.df.columns) - set(seen[0])
    assert all(name.startswith(("score_", "note_", "parsed_")) for name in missing)


def test_the_manifest_says_of_which_scores_a_lower_one_is_better(client):
    results = run(client, "length", "exact_match", lab.evaluators.refusal)
    assert results.manifest["lower_is_better"] == ["length", "refusal"]
