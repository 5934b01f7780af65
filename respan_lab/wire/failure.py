"""Error answers: one message out of every body shape, and no secrets in it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from ..errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    ServerError,
    UpstreamError,
)
from .headers import header
from .text import clean, clean_tree
from .timing import Attempt

__all__ = ["error_message", "redact", "retry_after", "status_error"]

_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: AuthenticationError,
    404: NotFoundError,
    413: BadRequestError,
    422: BadRequestError,
    424: UpstreamError,
    429: RateLimitError,
}
_LONGEST = 500  # characters of a message; the body is kept whole beside it
_SHORTEST_SECRET = 4  # a shorter "key" is a placeholder, and would blot out words


def status_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    secrets: Sequence[str] = (),
    attempts: tuple[Attempt, ...] = (),
    now: datetime | None = None,
) -> APIStatusError:
    """Make the error that an answer with an error status stands for.

    Args:
        status: The HTTP status.
        headers: The answer's headers.
        content: The answer's body: JSON of any of the four shapes, or anything else.
        secrets: Texts to be replaced by ``***`` in the message and the body.
        attempts: The HTTP requests made for the call.
        now: The time, aware, that a ``Retry-After`` date is counted from; None takes
            the answer's own ``Date`` header.

    Returns:
        The error, of the class for its status; not raised.

    Example:
        >>> status_error(404, {}, b'{"detail": "no such model"}')
        NotFoundError('404 Not Found: no such model')
    """
    body = _decode(content, secrets)
    said = error_message(body)
    title = _title(status)
    return _class(status)(
        f"{title}: {said}" if said else title,
        status_code=status,
        body=body,
        retry_after=retry_after(headers, body, now),
        request_id=header(headers, "x-respan-gateway-request-id"),
        log_id=header(headers, "x-respan-log-id"),
        attempts=attempts,
    )


def redact(value: Any, secrets: Sequence[str]) -> Any:
    """Replace every secret in a value by ``***``.

    Args:
        value: A JSON value; left as it is.
        secrets: The texts to hide. Those under four characters are placeholders and
            stay.

    Returns:
        The same shape without the secrets; the very value if there are none to hide.

    Example:
        >>> redact({"error": "bad key sk-123456"}, ["sk-123456"])
        {'error': 'bad key ***'}
    """
    if not secrets:
        return value
    long_first = sorted({s for s in secrets if len(s) >= _SHORTEST_SECRET}, key=len)
    return _redact(value, long_first[::-1]) if long_first else value


def _redact(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {
            _redact(key, secrets): _redact(each, secrets) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_redact(each, secrets) for each in value)
    return value


def error_message(body: Any) -> str:
    """Find what an error body says, in one line.

    Args:
        body: The decoded body: OpenAI's ``{"error": {...}}``, ``{"error": "..."}``,
            ``{"detail": "..."}``, ``{"<field>": ["..."]}``, or a text.

    Returns:
        At most 500 characters without control characters; ``""`` if it says nothing.

    Example:
        >>> error_message({"error": {"message": "no such model", "code": None}})
        'no such model'
        >>> error_message({"temperature": ["must be at most 2"]})
        'temperature: must be at most 2'
    """
    line = "".join(c if c.isprintable() else " " for c in _said(body))
    line = clean(" ".join(line.split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _said(body: Any, levels: int = 5) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, list) and levels:
        return "; ".join(filter(None, (_said(each, levels - 1) for each in body)))
    if not isinstance(body, Mapping) or not levels:
        return ""
    for key in ("error", "detail", "message", "msg"):
        said = _said(body.get(key), levels - 1)
        if said:
            return said + _more(body)
    return _fields(body, levels - 1)


def _more(body: Mapping[str, Any]) -> str:
    """The fields at fault, where they stand beside the message."""
    errors = body.get("errors")
    fields = _fields(errors, 2) if isinstance(errors, Mapping) else ""
    return f" ({fields})" if fields else ""


def _fields(body: Mapping[str, Any], levels: int) -> str:
    said = ((name, _said(value, levels)) for name, value in body.items())
    return "; ".join(f"{name}: {text}" for name, text in said if text)


def _decode(content: bytes, secrets: Sequence[str]) -> Any:
    try:
        return redact(clean_tree(json.loads(content)), secrets)
    except (ValueError, RecursionError):
        return redact(content.decode("utf-8", "replace"), secrets)


def _class(status: int) -> type[APIStatusError]:
    if status >= 500:
        return ServerError
    return _CLASSES.get(status, APIStatusError)


def _title(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"


def retry_after(
    headers: Mapping[str, str], body: Any = None, now: datetime | None = None
) -> float | None:
    """Read how long a server asks to be left alone.

    Args:
        headers: The answer's headers.
        body: Its decoded body, which some servers say it in.
        now: The time, aware, that a date is counted from; None takes the answer's own
            ``Date`` header.

    Returns:
        Seconds; None if it does not say.

    Example:
        >>> retry_after({"retry-after": "1.5"})
        1.5
    """
    milliseconds = _seconds(header(headers, "retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = header(headers, "retry-after")
    for found in (_seconds(said), _until(said, headers, now), _in_body(body)):
        if found is not None:
            return found
    return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(
    said: str | None, headers: Mapping[str, str], now: datetime | None
) -> float | None:
    """Seconds until an HTTP date; a past one means at once."""
    then = _date(said)
    now = now or _date(header(headers, "date"))
    if then is None or now is None:
        return None
    return max(0.0, (then - now).total_seconds())


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return date if date.tzinfo else None


def _in_body(body: Any) -> float | None:
    if not isinstance(body, Mapping):
        return None
    found = _seconds(body.get("retry_after"))
    return _in_body(body.get("error")) if found is None else found
