"""OpenAI's chat-completions parameters, as types with their meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from annotated_types import Ge, Le
from typing_extensions import Doc, TypedDict

__all__ = ["OPENAI_FIELDS", "OpenAIParams"]

_OPEN = {"extra": "allow", "strict": True}  # vendors add fields of their own


class Tool(TypedDict, total=False):
    """A tool: ``type`` and what belongs to that type."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]  # pydantic's way of configuring
    type: Required[str]
    function: dict[str, Any]


class ResponseFormat(TypedDict, total=False):
    """The form of the answer: ``type``, and a schema for ``json_schema``."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]  # pydantic's way of configuring
    type: Required[str]
    json_schema: dict[str, Any]


class StreamOptions(TypedDict, total=False):
    """What a stream carries besides the answer."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]  # pydantic's way of configuring
    include_usage: bool
    include_obfuscation: bool


class Thinking(TypedDict, total=False):
    """Extended reasoning: on or off, and its allowance in tokens."""

    __pydantic_config__ = _OPEN  # type: ignore[misc]  # pydantic's way of configuring
    type: Required[str]
    budget_tokens: Annotated[int, Ge(1)]


class OpenAIParams(TypedDict, total=False):
    """Every OpenAI chat parameter but ``messages``, ``model`` and ``stream``.

    None, for any of them, means: not sent, so the default of the provider holds.
    """

    # --- sampling
    temperature: Annotated[
        float,
        Ge(0),
        Le(2),
        Doc("How random the sampling is, 0 (hardly) to 2. Default 1 at most vendors."),
    ]
    top_p: Annotated[
        float,
        Ge(0),
        Le(1),
        Doc(
            "Sample from the likeliest tokens whose shares add up to this, 0 to 1. "
            "Default 1."
        ),
    ]
    frequency_penalty: Annotated[
        float,
        Ge(-2),
        Le(2),
        Doc("Weighs tokens down by how often they came already, -2 to 2. Default 0."),
    ]
    presence_penalty: Annotated[
        float,
        Ge(-2),
        Le(2),
        Doc("Weighs tokens down once they came at all, -2 to 2. Default 0."),
    ]
    logit_bias: Annotated[
        dict[str, Annotated[float, Ge(-100), Le(100)]],
        Doc("Added to the logits of these token ids, each -100 to 100. Default empty."),
    ]
    seed: Annotated[
        int,
        Doc(
            "Asks for repeatable sampling; a best effort, and not every vendor "
            "honours it. Default: drawn at random."
        ),
    ]
    # --- length and number
    max_tokens: Annotated[
        int,
        Ge(1),
        Doc("The most tokens to write. Default: the model's own limit."),
    ]
    max_completion_tokens: Annotated[
        int,
        Ge(1),
        Doc(
            "The most tokens to write, reasoning included; the newer name, which "
            "OpenAI's reasoning models insist on. Default: the model's own limit."
        ),
    ]
    n: Annotated[
        int,
        Ge(1),
        Doc("How many answers to write; every one is paid for. Default 1."),
    ]
    stop: Annotated[
        str | list[str],
        Doc("Texts at which to stop; sent as a list. Default: none."),
    ]
    # --- what comes back
    logprobs: Annotated[
        bool, Doc("Whether to return each token's log probability. Default False.")
    ]
    top_logprobs: Annotated[
        int,
        Ge(0),
        Le(20),
        Doc(
            "How many of the likeliest tokens to return at each place, 0 to 20; "
            "needs logprobs=True. Default 0."
        ),
    ]
    echo: Annotated[
        bool, Doc("Whether to return the prompt with the answer. Default False.")
    ]
    response_format: Annotated[
        ResponseFormat | type,
        Doc(
            "The form of the answer: a pydantic model class, whose JSON schema is "
            'sent and which fills .parsed; or {"type": "json_object"}, {"type": '
            '"json_schema", "json_schema": {...}}, {"type": "text"}. Default: text.'
        ),
    ]
    modalities: Annotated[
        list[str], Doc('What to answer with: "text", "audio". Default ["text"].')
    ]
    audio: Annotated[
        dict[str, Any],
        Doc('Voice and format of spoken answers; needs "audio" in modalities.'),
    ]
    verbosity: Annotated[
        str, Doc('How wordy to be: "low", "medium" or "high". Default "medium".')
    ]
    stream_options: Annotated[
        StreamOptions,
        Doc(
            "For streams: include_usage (token counts in a last chunk, default "
            "False), include_obfuscation (padding against eavesdroppers)."
        ),
    ]
    # --- tools
    tools: Annotated[
        list[Tool], Doc("The tools the model may call, functions as JSON schemas.")
    ]
    tool_choice: Annotated[
        Literal["none", "auto", "required"] | dict[str, Any],
        Doc(
            'Which tool to call: "none", "auto", "required", or {"type": "function", '
            '"function": {"name": ...}}. Default "auto" with tools, else "none".'
        ),
    ]
    parallel_tool_calls: Annotated[
        bool, Doc("Whether several tools may be called in one turn. Default True.")
    ]
    functions: Annotated[
        list[dict[str, Any]], Doc("The older form of tools; deprecated by OpenAI.")
    ]
    function_call: Annotated[
        str | dict[str, Any],
        Doc("The older form of tool_choice; deprecated by OpenAI."),
    ]
    web_search_options: Annotated[
        dict[str, Any],
        Doc("Lets the model search the web: search_context_size, user_location."),
    ]
    # --- reasoning
    reasoning_effort: Annotated[
        str,
        Doc(
            'How long to reason: "none", "minimal", "low", "medium", "high", '
            '"xhigh"; models know only some. Default: the model\'s own.'
        ),
    ]
    thinking: Annotated[
        Thinking,
        Doc(
            'Extended reasoning, as Anthropic spells it: type ("enabled", '
            '"disabled") and budget_tokens (tokens). Default: off.'
        ),
    ]
    # --- how it is served
    prediction: Annotated[
        dict[str, Any],
        Doc("Text that the answer will mostly repeat, so that it comes faster."),
    ]
    service_tier: Annotated[
        str,
        Doc(
            'What to be served with: "auto", "default", "flex", "priority", ... '
            'Price and speed differ. Default "auto".'
        ),
    ]
    store: Annotated[
        bool,
        Doc("Whether OpenAI keeps the answer on its own platform. Default False."),
    ]
    prompt_cache_key: Annotated[
        str, Doc("Steers requests that share a beginning to the same prompt cache.")
    ]
    prompt_cache_retention: Annotated[
        str,
        Doc('How long the provider keeps its prompt cache: "in_memory", "24h".'),
    ]
    prompt_cache_options: Annotated[
        dict[str, Any], Doc("More settings of the provider's prompt cache.")
    ]
    moderation: Annotated[
        dict[str, Any], Doc("Moderation that the provider runs on the side.")
    ]
    safety_identifier: Annotated[
        str, Doc("A stable, hashed id of the end user, against misuse.")
    ]
    user: Annotated[
        str,
        Doc("The end user's id; the older name of safety_identifier."),
    ]


OPENAI_FIELDS: frozenset[str] = frozenset(OpenAIParams.__annotations__)
"""Names of OpenAI's parameters; ``metadata`` counts as Respan's."""
