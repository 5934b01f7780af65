"""Rows of the frame: which cell it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...results.run_plan import scalar

if TYPE_CHECKING:
    from ..planning.plan import Cell

__all__ = ["identity_row"]


def identity_row(cell: Cell, *, run_id: str, backend: str) -> dict[str, Any]:
    """The columns that say which cell it is."""
    return {
        "key": cell.key,
        "run_id": run_id,
        "model": cell.target.name,
        "asked_model": cell.target.model,
        "prompt": cell.prompt.name if cell.prompt else None,
        "prompt_version": _version(cell),
        "item": cell.item.id,
        "run": cell.run,
        "choice": 0,
        "gateway": backend,
        "expected": cell.item.expected,
        "from_ledger": False,
        **{f"param_{name}": scalar(value) for name, value in cell.point.items()},
        **{f"var_{name}": value for name, value in cell.item.variables.items()},
    }


def _version(cell: Cell) -> str | None:
    version = cell.prompt.prompt.version if cell.prompt else None
    return None if version is None else str(version)
