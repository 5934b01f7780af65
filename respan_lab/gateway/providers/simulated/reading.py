"""What a simulated model makes of a prompt: simple rules, no understanding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .work import at, spend

__all__ = ["Reading", "read"]

# Prompts come from anybody: every repetition below has a bound, or a fixed start.
_MOST = 20_000  # characters of a message; its end, since what is asked stands there
_MOST_TOLD = 100_000  # of all instructions together
# Steps of work: for a message, for a character of the instructions, of a list in them,
# and of the subject, over all that is ever looked for in it.
_MESSAGE, _TOLD, _LISTED, _SUBJECT = 100, 60, 20, 300
_LABELLED = re.compile(r"^[ \t]*([A-Z][\w ]{0,30}):[ \t]*(?=\S)", re.MULTILINE)
_EMPTY_LABEL = re.compile(r"\n[ \t]*[A-Z][\w ]{0,30}:\s*\Z")
_ONE_OF = re.compile(
    r"""\b(?:
      (?:(?:is|are|must\ be|should\ be|can\ be|may\ be)\ )?(?:exactly\ )?
        (?:one\ of|either)
      | (?:must|should)\ be
      | choose\ (?:from|between)
      | (?:classify|sort|label|tag|categori[sz]e|route)\b[^.:\n]{0,60}?\b(?:as|into)
      | (?:options|choices|labels|categories|classes|intents)(?:\ are)?(?=:)
    )\b(?:\ the\ following|\ these)?(?:\ \w{1,20}(?=:))?:?""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED = re.compile(r"""\b(\w{1,40})["'`]?[\s,(:]{1,3}\Z""")
_INLINE = re.compile(r"\s{0,3}([^.:;!?)\]}\n]{1,300})")
_BULLETS = re.compile(r"(?:[ \t]{0,8}\n[ \t]{0,8}[-*][ \t]{1,4}[^\n]{1,200})+")
_SEPARATOR = re.compile(r"\s?[,|/]\s*(?:or\s+|and\s+)?|\s(?:or|and)\s+")
_LABEL = re.compile(r"\w[\w-]*(?: [\w-]+){0,2}")
_BARS = re.compile(
    r"(?:[\"'](?P<key>\w{1,40})[\"']\s?:\s?)?[\"'<(]?"
    r"(?P<list>(?<!\w)\w{1,40}(?:\s?\|\s?\w{1,40})+)"
)
_BRACKETS = re.compile(
    r"\b(?P<key>\w{1,40})(?: of(?: \w{1,20}){1,2})? "
    r"\((?P<list>[^()\n]{3,200} or [^()\n]{1,60})\)"
)
_NO_KEYS = frozenset(["as", "be", "choose", "is", "it", "pick", "say", "that", "this"])
_KEY = re.compile(r"[\"'](\w{1,60})[\"']\s{0,3}:")
_KEYS = re.compile(r"\b(?:keys|fields|properties)\b:?\s{1,3}([^.:;!?)\]}\n]{1,300})")


class _Choice(NamedTuple):
    key: str
    labels: tuple[str, ...]
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules make of a conversation.

    Attributes:
        subject: The text that the question is about, without the instructions.
        options: Labels to choose from, by the key they were named for, or `""`.
        keys: Keys that a JSON answer is asked to have.
        wants_json: Whether the text asks for JSON.
        has_example: Whether the prompt shows a worked example.
    """

    subject: str
    options: Mapping[str, Sequence[str]]
    keys: Sequence[str]
    wants_json: bool
    has_example: bool


def read(messages: Sequence[Mapping[str, Any]]) -> Reading:
    r"""Read a conversation.

    Example:
        >>> question = "It is one of: refund, delivery.\nText: Where is B-12?"
        >>> reading = read([{"role": "user", "content": question}])
        >>> reading.subject, reading.options
        ('Where is B-12?', {'': ('refund', 'delivery')})
    """
    at("messages")
    spend(len(messages) * _MESSAGE)
    asked = [_text(message) for message in messages if message.get("role") == "user"]
    others = [_text(message) for message in messages if message.get("role") != "user"]
    before, subject = _split(asked[-1] if asked else "")
    told = "\n".join([*others, *asked[:-1], before])[-_MOST_TOLD:]
    spend(len(told) * _TOLD + len(subject) * _SUBJECT)
    options: dict[str, Sequence[str]] = {}
    for choice in _choices(told):
        options.setdefault(choice.key, choice.labels)
    keys = _keys(told) or tuple(filter(None, options))
    return Reading(
        subject=subject,
        options=options,
        keys=keys,
        wants_json="json" in told.lower() or bool(_KEY.search(told) and "{" in told),
        has_example=_shows_example(before)
        or any(message.get("role") == "assistant" for message in messages),
    )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content[-_MOST:]
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))[-_MOST:]


def _split(text: str) -> tuple[str, str]:
    """Part the instructions from what they are about."""
    body = _EMPTY_LABEL.sub("", text).strip()
    spans = [choice.span for choice in _choices(body)]
    ends = [label.end() for label in _LABELLED.finditer(body)]
    spend(len(ends) * len(spans) * _LISTED)
    named = [end for end in ends if not any(a <= end <= b for a, b in spans)]
    if named:
        return body[: named[-1]], body[named[-1] :].strip()
    before, blank, rest = body.rpartition("\n\n")
    if blank:
        asks_last = spans and min(spans)[0] >= len(before)
        return (rest, before.strip()) if asks_last else (before, rest.strip())
    end = max((end for _, end in spans), default=0)
    return body[:end], body[end:].lstrip(" .:;!?)\n") or body


def _shows_example(before: str) -> bool:
    names = [match[1] for match in _LABELLED.finditer(before + "x")]
    return len(names) > len(set(names)) or "for example" in before.lower()


def _choices(told: str) -> Iterator[_Choice]:
    for trigger in _ONE_OF.finditer(told):
        bullets = _BULLETS.match(told, trigger.end())
        listed = bullets or _INLINE.match(told, trigger.end())
        if listed is None:
            continue
        spend((listed.end() - trigger.start()) * _LISTED)
        items = _bullets(bullets[0]) if bullets else _SEPARATOR.split(listed[1].strip())
        named = _NAMED.search(told[max(0, trigger.start() - 45) : trigger.start()])
        span = (trigger.start(), listed.end())
        yield from _choice(named[1] if named else None, items, span)
    for found in _BRACKETS.finditer(told):
        yield from _choice(found["key"], _SEPARATOR.split(found["list"]), found.span())
    for bars in _BARS.finditer(told):
        yield from _choice(bars["key"], bars["list"].split("|"), bars.span())


def _bullets(text: str) -> list[str]:
    lines = (line.strip().lstrip("-* ") for line in text.strip().splitlines())
    return [re.split(r":| - | \(", line)[0] for line in lines]


def _choice(
    key: str | None, items: Sequence[str], span: tuple[int, int]
) -> Iterator[_Choice]:
    labels = tuple(dict.fromkeys(item.strip(" \"'`*<>(") for item in items))
    if len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels):
        name = (key or "").lower()
        yield _Choice("" if name in _NO_KEYS else name, labels, span)


def _keys(told: str) -> tuple[str, ...]:
    found = _KEY.findall(told)
    if not found and (listed := _KEYS.search(told)):
        items = (item.strip(" \"'`") for item in _SEPARATOR.split(listed[1].strip()))
        found = [item for item in items if item.isidentifier()]
    return tuple(dict.fromkeys(found))
