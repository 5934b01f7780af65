"""Calls in the ledger: the intent before one is sent, the answer once it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from ..storage.many import insert, padded, values
from ..storage.texts import as_json
from ..wire import clean
from .packing import in_little_space, packed
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
    "settle",
]

State: TypeAlias = Literal["ok", "error", "maybe_billed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALL = ("id", "key", "run", "state", "owner", "sent_at", "worst", "request")
_ANSWER = ("call", *ANSWER, "record")
_CHOICE = ("call", "choice", *ANSWER)
_AS_IS = ("real", "boolean")  # what SQLite takes as it is
_TO_CHANGE = [(at, k) for at, k in enumerate(ANSWER.values()) if k not in _AS_IS]


class Intent(NamedTuple):
    """A call that is about to be sent.

    Attributes:
        run: The run's number in the ledger; 0 for a call beside any run.
        position: The cell's place in it; None for a call that is no cell's.
        key: The cell's key, or what names a call that is no cell's in the same way.
        owner: The run's owner, by name.
        worst: Dollars it may cost at most; None if nobody has reckoned that.
        request: The body that will be sent, as JSON, without credentials.
        asks_again: Send it even if it has been answered before.
        resends: Send it even if it may have been billed before.
    """

    run: int
    position: int | None
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
    intents: Sequence[Intent],
    connection: sqlite3.Connection,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Begun | Answered | Busy]:
    """Write intents down, but for those in whose place another call stands."""
    earlier = _earlier([intent.key for intent in intents], connection)
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()
    now = moment_of(clock())
    calls: list[tuple[Any, ...]] = []
    answers: list[tuple[int, int | None, int, int]] = []  # which call is a cell's
    told: list[Begun | Answered | Busy] = []
    for intent in intents:
        before = earlier[intent.key]
        found = None if intent.asks_again else _standing(before, intent)
        one: Begun | Answered | Busy
        if found is None:
            newest += 1
            one = Begun(newest, sum(1 for call in before if call.state == "ok"))
            before.insert(0, _Earlier(newest, intent.run, "sent", intent.owner))
            calls.append(_new_call(newest, intent, now))
        else:
            one = found
        if intent.position is not None and not isinstance(one, Busy):
            made_by = None if found is None else _made_by(one.call, before)
            answers.append((one.call, made_by, intent.run, intent.position))
        told.append(one)
    insert(connection, "INSERT INTO calls", _CALL, calls)
    _count(answers, connection)
    return told


class _Earlier(NamedTuple):
    call: int
    run: int
    state: str
    owner: str


def _earlier(
    keys: Sequence[str], connection: sqlite3.Connection
) -> dict[str, list[_Earlier]]:
    """The calls of each key, the newest first."""
    earlier: dict[str, list[_Earlier]] = {key: [] for key in keys}
    for piece in padded(list(earlier)):
        for key, *call in connection.execute(
            "SELECT key, id, run, state, owner FROM calls WHERE key IN "
            f"({values(len(piece), 1)}) ORDER BY id DESC",
            tuple(piece),
        ):
            earlier[key].append(_Earlier(*call))
    return earlier


def _new_call(call: int, intent: Intent, now: int) -> tuple[Any, ...]:
    request = in_little_space(intent.request)
    key, run, owner, worst = intent.key, intent.run, intent.owner, intent.worst
    return call, key, run, "sent", owner, now, worst, request


def _standing(earlier: Sequence[_Earlier], intent: Intent) -> Answered | Busy | None:
    """The call that stands in an intent's place: an answer, else one on its way."""
    for call, _, state, _ in earlier:
        if state == "ok":
            return Answered(call, "ok")
    for call, _, state, owner in earlier:
        if state == "sent" and owner != intent.owner:
            return Busy(call)
        if state == "maybe_billed" and not intent.resends:
            return Answered(call, "maybe_billed")
    return None


def _made_by(call: int, earlier: Sequence[_Earlier]) -> int:
    return next(each.run for each in earlier if each.call == call)


def _count(
    answers: Sequence[tuple[int, int | None, int, int]], connection: sqlite3.Connection
) -> None:
    """Let calls count for cells."""
    for piece in padded(answers):
        connection.execute(
            "UPDATE cells SET call = new.column1, from_run = new.column2 "
            f"FROM ({values(len(piece), 4)}) AS new "
            "WHERE run = new.column3 AND position = new.column4",
            tuple(chain.from_iterable(piece)),
        )


def settle(settled: Sequence[Settled], connection: sqlite3.Connection) -> list[None]:
    """Write down what calls have come to."""
    for state, calls in _by_state(settled).items():
        for piece in padded(calls):
            connection.execute(
                f"UPDATE calls SET state = ? WHERE id IN ({values(len(piece), 1)})",
                (state, *piece),
            )
    answers = [_answer(each) for each in settled]
    insert(connection, "INSERT OR REPLACE INTO answers", _ANSWER, answers)
    insert(
        connection,
        "INSERT OR REPLACE INTO choices",
        _CHOICE,
        [
            (each.call, choice["choice"], *_values(choice))
            for each in settled
            for choice in each.choices[1:]
        ],
    )
    return [None] * len(settled)


def _by_state(settled: Sequence[Settled]) -> dict[State, list[int]]:
    calls: dict[State, list[int]] = {}
    for each in settled:
        calls.setdefault(each.state, []).append(each.call)
    return calls


def _answer(settled: Settled) -> tuple[Any, ...]:
    record = None if settled.record is None else packed(settled.record)
    return settled.call, *_values(settled.choices[0]), record


def _values(choice: Mapping[str, Any]) -> list[Any]:
    values = list(map(choice.get, ANSWER))
    for at, kind in _TO_CHANGE:
        if (value := values[at]) is not None:
            values[at] = as_column(value, kind)
    return values


def as_column(value: Any, kind: Kind) -> Any:
    """Give a value as its column holds it."""
    if value is None or kind in _AS_IS:
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
