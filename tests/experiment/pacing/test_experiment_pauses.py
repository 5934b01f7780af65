"""The garbage collector is left as it was found, whatever happens meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from respan_lab.experiment.pacing.pauses import no_collections, short_pauses


@pytest.fixture(autouse=True)
def _own_collector() -> Iterator[None]:
    was = gc.get_threshold()
    yield
    gc.set_threshold(*was)
    gc.unfreeze()
    gc.enable()


def _young() -> int:
    return gc.get_threshold()[0]


def test_it_collects_less_often_for_a_while() -> None:
    before = gc.get_threshold()
    with short_pauses():
        assert _young() > before[0]
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("young", [0, 50_000])
def test_one_who_collects_more_seldom_or_never_has_it_so(young: int) -> None:
    gc.set_threshold(young)
    with short_pauses():
        assert _young() == young
    assert _young() == young


def test_what_somebody_else_has_frozen_stays_so() -> None:
    gc.freeze()
    before = gc.get_threshold()
    with short_pauses():
        assert gc.get_threshold() == before
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize("is_on", [True, False])
def test_no_collections_are_made_and_then_as_before(is_on: bool) -> None:
    (gc.enable if is_on else gc.disable)()
    with no_collections():
        assert not gc.isenabled()
    assert gc.isenabled() is is_on
