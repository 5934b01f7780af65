"""What is kept of an answer, to be given again under the same key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..answering.breakdown import breakdown
from ..caching.keeper import bare_completion
from ..store.cache import Entry

if TYPE_CHECKING:
    from ..record import Record

__all__ = ["Kept"]

_LIFETIME = 86_400.0  # seconds
# Of the breakdown, what is the new request's own, and what `disable_log` keeps out.
_OWN = frozenset({"metadata", "stream"})
_TEXTS = frozenset({"full_request", "prompt_messages"})


class Kept(NamedTuple):
    """An answer, and what was said about it.

    Attributes:
        entry: The answer itself.
        question: The fingerprint of what was asked.
        log_id: Identifies the log row of the call that it took.
        breakdown: What the breakdown said of that call; empty if none was asked for.
        echo: The messages of the saved prompt it carried; None for none.
    """

    entry: Entry
    question: str
    log_id: str
    breakdown: dict[str, Any]
    echo: list[dict[str, Any]] | None

    @classmethod
    def of(cls, record: Record, key: str, question: str, now: float) -> Kept | None:
        """Keep the answer of a call.

        Args:
            record: The call, over or nearly so.
            key: What it is found by.
            question: The fingerprint of what was asked.
            now: Seconds since 1970.

        Returns:
            None if the call failed, or has not answered.
        """
        asked, payload = record.asked, record.payload
        is_good = record.status_code == 200 and record.failure is None
        if asked is None or payload is None or not is_good:
            return None
        is_silent = asked.respan.get("disable_log") is True
        prompt = record.prompt
        return cls(
            entry=_entry(record, bare_completion(payload), key, now),
            question=question,
            log_id=record.log_id,
            breakdown=_told(record, is_silent) if asked.wants_breakdown else {},
            echo=prompt.messages if prompt and prompt.echo and not is_silent else None,
        )

    @classmethod
    def read(cls, entry: Entry | None) -> Kept | None:
        """Read what `written` gave; None if there is none, or it cannot be read."""
        if entry is None:
            return None
        whole = {**entry.completion}
        try:
            completion = whole.pop("completion")
            return cls(entry=replace(entry, completion=completion), **whole)
        except (KeyError, TypeError):  # of another version of ours
            return None

    def written(self) -> Entry:
        """Give all of it as one entry of a file."""
        whole = self._asdict()
        entry: Entry = whole.pop("entry")
        whole["completion"] = entry.completion
        return replace(entry, completion=whole)


def _told(record: Record, is_silent: bool) -> dict[str, Any]:
    left_out = _OWN | _TEXTS if is_silent else _OWN
    told = breakdown(record)
    return {name: value for name, value in told.items() if name not in left_out}


def _entry(record: Record, completion: dict[str, Any], key: str, now: float) -> Entry:
    candidate = record.candidate
    named = candidate.name if candidate else record.hit.candidate if record.hit else ""
    return Entry(
        key=key,
        completion=completion,
        messages=None,
        model=record.model,
        provider=record.provider or "",
        candidate=named,
        cost=record.cost,
        latency=record.since_began(record.ended),
        created=now,
        expires=now + _LIFETIME,
    )
