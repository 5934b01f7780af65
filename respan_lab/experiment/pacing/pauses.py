"""Fewer pauses while calls are timed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_collections", "short_pauses"]


_YOUNG = 10_000  # objects; a call in flight is some hundred of them


@contextmanager
def short_pauses() -> Iterator[None]:
    """Keep the garbage collector from what was there before, and from calls in flight.

    A full collection walks every object of the process, price lists included, and
    stops all calls in flight meanwhile: with 256 of them that showed as tens of
    milliseconds of latency. New garbage is collected as ever, only not each time that
    some calls are begun at once: they leave none. Nothing is done if somebody else has
    frozen objects already.
    """
    if gc.get_freeze_count():
        yield
        return
    young, *older = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(young and max(young, _YOUNG), *older)  # 0 is never
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
        gc.unfreeze()


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the garbage collector away while very many objects are made.

    It would look through all of them again and again, and none of them is garbage.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
