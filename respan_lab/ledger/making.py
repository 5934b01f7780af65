"""Making a call whose intent is written: whatever comes of it can be written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json

from ..errors import APIError
from ..wire.secrets import has_credentials, without_credentials
from .answer_rows import broken_row, failed_row, rows_of, stopped_row
from .calls import Settled
from .records import attempts_record, record_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..client.attempt import Trial
    from ..wire import Attempt, ChatRequest, Completion
    from .calls import State

__all__ = ["Came", "idempotency_key", "made", "written"]

Rows = Sequence[Mapping[str, Any]]

_STATES: dict[str, State] = {"ok": "ok", "maybe_billed": "maybe_billed"}


class Came(NamedTuple):
    """What came of a call.

    Attributes:
        rows: The columns of each choice, the first with the totals; of a call without
            an answer one, which says why.
        completion: The answer; None without one.
        tried: The attempts of a call without an answer.
        error: Why there is no answer; None if there is, or if the call was stopped.
    """

    rows: Rows
    completion: Completion | None = None
    tried: Sequence[Attempt] = ()
    error: Exception | None = None

    def settled(self, call: int) -> Settled:
        """Give it as the ledger takes it; what was never sent was not billed either.

        Args:
            call: The call's number.
        """
        state = _STATES.get(self.rows[0]["status"], "error")
        if self.completion is not None:
            return Settled(call, state, self.rows, record_of(self.completion))
        record = attempts_record(self.tried) if self.tried else None
        return Settled(call, state, self.rows, record)


async def made(
    perform: Callable[[list[Trial]], Awaitable[Completion]],
    *,
    primaries: Sequence[str],
    stopped: Callable[[Came], None],
) -> Came:
    """Make a call; only a cancellation is raised.

    Args:
        perform: Makes it, and puts each attempt into the list it is given.
        primaries: Every model that is asked first.
        stopped: Called with what is known of a call that was cancelled.
    """
    trials: list[Trial] = []
    completion = None
    try:
        completion = await perform(trials)
        return Came(rows_of(primaries, completion), completion)
    except APIError as error:
        return Came([failed_row(error, trials)], tried=error.attempts, error=error)
    except asyncio.CancelledError:
        stopped(Came([stopped_row(trials)]))
        raise
    except Exception as error:  # what goes wrong in one call costs no other
        return Came([broken_row(error, trials)], completion, error=error)


def idempotency_key(key: str, nonce: str, generation: int) -> str:
    """Give the header by which a gateway tells a call that is sent twice.

    Args:
        key: The cell's.
        nonce: The ledger's.
        generation: How many calls of that key were answered before.
    """
    return f"{key}-{nonce}-{generation}"


def written(request: ChatRequest) -> bytes:
    """Give a request as it is kept: without credentials.

    Args:
        request: With every field in its body.
    """
    if not has_credentials(request.body):
        return request.content
    return to_json(without_credentials(request.body))
