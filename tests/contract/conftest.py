from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

# They hold assertions, and are no test modules.
_ASSERTING = ("stage", "table")
pytest.register_assert_rewrite(
    *(f"contract_{name}" for name in _ASSERTING),
    *(f"fields_{name}" for name in ("openai", "routing", "cache", "records")),
    "headers_all",
)

from contract_stage import Stage  # noqa: E402  # after its assertions are to be kept


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for a whole file: for tests that leave nothing behind."""
    made = Stage(tmp_path_factory.mktemp("gateway"))
    yield made
    made.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "gateway")
    yield made
    made.close()
