"""What to do about a cell that has no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .wording import moment

if TYPE_CHECKING:
    from ..ledger.stories import CallStory
    from .cells import Cell

__all__ = ["advice"]


def advice(cell: Cell, call: CallStory | None) -> list[tuple[str, str]]:
    """Say what is known of a cell that has no answer, and what to do about it.

    Args:
        cell: The cell.
        call: The call that counts for it; None if there is none, or nobody knows.
    """
    status = cell.row["status"]
    rows = _unsure(cell, call) if status == "maybe_billed" else []
    if status == "skipped":
        rows += _skipped(cell)
    if status == "error":
        rows.append(("known", "it was refused or never sent, so it was not billed"))
        rows.append(("to do", "run again: what is answered is not asked again"))
    if cell.story is None:
        path = (cell.manifest.get("ledger") or {}).get("path")
        where = f"the ledger {path}" if path else "the run's ledger"
        told = f"{where} is not at hand, so this is what the frame alone has"
        rows.append(("left out", told))
    return rows


def _unsure(cell: Cell, call: CallStory | None) -> list[tuple[str, str]]:
    if call and call.is_in_flight:
        return [("known", f"it is on its way: the run {call.run_id} waits for it")]
    when = f" at {moment(call.sent_at)}" if call else ""
    look = f'client.logs(..., filters={{"custom_identifier": "{cell.key}"}})'
    return [
        ("known", f"it was sent{when}, and no answer reached us: it may be billed"),
        ("to do", f"look whether the gateway has it: {look}"),
        ("", 'to ask again, and maybe pay twice: run with maybe_billed="resend"'),
    ]


def _skipped(cell: Cell) -> list[tuple[str, str]]:
    reason = (cell.story and cell.story.skipped) or cell.row["error_type"] or "stopped"
    is_budget = reason == "budget"
    why = "the budget had no room for it" if is_budget else reason
    more = " with a higher budget=" if is_budget else ""
    return [
        ("known", f"it was not sent ({why}), so it cost nothing"),
        ("to do", f"run again{more}: what is answered is not asked again"),
    ]
