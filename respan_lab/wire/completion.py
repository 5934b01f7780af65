"""The answer to a chat call: its text, and what it took."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .choice import Choice, ToolCall, named, read_choices, shortened
from .headers import header, header_seconds
from .pace import Pace, number, pace, streamed_tokens
from .text import clean, clean_tree
from .timing import Attempt, Timing
from .usage import Usage

if TYPE_CHECKING:
    from datetime import datetime

    import pydantic

__all__ = ["Completion"]

_KEPT_HEADERS = (
    "x-respan-log-id",
    "x-respan-gateway-request-id",
    "x-respan-provider",
    "x-respan-lab-cache",
    "x-respan-lab-queue-time",
    "x-respan-lab-warnings",
)
Price = tuple[float | None, str | None, str | None]  # dollars, source, note
CostOf = Callable[["Completion"], tuple[float | None, str | None]]


class Completion:
    """The answer to a chat call; everything is read from ``raw`` when asked for.

    Text, tool calls and the like are those of the first choice; ``choices`` has all.
    Whatever the gateway did not say is None, never 0.

    Args:
        raw: The ``chat.completion`` object as received.
        headers: The answer's headers; None for none.
        timing: The clock readings; None if nobody measured.
        attempts: Every HTTP request made for the call.
        output_type: The pydantic class to read the text as; None for none.
        asked_model: The model that was asked for; None if a list was.
        cost_of: Gives ``(dollars, note)`` for an answer whose cost the gateway did not
            report; None leaves such a cost unknown.

    Example:
        >>> message = {"role": "assistant", "content": "Hello"}
        >>> answer = Completion({"model": "m", "choices": [{"message": message}]})
        >>> answer.text, answer.cost
        ('Hello', None)
    """

    __slots__ = (
        "_choices",
        "_cost",
        "_cost_of",
        "_headers",
        "_pace",
        "_raw",
        "_timing",
        "_usage",
        "asked_model",
        "attempts",
        "output_type",
    )

    def __init__(
        self,
        raw: dict[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        timing: Timing | None = None,
        attempts: tuple[Attempt, ...] = (),
        output_type: type[pydantic.BaseModel] | None = None,
        asked_model: str | None = None,
        cost_of: CostOf | None = None,
    ) -> None:
        self._raw: dict[str, Any] = raw if type(raw) is dict else {}
        self._headers = headers
        self._timing = timing
        self._cost_of = cost_of
        self._choices: list[Choice] | None = None
        self._usage: Usage | None = None
        self._pace: Pace | None = None
        self._cost: Price | None = None
        self.attempts = attempts
        self.output_type = output_type
        self.asked_model = asked_model

    def __repr__(self) -> str:
        return f"Completion({shortened(self.text)}, model={self.model!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what cannot travel, or should not: headers, the price table."""
        self._price()
        state = {name: getattr(self, name) for name in self.__slots__}
        state["_headers"] = self.headers
        return {**state, "_cost_of": None, "_choices": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    # --- what came

    @property
    def received(self) -> dict[str, Any]:
        """The whole answer as received; ``raw`` is the same with its text clean."""
        return self._raw

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell of the answer, in lower case; no others are kept."""
        return {
            name: value
            for name in _KEPT_HEADERS
            if (value := header(self._headers, name))
        }

    @property
    def timing(self) -> Timing | None:
        """The clock readings; None if nobody measured."""
        return self._timing

    # --- what was said

    @property
    def raw(self) -> dict[str, Any]:
        """The whole answer as received, its text free of lone surrogates."""
        self._raw = clean_tree(self._raw)
        return self._raw

    @property
    def choices(self) -> list[Choice]:
        """All answers, ``n`` of them, in order; one without text if there is none."""
        if self._choices is None:
            self._choices = read_choices(self._raw, self.output_type)
        return self._choices

    @property
    def text(self) -> str:
        """The answer's text; ``""`` for a pure tool call."""
        return self.choices[0].text

    @property
    def message(self) -> dict[str, Any]:
        """The answer as a message, ready to be put into the next call's messages."""
        return self.choices[0].message

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls to tools the model asks for; often none."""
        return self.choices[0].tool_calls

    @property
    def parsed(self) -> Any:
        """The answer as the pydantic class asked for; None if it does not fit."""
        return self.choices[0].parsed

    @property
    def parse_error(self) -> str | None:
        """Why the answer does not fit the class asked for; None if it does."""
        return self.choices[0].parse_error

    @property
    def logprobs(self) -> dict[str, Any] | None:
        """Log probabilities as sent; None if not asked for."""
        return self.choices[0].logprobs

    @property
    def refusal(self) -> str | None:
        """What the model says instead of answering; None if it did not refuse."""
        return self.choices[0].refusal

    @property
    def finish_reason(self) -> str | None:
        """Why the answer ended: ``stop``, ``length``, ...; None if not said."""
        return self.choices[0].finish_reason

    @property
    def prompt_message(self) -> list[dict[str, Any]] | None:
        """The rendered messages of a saved prompt; None unless ``echo`` was on."""
        found = self._raw.get("prompt_message")
        return clean_tree(found) if type(found) is list else None

    # --- who said it

    @property
    def id(self) -> str | None:
        """The answer's id; None if it has none."""
        return named(self._raw.get("id"))

    @property
    def model(self) -> str | None:
        """The model that answered, dated names as they are; None if not said."""
        return named(self._raw.get("model")) or named(self._broken_down("model"))

    @property
    def provider(self) -> str | None:
        """Who ran the model; None if the gateway does not say."""
        return (
            header(self._headers, "x-respan-provider")
            or named(self._broken_down("provider"))
            or named(self._raw.get("provider"))
        )

    @property
    def log_id(self) -> str | None:
        """The id of the platform's log row; None if there is none."""
        return header(self._headers, "x-respan-log-id")

    @property
    def request_id(self) -> str | None:
        """The gateway's id of the request; None if it gave none."""
        return header(self._headers, "x-respan-gateway-request-id")

    # --- what it took

    @property
    def usage(self) -> Usage:
        """Token counts; from the breakdown if the answer itself has none."""
        if self._usage is None:
            reported = self._raw.get("usage")
            self._usage = Usage.from_wire(reported or self._breakdown() or None)
        return self._usage

    @property
    def breakdown(self) -> dict[str, Any] | None:
        """The gateway's ``request_breakdown``; None unless it was asked for."""
        found = self._breakdown()
        return clean_tree(found) if found else None

    @property
    def warnings(self) -> list[str]:
        """What the gateway ignored or changed of the request, in words; often none.

        The embedded gateway says so, served or not; the hosted one does not.
        """
        said = header(self._headers, "x-respan-lab-warnings")
        try:
            found = json.loads(said) if said else self._broken_down("warnings")
        except ValueError:
            return []
        texts = found if type(found) is list else []
        return [clean(text) for text in texts if type(text) is str]

    @property
    def cached(self) -> bool | None:
        """Whether a response cache answered; None if the gateway does not say."""
        if header(self._headers, "x-respan-lab-cache") == "hit":
            return True
        cached = self._broken_down("cached")
        return cached if type(cached) is bool else None

    @property
    def reported_cost(self) -> float | None:
        """US dollars by the gateway's own account; None if it gives none."""
        cost = number(self._broken_down("cost"))
        if cost is None:
            cost = number(self._raw.get("cost"))
        return 0.0 if cost is None and self.cached else cost

    @property
    def cost(self) -> float | None:
        """US dollars: the gateway's account, else the price table's; None unknown."""
        return self._price()[0]

    @property
    def cost_source(self) -> str | None:
        """Where the cost comes from: ``gateway``, ``price_table``; None if unknown."""
        return self._price()[1]

    @property
    def cost_note(self) -> str | None:
        """Why the cost is unknown, or what is odd about it; None for nothing."""
        return self._price()[2]

    def _price(self) -> Price:
        if self._cost is None:
            self._cost = self._priced()
        return self._cost

    def _priced(self) -> Price:
        reported = self.reported_cost
        if reported is not None:
            return reported, "gateway", None
        cost, note = (None, None) if self._cost_of is None else self._cost_of(self)
        return cost, None if cost is None else "price_table", note

    # --- when

    @property
    def started_at(self) -> datetime | None:
        """When the first attempt began, UTC; None if nobody measured."""
        return None if self._timing is None else self._timing.started_at

    @property
    def latency(self) -> float | None:
        """Seconds from hand-over to the last byte; None if nobody measured.

        What the embedded gateway waited for a provider's slot is not in it.
        """
        return self.pace.latency

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds to the first delta with content; None if not streamed."""
        return self.pace.time_to_first_token

    @property
    def tokens_per_second(self) -> float | None:
        """Rate of a streamed answer after its first token; None under 5 deltas."""
        return self.pace.tokens_per_second

    @property
    def latency_source(self) -> str | None:
        """``measured`` here, or ``declared`` by a simulated model; None if unknown."""
        return self.pace.source

    @property
    def queue_time(self) -> float | None:
        """Seconds waited before the last send, here and for a provider's slot."""
        return self.pace.queue_time

    @property
    def retry_time(self) -> float | None:
        """Seconds in earlier attempts and the waits between; None if not measured."""
        return None if self._timing is None else self._timing.retry_time

    @property
    def pace(self) -> Pace:
        """All its times together, those the gateway reports among them."""
        if self._pace is None:
            self._pace = pace(
                self._timing,
                held=header_seconds(self._headers, "x-respan-lab-queue-time"),
                breakdown=self._breakdown(),
                streamed_tokens=lambda: streamed_tokens(self.usage, self.message),
            )
        return self._pace

    def _broken_down(self, name: str) -> Any:
        return self._breakdown().get(name)

    def _breakdown(self) -> dict[str, Any]:
        found = self._raw.get("request_breakdown")
        return found if type(found) is dict else {}
