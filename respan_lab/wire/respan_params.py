"""Respan's own request parameters, as types with their meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from typing_extensions import Doc, TypedDict

__all__ = ["RESPAN_FIELDS", "RespanParams"]

_CLOSED = {"extra": "forbid", "strict": True}  # a typo must not vanish silently
_Name = Annotated[str, MinLen(1)]
_Positive = Annotated[float, Gt(0)]


class WeightedModel(TypedDict, total=False):
    """A candidate of a weighted list."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    model: Required[_Name]
    weight: _Positive
    credentials: dict[str, Any]


class LoadBalanceGroup(TypedDict, total=False):
    """A saved weighted list, or its stand-in for this request."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    group_id: Required[_Name]
    models: Annotated[list[WeightedModel], MinLen(1)]


class CacheOptions(TypedDict, total=False):
    """What the response cache tells apart, and whether a hit is logged."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    cache_by_customer: bool | None
    is_cached_by_model: bool | None
    omit_log: bool | None


class SavedPrompt(TypedDict, total=False):
    """A prompt saved on the platform, and how it meets the request."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    prompt_id: Required[_Name]
    variables: dict[str, Any]
    version: int | Literal["latest"] | None
    echo: bool
    override: bool
    override_params: dict[str, Any]
    override_config: dict[str, Any]
    schema_version: Annotated[int, Ge(1), Le(2)]  # a Literal takes True for 1
    patch: dict[str, Any]
    prompt_slug: str
    is_custom_prompt: bool


class RetryParams(TypedDict, total=False):
    """How the gateway retries."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    retry_enabled: Required[bool]
    num_retries: Annotated[int, Ge(1)]
    retry_after: _Positive


class CustomerParams(TypedDict, total=False):
    """The end user: who, and what they may spend."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]  # pydantic's way
    customer_identifier: Required[Annotated[str, MaxLen(254)]]
    group_identifier: str
    name: str
    email: str
    period_budget: Annotated[float, Ge(0)]
    budget_duration: Literal["daily", "weekly", "monthly", "yearly"]
    total_budget: Annotated[float, Ge(0)]
    markup_percentage: float
    rate_limit: Annotated[int, Ge(1)]
    period_start: str
    period_end: str
    metadata: dict[str, Any]


class RespanParams(TypedDict, total=False):
    """Every parameter of Respan's own.

    None, for any of them, means: not sent, so the default of the gateway, or of the
    organisation's settings, holds.
    """

    # --- routing
    fallback_models: Annotated[
        list[_Name],
        Doc("Models to try in this order when the first fails. Default: the org's."),
    ]
    disable_fallback: Annotated[
        bool, Doc("True keeps the org's own fallback list out. Default False.")
    ]
    load_balance_models: Annotated[
        list[WeightedModel],
        MinLen(1),
        Doc(
            "A weighted list to draw the model from: model, weight (above 0; sent as "
            "whole numbers in the same ratio), credentials."
        ),
    ]
    load_balance_group: Annotated[
        LoadBalanceGroup,
        Doc("A saved weighted list: group_id; models replaces its list this once."),
    ]
    models: Annotated[
        list[_Name],
        Doc("The models a router may pick from. Beside model: its fallbacks."),
    ]
    exclude_providers: Annotated[
        list[_Name],
        Doc("Providers the router skips, all their models. Default: none."),
    ]
    exclude_models: Annotated[
        list[_Name], Doc("Models the router skips. Default: none.")
    ]
    model_name_map: Annotated[
        dict[str, str],
        Doc("Azure: model name to the name of your own deployment of it."),
    ]
    retry_params: Annotated[
        RetryParams,
        Doc(
            "The gateway's own retries: retry_enabled, num_retries (1 or more), "
            "retry_after (seconds). Default: the org's. max_retries is the client's."
        ),
    ]
    retries: Annotated[
        int,
        Ge(0),
        Doc("How often the gateway retries; retry_params beats it. Default 0."),
    ]
    weight: Annotated[
        _Positive, Doc("A load-balancing weight; accepted, without known effect.")
    ]
    # --- cache
    cache_enabled: Annotated[
        bool,
        Doc("Whether the response cache may answer and keep answers. Default False."),
    ]
    cache_ttl: Annotated[
        _Positive,
        Doc(
            "Seconds a cached answer lives. Default 2,592,000 (30 days), sent along "
            "whenever cache_enabled is True."
        ),
    ]
    cache_options: Annotated[
        CacheOptions,
        Doc(
            "cache_by_customer, is_cached_by_model (without it, one model's answer "
            "may be given for another), omit_log; each False by default."
        ),
    ]
    # --- credentials
    customer_credentials: Annotated[
        dict[str, str | dict[str, Any]],
        Doc(
            'Your customer\'s keys: provider to {"api_key": ...}; a bare string is '
            "taken for the key. Never shown."
        ),
    ]
    credential_override: Annotated[
        dict[str, str | dict[str, Any]],
        Doc(
            'Keys for this request only: exact model name to {"api_key": ..., '
            '"api_base"?, "api_version"?}; a bare string is the key. Never shown.'
        ),
    ]
    # --- prompt
    prompt: Annotated[
        SavedPrompt,
        Doc(
            "A prompt saved on the platform, by prompt_id: variables, version (a "
            'number; "latest" is the newest draft; None is the deployed one), echo, '
            "schema_version (2: the prompt's settings win), patch, override, "
            "override_params."
        ),
    ]
    variables: Annotated[
        dict[str, Any],
        Doc("Template variables, kept with the log and used by saved prompts."),
    ]
    # --- what is recorded
    metadata: Annotated[
        dict[str, Any],
        Doc(
            "Your own keys and values on the log row; the platform makes the values "
            "strings, and keeps names that start with _ for itself."
        ),
    ]
    properties: Annotated[
        dict[str, Any],
        Doc("Like metadata, but numbers, booleans and nesting stay what they are."),
    ]
    custom_identifier: Annotated[
        str, Doc("A tag of yours, indexed, so that log rows are found fast by it.")
    ]
    customer_identifier: Annotated[
        str,
        MaxLen(254),
        Doc("The end user, for analytics and budgets; at most 254 characters."),
    ]
    customer_params: Annotated[
        CustomerParams,
        Doc(
            "More on the end user: customer_identifier (beats the one above), "
            "group_identifier, name, email, period_budget (dollars), "
            "budget_duration, total_budget (dollars), markup_percentage, rate_limit "
            "(requests a minute), period_start, period_end (dates), metadata."
        ),
    ]
    thread_identifier: Annotated[
        str, Doc("The conversation; log rows with the same one belong together.")
    ]
    positive_feedback: Annotated[
        bool, Doc("The end user's verdict: True liked, False disliked.")
    ]
    span_name: Annotated[
        str,
        MaxLen(255),
        Doc("This call's name in a trace; at most 255 characters."),
    ]
    disable_log: Annotated[
        bool,
        Doc("True keeps text out of the log; numbers stay. Default False."),
    ]
    request_breakdown: Annotated[
        bool,
        Doc("Whether the answer brings its own cost, times and tokens. Default False."),
    ]
    # --- the container
    respan_params: Annotated[
        dict[str, Any],
        Doc("Any of these in a container of their own; no key here and there."),
    ]


RESPAN_FIELDS: frozenset[str] = frozenset(RespanParams.__annotations__)
"""Names of Respan's own parameters, ``metadata`` and ``respan_params`` included."""
