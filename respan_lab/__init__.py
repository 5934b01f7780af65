"""Compare language models in a notebook: every call a row of a frame.

Example:
    >>> import respan_lab as lab
    >>> r = lab.compare(
    ...     "Say {{ word }} in French.",
    ...     ["sim/small", "sim/large"],
    ...     [{"word": "yes"}, {"word": "no"}],
    ...     progress=False,
    ... )
    >>> len(r)
    4
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from . import evaluators
    from .client import Client
    from .errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        BudgetError,
        ConfigError,
        LedgerError,
        NotFoundError,
        PaymentRequiredError,
        PromptError,
        RateLimitError,
        RespanError,
        ServerError,
        StreamError,
        UpstreamError,
    )
    from .evaluators import (
        contains,
        exact_match,
        field_match,
        json_schema,
        judge,
        label,
        numeric,
        pairwise_judge,
        regex,
        tool_called,
    )
    from .experiment import (
        Experiment,
        Stop,
        Target,
        acompare,
        acompare_versions,
        compare,
        compare_versions,
        grid,
    )
    from .gateway import Gateway
    from .prompts import Prompt, image
    from .results import Results, concat, runs
    from .widgets import Explorer, Playground, PromptForm, Rater, VersionPicker
    from .wire import Chunk, Completion

# Where each public name lives. Nothing is loaded before it is used, so that
# `import respan_lab` costs a notebook next to nothing.
_ROOMS = {
    "client": ("Client",),
    "errors": (
        "APIConnectionError",
        "APIError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "BudgetError",
        "ConfigError",
        "LedgerError",
        "NotFoundError",
        "PaymentRequiredError",
        "PromptError",
        "RateLimitError",
        "RespanError",
        "ServerError",
        "StreamError",
        "UpstreamError",
    ),
    "evaluators": (
        "contains",
        "exact_match",
        "field_match",
        "json_schema",
        "judge",
        "label",
        "numeric",
        "pairwise_judge",
        "regex",
        "tool_called",
    ),
    "experiment": (
        "Experiment",
        "Explorer",
        "Stop",
        "Target",
        "acompare",
        "acompare_versions",
        "compare",
        "compare_versions",
        "grid",
    ),
    "gateway": ("Gateway",),
    "prompts": ("Prompt", "image"),
    "results": ("Results", "concat", "runs"),
    "widgets": ("Explorer", "Playground", "PromptForm", "Rater", "VersionPicker"),
    "wire": ("Chunk", "Completion"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BudgetError",
    "Chunk",
    "Client",
    "Completion",
    "ConfigError",
    "Experiment",
    "Explorer",
    "Gateway",
    "LedgerError",
    "NotFoundError",
    "PaymentRequiredError",
    "Playground",
    "Prompt",
    "PromptError",
    "PromptForm",
    "RateLimitError",
    "Rater",
    "RespanError",
    "Results",
    "ServerError",
    "Stop",
    "StreamError",
    "Target",
    "UpstreamError",
    "VersionPicker",
    "__version__",
    "acompare",
    "acompare_versions",
    "compare",
    "compare_versions",
    "concat",
    "contains",
    "evaluators",
    "exact_match",
    "field_match",
    "grid",
    "image",
    "json_schema",
    "judge",
    "label",
    "numeric",
    "pairwise_judge",
    "regex",
    "runs",
    "tool_called",
]


def _add_to_frames() -> None:
    """Give frames their `df.lab`, once there are frames."""
    if "pandas" in sys.modules:
        from . import pandas  # noqa: F401  # which is not what loads pandas


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _ROOM_OF:
        value = getattr(import_module(f".{_ROOM_OF[name]}", __name__), name)
    elif name == "evaluators":
        value = import_module(".evaluators", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    _add_to_frames()
    return value


def __dir__() -> list[str]:
    return __all__


_add_to_frames()
