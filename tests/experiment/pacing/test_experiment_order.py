"""Cells of an item stay together; whoever is first is drawn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from respan_lab.experiment.pacing.order import asking_order


def _cells(n_targets: int, n_items: int, n_runs: int) -> list[Any]:
    return [
        SimpleNamespace(run=run, item=SimpleNamespace(id=item))
        for _ in range(n_targets)
        for item in range(n_items)
        for run in range(n_runs)
    ]


@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 2), st.integers(0, 5))
def test_each_is_asked_once_beside_the_others_of_its_item(
    n_targets: int, n_items: int, n_runs: int, seed: int
) -> None:
    cells = _cells(n_targets, n_items, n_runs)
    order = asking_order(cells, range(len(cells)), seed=seed)
    assert sorted(order) == list(range(len(cells)))
    for start in range(0, len(order), n_targets):
        together = [cells[at] for at in order[start : start + n_targets]]
        assert len({(cell.run, cell.item.id) for cell in together}) == 1
    assert order == asking_order(cells, range(len(cells)), seed=seed)


def test_another_seed_is_another_order() -> None:
    cells = _cells(1, 50, 1)
    orders = [asking_order(cells, range(50), seed=seed) for seed in (0, 1)]
    assert orders[0] != orders[1] != list(range(50)) != orders[0]


def test_only_what_is_asked_for_is_in_it() -> None:
    assert sorted(asking_order(_cells(2, 5, 1), [1, 6, 3], seed=0)) == [1, 3, 6]
