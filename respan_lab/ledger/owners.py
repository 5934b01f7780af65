"""Who is at work on a ledger: runs that are alive, and those that were killed."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

__all__ = ["LEASE", "Owner", "expire", "release", "renew"]

LEASE = 30.0
"""Seconds for which a run is taken to be alive after it last said so."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NUMBERS = Path("/proc/self/ns/pid")


class Owner(NamedTuple):
    """One run at work: its name, and the process it is in.

    Attributes:
        name: Unique among all runs.
        machine: Tells this machine, since it was started, from others; containers
            that number their processes themselves are machines of their own.
        process: The process's number on it.
    """

    name: str
    machine: str
    process: int

    @classmethod
    def here(cls, name: str) -> Owner:
        """Give a run in this process.

        Example:
            >>> Owner.here("a").process == os.getpid()
            True
        """
        boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        numbers = os.readlink(_NUMBERS) if _NUMBERS.is_symlink() else ""
        return cls(name, f"{socket.gethostname()} {boot} {numbers}", os.getpid())


def renew(
    connection: sqlite3.Connection,
    owner: Owner,
    *,
    clock: Callable[[], float] = time.time,
) -> None:
    """Say that a run is alive, for the next `LEASE` seconds."""
    connection.execute(
        "INSERT OR REPLACE INTO owners VALUES (?, ?, ?, ?)", (*owner, clock() + LEASE)
    )


def release(connection: sqlite3.Connection, owner: Owner) -> None:
    """Say that a run is over: what it has in flight is nobody's any more."""
    connection.execute("DELETE FROM owners WHERE owner = ?", (owner.name,))
    _orphan(connection)


def expire(
    connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time
) -> None:
    """Turn what dead runs had in flight into `maybe_billed`."""
    here = Owner.here("").machine
    rows = connection.execute("SELECT owner, machine, process, lease FROM owners")
    for name, machine, process, lease in rows.fetchall():
        if lease < clock() or (machine == here and not _is_running(process)):
            connection.execute("DELETE FROM owners WHERE owner = ?", (name,))
    _orphan(connection)


def _orphan(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE calls SET state = 'maybe_billed' "
        "WHERE state <> 'ok' AND state = 'sent' "  # both, for the index
        "AND owner NOT IN (SELECT owner FROM owners)"
    )


def _is_running(process: int) -> bool:
    if sys.platform == "win32":  # there the question would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
