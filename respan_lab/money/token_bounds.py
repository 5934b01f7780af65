"""The most tokens that a request can have: a token is never less than a byte.

That holds for every byte-level tokenizer, whatever its vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

__all__ = ["check_image_tokens", "no_bound", "output_bound", "prompt_bound"]

_PER_MESSAGE = 16  # role and separators, which vendors write as a few tokens
# What vendors put before the prompt to explain tools and forms: Anthropic up to 530.
_EXPLAINED = 1024
_FORMS = ("tools", "functions", "response_format")
_OUTPUT = ("max_tokens", "max_completion_tokens")
_TEXTS = ("text", "refusal")
_IMAGES = ("image_url", "image", "input_image")
_OWN_TOOLS = ("function", "custom")  # others run at the vendor, for fees of their own


def prompt_bound(body: Mapping[str, Any], image_tokens: int | None = None) -> int:
    """Give a number of tokens that a request's prompt cannot have more of.

    Its text and its tools and forms (as compact JSON) count a token for each byte of
    their UTF-8; 16 are added for each message, and 1,024 if there are tools or forms.

    Args:
        body: The request, its messages as they are sent.
        image_tokens: The most tokens an image can have; None if that is not known.

    Raises:
        ConfigError: Something in it has no bound: a saved prompt, an image without
            `image_tokens`, audio, a file, or a search at the vendor's.

    Example:
        >>> prompt_bound({"messages": [{"role": "user", "content": "Grüße"}]})
        23
    """
    _refuse_unbounded(body)
    total = 0
    for at, message in enumerate(body["messages"]):
        total += _PER_MESSAGE + _message(message, f"messages[{at}]", image_tokens)
    forms = [body[name] for name in _FORMS if body.get(name)]
    return total + sum(map(_bytes, forms)) + (_EXPLAINED if forms else 0)


def output_bound(body: Mapping[str, Any]) -> int | None:
    """Give a number of tokens that all choices together cannot have more of.

    Of two limits the larger counts, since a vendor may heed either. A prediction's text
    is added, because what is rejected of it is billed, too.

    Returns:
        None if the request sets no limit.

    Example:
        >>> output_bound({"max_tokens": 100, "n": 3})
        300
    """
    limits = [body[name] for name in _OUTPUT if body.get(name) is not None]
    if not limits:
        return None
    predicted = _bytes(body["prediction"]) if body.get("prediction") else 0
    return int(max(limits) + predicted) * int(body.get("n") or 1)


def no_bound(path: str, what: str) -> ConfigError:
    """The error for what has no known price or size.

    Args:
        path: Where it stands in the request.
        what: What it is.
    """
    return ConfigError(
        f"{path} is {what}, and nothing says what it costs at most; leave it out, or "
        "leave the budget out"
    )


def _message(message: Mapping[str, Any], path: str, image_tokens: int | None) -> int:
    total = 0
    for name, value in message.items():
        if name == "role" or value is None:
            continue
        if name == "content" and isinstance(value, list):
            for at, part in enumerate(value):
                total += _part(part, f"{path}.content[{at}]", image_tokens)
        elif name == "audio":
            raise no_bound(f"{path}.audio", "earlier audio")
        else:
            total += _bytes(value)
    return total


def _part(part: Mapping[str, Any], path: str, image_tokens: int | None) -> int:
    kind = part["type"]
    if kind in _TEXTS:
        return sum(_bytes(value) for name, value in part.items() if name != "type")
    if kind not in _IMAGES:
        raise no_bound(path, f"a part of type {kind!r}")
    if image_tokens is None:
        raise ConfigError(
            f"{path} is an image, whose tokens cannot be counted here; say how many "
            "one has at most, with image_tokens=..., or leave the budget out"
        )
    return image_tokens


def _bytes(value: Any) -> int:
    """Bytes of a text, or of a value's compact JSON; what is escaped counts as such."""
    if not isinstance(value, str):
        return len(json.dumps(value, separators=(",", ":")))
    return (
        len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    )


def _refuse_unbounded(body: Mapping[str, Any]) -> None:
    if body.get("prompt") or not body.get("messages"):
        raise ConfigError(
            "a saved prompt is rendered by the gateway, so that its size and its "
            "settings are not known here; give its messages as a template of your own, "
            "prompts=lab.Prompt(...), or leave the budget out"
        )
    if body.get("web_search_options"):
        raise no_bound("web_search_options", "a search")
    for at, tool in enumerate(body.get("tools") or ()):
        if tool.get("type") not in _OWN_TOOLS:
            raise no_bound(f"tools[{at}]", f"a tool of type {tool.get('type')!r}")


def check_image_tokens(tokens: int | None) -> None:
    """Refuse what is no bound of an image.

    Args:
        tokens: The most tokens an image can have; None is unknown.

    Raises:
        ConfigError: It is not a whole number above 0.
    """
    is_number = isinstance(tokens, int) and not isinstance(tokens, bool)
    if tokens is not None and not (is_number and tokens >= 1):
        raise ConfigError(
            f"image_tokens={tokens!r}: use a whole number above 0, the most tokens an "
            "image can have, or None"
        )
