"""Calls in the ledger: the intent before one is sent, the answer once it has come."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from ..storage.texts import as_json
from ..wire import clean
from .schema import ANSWER, Kind

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "Answered",
    "Begun",
    "Busy",
    "Intent",
    "Settled",
    "as_column",
    "begin",
    "moment_of",
    "packed",
    "settle",
    "unpacked",
]

State: TypeAlias = Literal["ok", "error", "maybe_billed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQL_ANSWER = f"({', '.join(('call', *ANSWER, 'record'))})"
_INSERT_ANSWER = (
    f"INSERT OR REPLACE INTO answers {_SQL_ANSWER} "
    f"VALUES ({', '.join('?' * (len(ANSWER) + 2))})"
)
_INSERT_CHOICE = (
    f"INSERT OR REPLACE INTO choices ({', '.join(('call', 'choice', *ANSWER))}) "
    f"VALUES ({', '.join('?' * (len(ANSWER) + 2))})"
)


class Intent(NamedTuple):
    """A call that is about to be sent.

    Attributes:
        run: The run's number in the ledger.
        position: The cell's place in it.
        key: The cell's key.
        owner: The run's owner, by name.
        worst: Dollars it may cost at most; None if nobody has reckoned that.
        request: The body that will be sent, as JSON, without credentials.
        asks_again: Send it even if it has been answered before.
        resends: Send it even if it may have been billed before.
    """

    run: int
    position: int
    key: str
    owner: str
    worst: float | None
    request: bytes
    asks_again: bool = False
    resends: bool = False


class Begun(NamedTuple):
    """The intent is written: send it.

    Attributes:
        call: The call's number.
        generation: How many calls of that key were answered before: a new one asks
            for a new answer.
    """

    call: int
    generation: int


class Answered(NamedTuple):
    """Do not send it: an earlier call counts for the cell.

    Attributes:
        call: The earlier call.
        state: `ok` or `maybe_billed`.
    """

    call: int
    state: State


class Busy(NamedTuple):
    """Another run is asking just this now: wait for its answer."""

    call: int


class Settled(NamedTuple):
    """What a call has come to.

    Attributes:
        call: The call's number.
        state: `error` is only what was surely not billed.
        choices: The columns of `ANSWER` for each choice, the first with the totals.
        record: What else is kept of the answer; None for nothing.
    """

    call: int
    state: State
    choices: Sequence[Mapping[str, Any]]
    record: Mapping[str, Any] | None = None


def begin(
    intent: Intent,
    connection: sqlite3.Connection,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Begun | Answered | Busy:
    """Write an intent down, unless another call stands in its place."""
    earlier = connection.execute(
        "SELECT id, state, owner FROM calls WHERE key = ? ORDER BY id DESC",
        (intent.key,),
    ).fetchall()
    found = None if intent.asks_again else _standing(earlier, intent)
    if isinstance(found, Answered):
        _count_for(intent, found.call, connection, is_earlier=True)
    if found is not None:
        return found
    call = connection.execute(
        "INSERT INTO calls (key, run, state, owner, sent_at, worst, request) "
        "VALUES (?, ?, 'sent', ?, ?, ?, ?)",
        (
            intent.key,
            intent.run,
            intent.owner,
            moment_of(clock()),
            intent.worst,
            zlib.compress(intent.request, 1),
        ),
    ).lastrowid
    assert call is not None  # the row was inserted
    _count_for(intent, call, connection, is_earlier=False)
    return Begun(call, sum(1 for _, state, _ in earlier if state == "ok"))


def _standing(
    earlier: Sequence[tuple[int, str, str]], intent: Intent
) -> Answered | Busy | None:
    """The call that stands in an intent's place: an answer, else one on its way."""
    for call, state, _ in earlier:
        if state == "ok":
            return Answered(call, "ok")
    for call, state, owner in earlier:
        if state == "sent" and owner != intent.owner:
            return Busy(call)
        if state == "maybe_billed" and not intent.resends:
            return Answered(call, "maybe_billed")
    return None


def _count_for(
    intent: Intent, call: int, connection: sqlite3.Connection, *, is_earlier: bool
) -> None:
    connection.execute(
        "UPDATE cells SET call = ?, from_ledger = ? WHERE run = ? AND position = ?",
        (call, is_earlier, intent.run, intent.position),
    )


def settle(settled: Settled, connection: sqlite3.Connection) -> None:
    """Write down what a call has come to."""
    connection.execute(
        "UPDATE calls SET state = ? WHERE id = ?", (settled.state, settled.call)
    )
    first, *others = settled.choices
    record = None if settled.record is None else packed(settled.record)
    connection.execute(_INSERT_ANSWER, (settled.call, *_values(first), record))
    for each in others:
        connection.execute(
            _INSERT_CHOICE, (settled.call, each["choice"], *_values(each))
        )


def _values(choice: Mapping[str, Any]) -> list[Any]:
    return [as_column(choice.get(name), kind) for name, kind in ANSWER.items()]


def as_column(value: Any, kind: Kind) -> Any:
    """Give a value as its column holds it."""
    if value is None or kind in ("real", "boolean"):
        return value
    if kind == "text":
        return value if value.isascii() else clean(value)
    if kind == "integer":
        return value if abs(value) < 2**63 else None
    return moment_of(value) if kind == "moment" else as_json(value)


def moment_of(moment: datetime) -> int:
    """Give a moment as microseconds since 1970.

    Example:
        >>> moment_of(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        1000000
    """
    return (moment - _EPOCH) // timedelta(microseconds=1)


def packed(value: Any) -> bytes:
    """Write a JSON value in little space.

    Example:
        >>> unpacked(packed({"a": [1, None]}))
        {'a': [1, None]}
    """
    return zlib.compress(as_json(value).encode(), 1)


def unpacked(content: bytes) -> Any:
    """Read what `packed` wrote."""
    return json.loads(zlib.decompress(content))
