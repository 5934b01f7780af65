"""Step: call the provider, and turn what goes wrong there into an answer."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from ...errors import ConfigError
from ...wire import redact
from ..asking.asked import Asked
from ..failure import GatewayFailure
from ..providers import ProviderAnswer, ProviderCall
from ..routing.candidates import Candidate
from .refused import refused

__all__ = ["call", "faults"]

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
    with faults(provider.name, secrets):
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
            answer.body = _guarded(answer.body, provider.name, secrets)
            return answer
        raise await _refused(answer, asked, candidate, secrets)


@contextmanager
def faults(provider: str, secrets: Sequence[str]) -> Iterator[None]:
    """Turn whatever goes wrong in a provider into failures.

    Only a provider's own work belongs into the block: what else goes wrong in there is
    put down to it, so that another one can take over.

    Args:
        provider: Its name.
        secrets: What must not be shown.
    """
    try:
        yield
    except GatewayFailure:
        raise
    except ConfigError as error:
        raise GatewayFailure(400, redact(str(error), secrets)) from None
    except httpx.TimeoutException as error:
        raise _fault(
            504, f"{provider} did not answer in time", error, secrets
        ) from None
    except httpx.ConnectError as error:
        raise _fault(502, f"{provider} cannot be reached", error, secrets) from None
    except httpx.TransportError as error:
        raise _fault(502, f"{provider} broke off its answer", error, secrets) from None
    except httpx.DecodingError as error:
        said = redact(str(error), secrets)
        raise _bad(f"{provider}'s answer cannot be decompressed: {said}") from None
    except Exception as error:
        # Its text is for the log alone: it may hold what no caller should read.
        trace = redact(traceback.format_exc(), secrets)
        _logger.error("a call of %s failed unexpectedly\n%s", provider, trace)
        kind = type(error).__name__
        raise _bad(f"{provider} failed: {kind}; the gateway's log says more") from None


def _bad(message: str) -> GatewayFailure:
    return GatewayFailure(502, message, code="bad_answer")


async def _guarded(
    body: AsyncIterator[bytes], provider: str, secrets: Sequence[str]
) -> AsyncIterator[bytes]:
    """Hand a body on, and see to it that it ends, one way or the other."""
    size = 0
    with faults(provider, secrets):
        async for chunk in body:
            size += len(chunk)
            if size > _LONGEST_BODY:
                raise _bad(f"{provider}'s answer is longer than 64 MiB")
            yield chunk


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
