"""What one request asks for, once its channels are merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...wire.secrets import without_credentials

__all__ = ["Asked"]

_LISTS = ("load_balance_group", "load_balance_models", "models")
_TOKEN_BREAKDOWN = "token-breakdown-2026-03-26"


@dataclass(slots=True)
class Asked:
    """One request, sorted.

    Attributes:
        openai: OpenAI's fields, as given; `messages`, `model` and `stream` are here.
        respan: Respan's fields, merged from all three channels.
        warnings: What was ignored, in words.
        route_provider: The provider the caller pinned; None for none.
        betas: The beta features that were asked for, known or not.
        has_credentials: Whether a field, of any depth, may be called as credentials
            are; False only if all were looked at.
        secrets: Every credential text in the request as it came, also in fields that
            were dropped; never in a repr.
    """

    openai: dict[str, Any]
    respan: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    route_provider: str | None = None
    betas: frozenset[str] = frozenset()
    has_credentials: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to be streamed."""
        return self.openai.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        options = self.openai.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def wants_cache(self) -> bool:
        """Whether the answer may come from the response cache."""
        return self.respan.get("cache_enabled") is True

    @property
    def wants_breakdown(self) -> bool:
        """Whether the answer is to carry the request's breakdown."""
        return self.respan.get("request_breakdown") is True

    @property
    def wants_token_breakdown(self) -> bool:
        """Whether the breakdown is to carry every token count there is."""
        return _TOKEN_BREAKDOWN in self.betas

    @property
    def custom_identifier(self) -> str | None:
        """The caller's tag."""
        tag = self.respan.get("custom_identifier")
        return tag if isinstance(tag, str) else None

    def identity(self) -> dict[str, Any]:
        """Give what makes the request what it is, for drawing random numbers.

        The same question streamed and not streamed is one request.
        """
        public = self.public()
        return {n: public[n] for n in public if n in self.openai or n in _LISTS} | {
            "stream": None,
            "stream_options": None,
        }

    def public(self) -> dict[str, Any]:
        """Give the request as seen here, without credentials."""
        fields = {**self.openai, **self.respan}
        return without_credentials(fields) if self.has_credentials else fields
