"""What the stub says: chat completions that differ from request to request."""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

__all__ = ["Part", "answer_parts"]

_TEXT = (
    "the parcel was sent on monday and came late so please ask for a refund by mail "
    "or call us again when your new card has arrived at the counter near you"
)
_WORDS = _TEXT.split()
_DELTAS = 8


class Part(NamedTuple):
    """Bytes of an answer.

    Attributes:
        at: When they are due, as a share of the service time, 0 to 1.
        data: What is written then.
    """

    at: float
    data: bytes


def answer_parts(body: bytes, number: int) -> list[Part]:
    """Write the answer to one request.

    The text's length and words depend on the request, so no contender can profit
    from seeing the same bytes twice.

    Args:
        body: The request's, an OpenAI chat completion.
        number: Counts requests; makes the answer's id.

    Returns:
        One part for a plain answer; for a streamed one, a part per delta.
    """
    asked = json.loads(body)
    words = _words(zlib.crc32(body))
    common = {
        "id": f"chatcmpl-{number}",
        "created": 1_700_000_000 + number,
        "model": asked.get("model"),
    }
    usage = _usage(len(body), len(words))
    if asked.get("stream"):
        return _streamed(asked, words, common, usage)
    message = {"role": "assistant", "content": " ".join(words)}
    answer: dict[str, Any] = {
        **common,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage,
    }
    if asked.get("request_breakdown"):
        answer["request_breakdown"] = _breakdown(usage)
    return [Part(1.0, _whole(answer))]


def _words(seed: int) -> list[str]:
    start, length = seed % len(_WORDS), 8 + seed // 64 % 53
    return [_WORDS[(start + 7 * i) % len(_WORDS)] for i in range(length)]


def _usage(n_bytes: int, n_words: int) -> dict[str, Any]:
    prompt, completion = n_bytes // 4, n_words + n_words // 3
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 2},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _breakdown(usage: dict[str, Any]) -> dict[str, Any]:
    cost = (usage["prompt_tokens"] * 15 + usage["completion_tokens"] * 60) / 1e8
    return {"cost": cost, "cached": False, "status_code": 200}


def _streamed(
    asked: dict[str, Any], words: list[str], common: dict[str, Any], usage: Any
) -> list[Part]:
    chunk = {**common, "object": "chat.completion.chunk"}
    size = -(-len(words) // _DELTAS)
    groups = [words[i : i + size] for i in range(0, len(words), size)]
    texts = [_event(chunk, {"content": " ".join(["", *group])}) for group in groups]
    parts = [Part((i + 1) / len(texts), text) for i, text in enumerate(texts[:-1])]
    last = texts[-1] + _event(chunk, {}, finish_reason="stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        last += _chunked({**chunk, "choices": [], "usage": usage})
    if asked.get("request_breakdown"):
        told = {"request_breakdown": _breakdown(usage)}
        last += _event({**chunk, "id": "request_breakdown", "usage": {}}, {}, **told)
    last += _sized(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    return [Part(0.0, _STREAM_HEAD), *parts, Part(1.0, last)]


def _event(chunk: dict[str, Any], delta: dict[str, Any], **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return _chunked({**chunk, "choices": [choice]})


def _chunked(value: Any) -> bytes:
    return _sized(b"data: %b\n\n" % json.dumps(value).encode())


def _sized(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _whole(value: Any) -> bytes:
    data = json.dumps(value).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d"
    return (head + b"\r\n\r\n%b") % (len(data), data)


_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
