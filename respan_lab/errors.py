"""Everything that can go wrong, as one tree.

::

    RespanError
    ├─ ConfigError (ValueError)      what was asked for cannot be done as asked
    ├─ PromptError (ValueError)      a template and its values do not fit
    ├─ BudgetError                   the run would cost more than allowed
    ├─ LedgerError                   the record of a run cannot be used
    └─ APIError                      a call failed: .request_id .log_id .attempts
       ├─ APIConnectionError         no answer reached us
       │  └─ APITimeoutError         ... in the time allowed
       ├─ StreamError                the answer broke off, or was not readable
       └─ APIStatusError             it said no: .status_code .body .retry_after
          ├─ BadRequestError         400, 413, 422
          ├─ AuthenticationError     401, 403
          ├─ PaymentRequiredError    402
          ├─ NotFoundError           404
          ├─ RateLimitError          429
          ├─ UpstreamError           424
          └─ ServerError             5xx
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .wire import Attempt

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BudgetError",
    "ConfigError",
    "LedgerError",
    "NotFoundError",
    "PaymentRequiredError",
    "PromptError",
    "RateLimitError",
    "RespanError",
    "ServerError",
    "StreamError",
    "UpstreamError",
]


class RespanError(Exception):
    """The base of every error this package raises on purpose."""


class ConfigError(RespanError, ValueError):
    """What was asked for cannot be done as asked; raised before anything is sent."""


class PromptError(RespanError, ValueError):
    """A template and its values do not fit.

    Attributes:
        missing: Names of the variables that have no value, sorted; empty when the
            template itself is at fault.
    """

    def __init__(self, message: str, *, missing: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(sorted(missing))


class BudgetError(RespanError):
    """The run would cost more than allowed."""


class LedgerError(RespanError):
    """The record of a run cannot be read or written."""


class APIError(RespanError):
    """A call to the gateway failed.

    Attributes:
        request_id: The gateway's id of the request; None if it gave none.
        log_id: The id of the platform's log row; None if it gave none.
        attempts: Every HTTP request made for the call, in order.
        partial: What had come of a streamed answer, as a chat completion object; None
            if nothing had.
    """

    partial: dict[str, Any] | None = None

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        log_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.log_id = log_id
        self.attempts = attempts


class APIConnectionError(APIError):
    """No answer reached us: no connection, or a connection that broke."""


class APITimeoutError(APIConnectionError):
    """No answer reached us in the time allowed."""


class StreamError(APIError):
    """A streamed answer broke off or carried an error, or an answer was unreadable."""


class APIStatusError(APIError):
    """The gateway answered with an error status.

    Attributes:
        status_code: The HTTP status.
        body: The decoded JSON body, or its text if it was not JSON.
        retry_after: Seconds the gateway asks us to wait; None if it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        body: Any = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        log_id: str | None = None,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(
            message, request_id=request_id, log_id=log_id, attempts=attempts
        )
        self.status_code = status_code
        self.body = body
        self.retry_after = retry_after


class BadRequestError(APIStatusError):
    """400, 413 or 422: the request is malformed, too large or not valid."""


class AuthenticationError(APIStatusError):
    """401 or 403: the key is missing, wrong or not allowed to do this."""


class PaymentRequiredError(APIStatusError):
    """402: no credits, or a provider key of one's own is needed."""


class NotFoundError(APIStatusError):
    """404: no such model, prompt or id."""


class RateLimitError(APIStatusError):
    """429: a rate limit, a budget or a limit policy."""


class UpstreamError(APIStatusError):
    """424: the provider or its credential failed."""


class ServerError(APIStatusError):
    """5xx: the gateway or a provider is in trouble."""
