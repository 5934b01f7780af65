"""The functions that show what each field and each header does, by name."""

from __future__ import annotations

from collections.abc import Callable

from contract_stage import Stage

Effect = Callable[[Stage], None]

OF_FIELDS: dict[str, Effect] = {}
OF_HEADERS: dict[str, Effect] = {}


def shows(effect: Effect) -> Effect:
    """Keep a function as the one that shows what the field of its name does."""
    assert effect.__name__ not in OF_FIELDS
    OF_FIELDS[effect.__name__] = effect
    return effect


def shows_header(name: str) -> Callable[[Effect], Effect]:
    """Keep a function as the one that shows what a header does."""

    def kept(effect: Effect) -> Effect:
        assert name not in OF_HEADERS
        OF_HEADERS[name] = effect
        return effect

    return kept
