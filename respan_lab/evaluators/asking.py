"""How an evaluator asks a model: through whoever runs it, never by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..client import Client
    from ..wire import Completion

__all__ = ["Asker", "Question", "Told", "asker", "asking_through"]


class Question(NamedTuple):
    """What an evaluator wants to know of a model.

    Attributes:
        by: The evaluator; what its questions cost is counted together.
        name: What it calls itself.
        model: The model that is asked.
        messages: What it says.
        params: The parameters of the call, by their wire names.
        route_provider: Pins the provider; None lets the gateway choose.
        client: Makes the call; None is the client of whoever runs the evaluator.
    """

    by: object
    name: str
    model: str
    messages: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any]
    route_provider: str | None = None
    client: Client | None = None


class Told(NamedTuple):
    """What a model has said.

    Attributes:
        completion: Its answer.
        from_ledger: Whether it had been asked before, so that nothing was paid now.
    """

    completion: Completion
    from_ledger: bool


class Asker(Protocol):
    """Asks for evaluators."""

    async def ask(self, question: Question) -> Told:
        """Ask, unless the ledger knows the answer.

        Raises:
            APIError: There is no answer.
            BudgetError: The budget has no room for the call; nothing was sent.
            ConfigError: It cannot be asked; nothing was sent.
            LedgerError: The ledger cannot be used.
        """

    def unreadable(self, question: Question) -> None:
        """Hear that what was said to a question is not in the form asked for."""


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


def asker() -> Asker:
    """Give who asks for the evaluators that run here.

    Raises:
        ConfigError: Nobody does: the evaluator was called outside of a run.
    """
    found = _asker.get()
    if found is None:
        raise ConfigError(
            "a judge asks through a run: give it as evaluators=[judge], or score "
            "results with it, r.score(judge)"
        )
    return found


@contextmanager
def asking_through(one: Asker) -> Iterator[None]:
    """Let evaluators that run inside ask through somebody.

    Args:
        one: Asks for them, and for the tasks that are started inside.
    """
    before = _asker.set(one)
    try:
        yield
    finally:
        _asker.reset(before)
