from __future__ import annotations

import inspect

import pytest

from respan_lab import wire


def test_the_names_are_sorted_and_there() -> None:
    upper = [name for name in wire.__all__ if name.isupper()]
    classes = [name for name in wire.__all__ if name[0].isupper() and name not in upper]
    functions = [name for name in wire.__all__ if name[0].islower()]
    assert wire.__all__ == upper + classes + functions
    assert all(hasattr(wire, name) for name in wire.__all__)


@pytest.mark.parametrize("name", [n for n in wire.__all__ if not n.isupper()])
def test_every_public_name_says_what_it_is(name: str) -> None:
    found = getattr(wire, name)
    assert inspect.getdoc(found)
    for member, value in vars(found).items() if inspect.isclass(found) else ():
        if not member.startswith("_") and isinstance(value, property):
            assert inspect.getdoc(value), f"{name}.{member}"
