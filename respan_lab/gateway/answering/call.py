"""Step: call the provider, and turn what goes wrong there into an answer."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx

from ...errors import ConfigError
from ...wire import redact
from ..asking.asked import Asked
from ..failure import GatewayFailure
from ..providers import ProviderAnswer, ProviderCall
from ..routing.candidates import Candidate
from .refused import refused

__all__ = ["call", "failure_of"]

_logger = logging.getLogger(__name__)
_LONGEST_ERROR = 1_000_000
_LONGEST_BODY = 64 * 2**20  # as of a request; what is kept of it takes a few times that
_PASSED_ON = ("retry-after", "retry-after-ms")


async def call(
    asked: Asked,
    candidate: Candidate,
    *,
    draw: Callable[[], float],
    secrets: Sequence[str],
) -> ProviderAnswer:
    """Call the candidate's provider.

    Returns:
        An answer whose status says success; its body is still to be read, and raises
        no other failures than this.

    Raises:
        GatewayFailure: The provider's own error with its status and body; or 502 and
            504 if it could not be reached, did not answer in time or failed in any
            other way.
    """
    provider, slug = candidate.destination
    try:
        answer = await provider.send(
            ProviderCall(
                model=candidate.deployment or slug,
                body=_body(asked, candidate.deployment or slug),
                is_stream=asked.is_stream,
                draw=draw,
                credentials=candidate.credentials,
                custom_identifier=asked.custom_identifier,
            )
        )
        if 200 <= answer.status_code < 300:
            answer.body = _Guarded(answer.body, provider.name, secrets)
            return answer
        raise await _refused(answer, asked, candidate, secrets)
    except GatewayFailure:
        raise
    except Exception as error:
        raise failure_of(error, provider.name, secrets) from None


def failure_of(
    error: Exception, provider: str, secrets: Sequence[str]
) -> GatewayFailure:
    """Tell whatever went wrong in a provider as a failure.

    Only what a provider's own work raised belongs here: it is put down to it, so that
    another one can take over.

    Args:
        error: What it raised, if that is no failure already.
        provider: Its name.
        secrets: What must not be shown.
    """
    if isinstance(error, ConfigError):
        return GatewayFailure(400, redact(str(error), secrets))
    if isinstance(error, httpx.TimeoutException):
        return _fault(504, f"{provider} did not answer in time", error, secrets)
    if isinstance(error, httpx.ConnectError):
        return _fault(502, f"{provider} cannot be reached", error, secrets)
    if isinstance(error, httpx.TransportError):
        return _fault(502, f"{provider} broke off its answer", error, secrets)
    if isinstance(error, httpx.DecodingError):
        said = redact(str(error), secrets)
        return _bad(f"{provider}'s answer cannot be decompressed: {said}")
    # Its text is for the log alone: it may hold what no caller should read.
    trace = redact("".join(traceback.format_exception(error)), secrets)
    _logger.error("a call of %s failed unexpectedly\n%s", provider, trace)
    kind = type(error).__name__
    return _bad(f"{provider} failed: {kind}; the gateway's log says more")


def _bad(message: str) -> GatewayFailure:
    return GatewayFailure(502, message, code="bad_answer")


class _Guarded:
    """Hands a body on, and sees to it that it ends, one way or the other.

    No generator, which the event loop would have to keep watch over.
    """

    def __init__(
        self, body: AsyncIterator[bytes], provider: str, secrets: Sequence[str]
    ) -> None:
        self._body = aiter(body)
        self._provider = provider
        self._secrets = secrets
        self._size = 0
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._is_over:
            raise StopAsyncIteration
        self._is_over = True  # unless another chunk comes
        try:
            chunk = await anext(self._body)
        except (StopAsyncIteration, GatewayFailure):
            raise
        except Exception as error:
            raise failure_of(error, self._provider, self._secrets) from None
        self._size += len(chunk)
        if self._size > _LONGEST_BODY:
            raise _bad(f"{self._provider}'s answer is longer than 64 MiB")
        self._is_over = False
        return chunk


def _fault(
    status: int, message: str, error: Exception, secrets: Sequence[str]
) -> GatewayFailure:
    said = redact(str(error), secrets)
    code = "timeout" if status == 504 else "connection_error"
    return GatewayFailure(status, f"{message}: {said}" if said else message, code=code)


def _body(asked: Asked, slug: str) -> dict[str, Any]:
    """OpenAI's fields alone, with the provider's own name for the model."""
    body = {**asked.openai, "model": slug}
    if asked.is_stream:
        # Usage is wanted whether or not the caller wants to see it.
        options = asked.openai.get("stream_options")
        options = options if isinstance(options, dict) else {}
        body["stream_options"] = {**options, "include_usage": True}
    else:
        body.pop("stream", None)
    return body


async def _refused(
    answer: ProviderAnswer, asked: Asked, candidate: Candidate, secrets: Sequence[str]
) -> GatewayFailure:
    content = bytearray()
    try:
        async for chunk in answer.body:
            content += chunk
            if len(content) > _LONGEST_ERROR:
                break
    finally:
        await answer.aclose()
    if not 400 <= answer.status_code < 600:
        provider = candidate.destination.provider.name
        return _bad(f"{provider} answered {answer.status_code}")
    headers = {name: answer.headers.get(name, "") for name in _PASSED_ON}
    return refused(
        answer.status_code,
        _decoded(bytes(content), secrets),
        headers={name: said for name, said in headers.items() if _is_plain(said)},
        asked=asked,
        candidate=candidate,
    )


def _is_plain(said: str) -> bool:
    return bool(said) and said.isascii() and said.isprintable() and len(said) < 100


def _decoded(content: bytes, secrets: Sequence[str]) -> Any:
    try:
        return redact(json.loads(content), secrets)
    except (ValueError, RecursionError):
        return redact(content.decode("utf-8", "replace"), secrets)
