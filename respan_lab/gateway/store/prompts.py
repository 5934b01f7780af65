"""Saved prompts and their versions, in a SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ...errors import ConfigError
from ...storage.database import Database
from ...storage.file import File
from ..failure import GatewayFailure
from .prompt_rows import (
    SCHEMA,
    VERSION_FIELDS,
    dumped,
    newest_of,
    now,
    prompt_of,
    prompt_row,
    seal,
    version_of,
    versions_of,
)

__all__ = ["VERSION_FIELDS", "Picked", "PromptStore"]

T = TypeVar("T")


class Picked(NamedTuple):
    """A version for a request, as an object of the contract, and whose it is."""

    prompt_id: str
    name: str
    version: dict[str, Any]


class PromptStore:
    """The saved prompts of one gateway.

    The newest version of a prompt may be a draft, which can be changed. It becomes
    read-only when it is committed, or when another version is made. A read-only
    version can be deployed, and is then the live one. Numbers of versions are never
    used twice.

    Every method raises a `GatewayFailure`: 404 for a prompt or version that does not
    exist, 400 for what its state does not allow.

    Args:
        home: The gateway's folder; the file in it is `prompts.db`.
    """

    def __init__(self, home: Path) -> None:
        self._database = Database(File(home / "prompts.db", SCHEMA))

    async def aclose(self) -> None:
        """Close the file; it can still be used afterwards."""
        await self._database.aclose()

    async def create(self, name: str, *, description: str = "") -> dict[str, Any]:
        """Make a prompt without any version; give it."""

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            prompt_id, made_at = uuid.uuid4().hex, now()
            db.execute(
                "INSERT INTO prompts (prompt_id, name, description, created_at, "
                "updated_at) VALUES (?, ?, ?, ?, ?)",
                (prompt_id, name, description, made_at, made_at),
            )
            return prompt_of(db, prompt_row(db, prompt_id))

        return await self._write(work)

    async def prompts(self) -> list[dict[str, Any]]:
        """Give every prompt, newest first."""

        def work(db: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = db.execute("SELECT * FROM prompts ORDER BY number DESC").fetchall()
            return [prompt_of(db, row) for row in rows]

        return await self._read(work)

    async def prompt(self, prompt_id: str) -> dict[str, Any]:
        """Give a prompt, with its newest and its live version."""
        return await self._read(lambda db: prompt_of(db, prompt_row(db, prompt_id)))

    async def rename(
        self, prompt_id: str, *, name: str | None = None, description: str | None = None
    ) -> dict[str, Any]:
        """Change a prompt's name or description; None leaves it. Give the prompt."""

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            row = prompt_row(db, prompt_id)
            db.execute(
                "UPDATE prompts SET name = ?, description = ?, updated_at = ? "
                "WHERE prompt_id = ?",
                (
                    row["name"] if name is None else name,
                    row["description"] if description is None else description,
                    now(),
                    prompt_id,
                ),
            )
            return prompt_of(db, prompt_row(db, prompt_id))

        return await self._write(work)

    async def delete(self, prompt_id: str) -> None:
        """Delete a prompt and its versions."""

        def work(db: sqlite3.Connection) -> None:
            prompt_row(db, prompt_id)
            db.execute("DELETE FROM prompts WHERE prompt_id = ?", (prompt_id,))

        await self._write(work)

    async def add_version(
        self, prompt_id: str, fields: Mapping[str, Any], *, description: str = ""
    ) -> dict[str, Any]:
        """Make a draft; every earlier version becomes read-only.

        Args:
            prompt_id: Whose version.
            fields: Some of `VERSION_FIELDS`, already checked.
            description: What is new in it.

        Returns:
            The version.
        """

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            number, made_at = prompt_row(db, prompt_id)["n_versions"] + 1, now()
            seal(db, prompt_id)
            db.execute(
                "INSERT INTO versions VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
                (
                    *(prompt_id, number, uuid.uuid4().hex, description),
                    *(dumped(fields), made_at, made_at),
                ),
            )
            db.execute(
                "UPDATE prompts SET n_versions = ?, updated_at = ? WHERE prompt_id = ?",
                (number, made_at, prompt_id),
            )
            return version_of(db, prompt_id, number)

        return await self._write(work)

    async def versions(self, prompt_id: str) -> list[dict[str, Any]]:
        """Give a prompt's versions, newest first."""

        def work(db: sqlite3.Connection) -> list[dict[str, Any]]:
            prompt_row(db, prompt_id)
            return versions_of(db, prompt_id)

        return await self._read(work)

    async def version(self, prompt_id: str, number: int) -> dict[str, Any]:
        """Give a version by its number."""
        return await self._read(lambda db: version_of(db, prompt_id, number))

    async def pick(self, prompt_id: str, which: int | str | None) -> Picked:
        """Choose a version for a request.

        Args:
            prompt_id: Whose version.
            which: Its number; `"latest"` for the draft, else the newest version; None
                for the deployed one.
        """

        def work(db: sqlite3.Connection) -> Picked:
            row = prompt_row(db, prompt_id)
            if which == "latest":
                found = newest_of(db, prompt_id)
                if found is None:
                    raise _bad(f"prompt {prompt_id!r} has no versions yet: create one")
            else:
                number = row["live"] if which is None else int(which)
                if number is None:
                    raise _bad(
                        f"prompt {prompt_id!r} has no deployed version: commit and "
                        'deploy one, or ask for a version by its number or as "latest"',
                        code="prompt_not_deployed",
                    )
                found = version_of(db, prompt_id, number)
            return Picked(prompt_id, row["name"], found)

        return await self._read(work)

    async def update_version(
        self,
        prompt_id: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        description: str | None = None,
    ) -> dict[str, Any]:
        """Change a draft; give it.

        Args:
            prompt_id: Whose version.
            number: Its number.
            fields: What is to change; None unsets a field.
            description: The new one; None leaves it.
        """

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            found = version_of(db, prompt_id, number)
            if found["readonly"]:
                raise _bad(
                    f"version {number} of prompt {prompt_id!r} is read-only: create a "
                    "new version with the changes",
                    code="version_readonly",
                )
            said = found["description"] if description is None else description
            kept = {name: found[name] for name in VERSION_FIELDS}
            db.execute(
                "UPDATE versions SET fields = ?, description = ?, updated_at = ? "
                "WHERE prompt_id = ? AND version = ?",
                (dumped({**kept, **fields}), said, now(), prompt_id, number),
            )
            return version_of(db, prompt_id, number)

        return await self._write(work)

    async def delete_version(self, prompt_id: str, number: int) -> None:
        """Delete a version; if it was the live one, there is none then."""

        def work(db: sqlite3.Connection) -> None:
            version_of(db, prompt_id, number)
            key = (prompt_id, number)
            db.execute(
                "UPDATE prompts SET live = NULL WHERE prompt_id = ? AND live = ?", key
            )
            db.execute("DELETE FROM versions WHERE prompt_id = ? AND version = ?", key)

        await self._write(work)

    async def commit(
        self, prompt_id: str, *, description: str | None = None
    ) -> dict[str, Any]:
        """Make the draft read-only; give it.

        Args:
            prompt_id: Whose draft.
            description: The version's new description; None leaves it.
        """

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            prompt_row(db, prompt_id)
            draft = newest_of(db, prompt_id)
            if draft is None or draft["readonly"]:
                raise _bad(
                    f"prompt {prompt_id!r} has no draft to commit: create a version",
                    code="no_draft",
                )
            if description is not None:
                db.execute(
                    "UPDATE versions SET description = ? "
                    "WHERE prompt_id = ? AND version = ?",
                    (description, prompt_id, draft["version"]),
                )
            seal(db, prompt_id)
            return version_of(db, prompt_id, draft["version"])

        return await self._write(work)

    async def deploy(self, prompt_id: str, number: int) -> dict[str, Any]:
        """Make a read-only version the live one; give it."""

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            if not version_of(db, prompt_id, number)["readonly"]:
                raise _bad(
                    f"version {number} of prompt {prompt_id!r} is a draft: commit it "
                    "first, then deploy it",
                    code="version_is_draft",
                )
            db.execute(
                "UPDATE prompts SET live = ? WHERE prompt_id = ?", (number, prompt_id)
            )
            return version_of(db, prompt_id, number)

        return await self._write(work)

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _usable():
            return await self._database.read(work)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _usable():
            return await self._database.write(work)


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except (ConfigError, sqlite3.Error) as error:
        raise GatewayFailure(
            500, f"the saved prompts cannot be used: {error}", code="prompts_unusable"
        ) from None


def _bad(message: str, *, code: str = "invalid_value") -> GatewayFailure:
    return GatewayFailure(400, message, code=code)
