"""Lists of saved prompts and versions as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["prompts_frame", "versions_frame"]

_PROMPTS: Mapping[str, str] = {
    "prompt_id": "string",
    "name": "string",
    "description": "string",
    "current_version": "Int64",
    "live_version": "Int64",
    "model": "string",
    "updated_at": "datetime64[ns, UTC]",
}
_NAMES = ("first_name", "last_name")
_VERSIONS: Mapping[str, str] = {
    "version": "Int64",
    "description": "string",
    "readonly": "boolean",
    "is_deployed": "boolean",
    "model": "string",
    "messages": "object",
    "variables": "object",
    "edited_by": "string",
    "created_at": "datetime64[ns, UTC]",
    "updated_at": "datetime64[ns, UTC]",
}


def prompts_frame(prompts: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give prompts, as the gateway lists them, as the frame of `Prompts.list`."""
    return _frame([_prompt_row(prompt) for prompt in prompts], _PROMPTS)


def versions_frame(
    versions: Sequence[Mapping[str, Any]], further: Sequence[str]
) -> pd.DataFrame:
    """Give versions, as the gateway lists them, as the frame of `Prompts.versions`.

    Args:
        versions: The gateway's objects.
        further: Fields that are columns if any version sets them.
    """
    more = [
        name
        for name in further
        if name not in _VERSIONS and any(row.get(name) is not None for row in versions)
    ]
    rows = [{**row, "edited_by": _who(row.get("edited_by"))} for row in versions]
    return _frame(rows, {**_VERSIONS, **dict.fromkeys(more, "")})


def _who(editor: Any) -> str | None:
    """Say who edited a version: a name, or what the gateway's object calls them."""
    if isinstance(editor, Mapping):
        whole = " ".join(str(editor.get(part) or "") for part in _NAMES).strip()
        given = (whole, *(editor.get(name) for name in ("name", "email", "id")))
        return next((str(one) for one in given if one), None)
    return None if editor is None else str(editor)


def _prompt_row(prompt: Mapping[str, Any]) -> dict[str, Any]:
    newest, live = prompt.get("current_version"), prompt.get("live_version")
    newest = newest if isinstance(newest, dict) else {}
    return {
        "prompt_id": prompt.get("prompt_id") or prompt.get("id"),
        "name": prompt.get("name"),
        "description": prompt.get("description"),
        "current_version": newest.get("version"),
        "live_version": live.get("version") if isinstance(live, dict) else None,
        "model": newest.get("model"),
        "updated_at": newest.get("updated_at"),
    }


def _frame(
    rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(dtypes))
    for name, dtype in dtypes.items():
        if dtype.startswith("datetime"):
            moments = pd.to_datetime(frame[name], utc=True, format="ISO8601")
            frame[name] = moments.astype(dtype)
        elif dtype:
            frame[name] = frame[name].astype(dtype)
        else:
            frame[name] = frame[name].convert_dtypes()
    return frame
