"""What names a call that is no cell's: a key, as a cell has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ledger.identity import cell_key
from ..wire import chat_request

if TYPE_CHECKING:
    from ..client import Client
    from .asking import Question

__all__ = ["named"]


def named(question: Question, client: Client) -> tuple[str, dict[str, Any]]:
    """Give a question's key, under which the ledger knows its answer, and its body.

    Args:
        question: What is asked.
        client: Would make the call, unless the question has one of its own.
    """
    params = {n: v for n, v in question.params.items() if v is not None}
    body = chat_request(
        list(question.messages), model=question.model, params=params
    ).body
    key = cell_key(
        (question.client or client).identity_of((question.model,)),
        body,
        route_provider=question.route_provider,
        run=0,
        ordinal=0,
    )
    return key, body
