"""The tables of saved prompts, and their rows as the objects of the contract."""

from __future__ import annotations

import getpass
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..failure import GatewayFailure

__all__ = [
    "SCHEMA",
    "VERSION_FIELDS",
    "dumped",
    "newest_of",
    "now",
    "prompt_of",
    "prompt_row",
    "seal",
    "version_of",
    "versions_of",
]

VERSION_FIELDS = (
    "messages",
    "model",
    "stream",
    "temperature",
    "max_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "verbosity",
    "seed",
    "thinking",
    "variables",
    "fallback_models",
    "load_balance_models",
    "tools",
    "tool_choice",
    "response_format",
    "json_schema",
    "is_enforcing_response_format",
)
"""What a version says about a call; what it does not say is None."""

SCHEMA = """
CREATE TABLE prompts (
    number INTEGER PRIMARY KEY,
    prompt_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    n_versions INTEGER NOT NULL DEFAULT 0,
    live INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE TABLE versions (
    prompt_id TEXT NOT NULL REFERENCES prompts (prompt_id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    prompt_version_id TEXT NOT NULL,
    description TEXT NOT NULL,
    fields TEXT NOT NULL,
    is_draft INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (prompt_id, version)
)
"""

_VERSION = (
    "SELECT versions.*, live = version AS is_live FROM versions "
    "JOIN prompts USING (prompt_id) WHERE prompt_id = ? "
)


def prompt_row(db: sqlite3.Connection, prompt_id: str) -> sqlite3.Row:
    """Find a prompt's row, or raise 404."""
    found = db.execute("SELECT * FROM prompts WHERE prompt_id = ?", (prompt_id,))
    row: sqlite3.Row | None = found.fetchone()
    if row is None:
        raise GatewayFailure(
            404,
            f"there is no prompt {prompt_id!r}: list the prompts, or create it",
            code="prompt_not_found",
            param="prompt_id",
        )
    return row


def prompt_of(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Give a prompt, with its newest and its live version."""
    prompt_id, live = row["prompt_id"], row["live"]
    return {
        "id": prompt_id,
        "prompt_id": prompt_id,
        "name": row["name"],
        "description": row["description"],
        "prompt_slug": None,
        "tags": [],
        "current_version": newest_of(db, prompt_id),
        "live_version": None if live is None else version_of(db, prompt_id, live),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def version_of(db: sqlite3.Connection, prompt_id: str, number: int) -> dict[str, Any]:
    """Give a version, or raise 404."""
    key = (prompt_id, number)
    row = db.execute(_VERSION + "AND version = ?", key).fetchone()
    if row is not None:
        return _shown(row)
    prompt_row(db, prompt_id)
    found = db.execute(_VERSION + "ORDER BY version", (prompt_id,)).fetchall()
    numbers = ", ".join(str(other["version"]) for other in found[-20:])
    raise GatewayFailure(
        404,
        f"prompt {prompt_id!r} has no version {number}; it has {numbers or 'none'}",
        code="version_not_found",
        param="version",
    )


def versions_of(db: sqlite3.Connection, prompt_id: str) -> list[dict[str, Any]]:
    """Give a prompt's versions, newest first."""
    found = db.execute(_VERSION + "ORDER BY version DESC", (prompt_id,))
    return [_shown(row) for row in found]


def newest_of(db: sqlite3.Connection, prompt_id: str) -> dict[str, Any] | None:
    """Give the newest version; None if there is none."""
    found = db.execute(_VERSION + "ORDER BY version DESC LIMIT 1", (prompt_id,))
    row = found.fetchone()
    return None if row is None else _shown(row)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    fields = json.loads(row["fields"])
    return {
        "id": row["prompt_version_id"],
        "prompt_version_id": row["prompt_version_id"],
        "version": row["version"],
        "description": row["description"],
        **{name: fields.get(name) for name in VERSION_FIELDS},
        "readonly": not row["is_draft"],
        "is_deployed": bool(row["is_live"]),
        "edited_by": fields.get("edited_by"),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def seal(db: sqlite3.Connection, prompt_id: str) -> None:
    """Make the draft, if there is one, read-only."""
    db.execute(
        "UPDATE versions SET is_draft = 0, updated_at = ? "
        "WHERE prompt_id = ? AND is_draft",
        (now(), prompt_id),
    )


def dumped(fields: Mapping[str, Any]) -> str:
    """Write down the fields that say something, and who says it."""
    signed = {**fields, "edited_by": _user()}
    return json.dumps({n: one for n, one in signed.items() if one is not None})


def _user() -> dict[str, str] | None:
    """Whose account this is, as the contract has people; None if the machine is mute.

    A gateway of one's own has no accounts, but its folder may be shared.
    """
    try:
        return {"first_name": getpass.getuser()}
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return None


def now() -> str:
    """Give the time as text."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
