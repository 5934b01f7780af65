"""Fewer pauses while calls are timed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_collections", "short_pauses"]


@contextmanager
def short_pauses() -> Iterator[None]:
    """Keep the garbage collector from what was there before.

    A full collection walks every object of the process, price lists included, and
    stops all calls in flight meanwhile: with 256 of them that showed as tens of
    milliseconds of latency. New garbage is collected as ever. Nothing is done if
    somebody else has frozen objects already.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
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
