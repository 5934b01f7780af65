"""Lets a view hear of each cell of a run: that it is sent, each chunk, its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from ..client.attempt import Trial
    from ..wire import Chunk

__all__ = ["Heard", "Listener", "Listening"]

Rows = Sequence[Mapping[str, Any]]


class Heard(NamedTuple):
    """What happened to a cell.

    Attributes:
        kind: ``found`` (the ledger had its answer), ``sent`` (its call begins; once a
            cell, whatever is retried), ``chunk``, or ``came`` (it is over, and what
            came of it is in the ledger). A run that is stopped tells no more.
        at: The cell's place in the plan and in the results, from 0; with ``n`` above 1
            a cell has several rows there.
        chunk: What came, of a ``chunk``; None otherwise.
        attempt: Which attempt it belongs to, from 1; what an earlier one said is void.
            0 where none was made.
        elapsed: Seconds from handing that attempt to an open connection to its last
            delta with content, less what the gateway says it held the call for a slot:
            of the first such chunk, what the frame calls ``time_to_first_token``
            (unless the model is simulated, and declares it). None before one.
        rows: The frame's columns of each choice, as far as the answer has them, of
            what ``came``; empty otherwise.
    """

    kind: Literal["found", "sent", "chunk", "came"]
    at: int
    chunk: Chunk | None = None
    attempt: int = 0
    elapsed: float | None = None
    rows: Rows = ()


Listener: TypeAlias = Callable[[Heard], object]


class Listening:
    """Tells a listener, whose errors harm no call.

    Args:
        listener: Is called on the background loop, which stands still meanwhile: it
            puts away what it hears, and does no work.

    Attributes:
        error: The first error of the listener, which heard nothing further; None if
            there was none.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.error: Exception | None = None

    def found(self, at: int) -> None:
        """Tell that a cell is answered already."""
        self._tell(Heard("found", at))

    def following(self, at: int, trials: list[Trial]) -> Callable[[Chunk], None]:
        """Tell that a cell is sent; give what is told its chunks.

        Args:
            at: The cell's place.
            trials: Its attempts, the last of which a chunk belongs to.
        """
        self._tell(Heard("sent", at))

        def chunk_came(chunk: Chunk) -> None:
            elapsed = trials[-1].elapsed
            self._tell(Heard("chunk", at, chunk, len(trials), elapsed))

        return chunk_came

    def came(self, at: int, rows: Rows) -> None:
        """Tell what came of a cell."""
        self._tell(Heard("came", at, rows=rows))

    def message(self) -> str | None:
        """Say that the listener failed; None if it did not."""
        if self.error is None:
            return None
        said = f"{type(self.error).__name__}: {self.error}"
        return f"the run's listener failed, and heard no more: {said}"

    def _tell(self, heard: Heard) -> None:
        if self.error is not None:
            return
        try:
            self._listener(heard)
        except Exception as error:  # a call that is paid for must not fail of it
            self.error = error
