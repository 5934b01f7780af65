"""What a run adds to a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["with_additions"]


def with_additions(
    params: Mapping[str, Any], key: str, *, run_id: str, stream: bool
) -> dict[str, Any]:
    """What is sent for a call; the user's own value wins each time.

    Args:
        params: The call's parameters.
        key: The call's key.
        run_id: The run that asks.
        stream: Whether the answer is streamed.
    """
    added: dict[str, Any] = {
        "request_breakdown": True,
        "custom_identifier": key,
        "cache_enabled": False,
        **params,
        "metadata": {"respan_lab_run": run_id, **params.get("metadata", {})},
    }
    if stream:
        options = params.get("stream_options", {})
        added["stream_options"] = {"include_usage": True, **options}
    if added["cache_enabled"]:
        # Without it, one model may be given what another has answered.
        options = params.get("cache_options", {})
        added["cache_options"] = {"is_cached_by_model": True, **options}
    return added
