"""Step: call the provider, and turn what goes wrong there into an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from ...errors import ConfigError
from ...wire import redact
from ..asking.asked import Asked
from ..failure import GatewayFailure
from ..providers import ProviderAnswer, ProviderCall
from ..routing.candidates import Candidate

__all__ = ["call", "faults"]

_LONGEST_ERROR = 1_000_000
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
        An answer whose status says success; its body is still to be read.

    Raises:
        GatewayFailure: The provider's own error with its status and body; or 502 and
            504 if it could not be reached or did not answer in time.
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
            return answer
        raise await _refused(answer, provider.name, secrets)


@contextmanager
def faults(provider: str, secrets: Sequence[str]) -> Iterator[None]:
    """Turn faults of a provider's connection into failures.

    Args:
        provider: Its name.
        secrets: What must not be shown.
    """
    try:
        yield
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
    answer: ProviderAnswer, provider: str, secrets: Sequence[str]
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
        return GatewayFailure(
            502, f"{provider} answered {answer.status_code}", code="bad_answer"
        )
    headers = {name: answer.headers.get(name, "") for name in _PASSED_ON}
    return GatewayFailure.passed_on(
        answer.status_code,
        _decoded(bytes(content), secrets),
        headers={name: said for name, said in headers.items() if _is_plain(said)},
    )


def _is_plain(said: str) -> bool:
    return bool(said) and said.isascii() and said.isprintable() and len(said) < 100


def _decoded(content: bytes, secrets: Sequence[str]) -> Any:
    try:
        return redact(json.loads(content), secrets)
    except (ValueError, RecursionError):
        return redact(content.decode("utf-8", "replace"), secrets)
