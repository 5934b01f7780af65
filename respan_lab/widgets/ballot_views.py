"""What a rater is shown of a pair, and of the votes when all are cast."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..results.text import visible

if TYPE_CHECKING:
    from ..results.ballots import Ballot
    from ..results.votes_frame import Votes

__all__ = ["CLOSED", "blind", "result"]

CLOSED = "the vote is closed here: who wrote what has been shown"


def blind(ballot: Ballot | None) -> dict[str, Any]:
    """Give what is shown of a pair: texts, and nothing of where they are from.

    Args:
        ballot: The pair; None at the end.

    Returns:
        ``about``, messages, variables and reference, each a ``role`` and a ``text``;
        ``answers``, two texts, or none at the end.
    """
    if ballot is None:
        return {"about": [], "answers": []}
    return {
        "about": _about(ballot.about),
        "answers": [_answer(one) for one in ballot.sides],
    }


def _about(about: Mapping[str, Any]) -> list[dict[str, str]]:
    shown = [
        {"role": _text(one.get("role")), "text": _message(one)}
        for one in about.get("question") or ()
        if isinstance(one, Mapping)
    ]
    variables = about.get("variables") or {}
    shown += [{"role": str(k), "text": _text(v)} for k, v in variables.items()]
    if about.get("expected") is not None:
        shown.append({"role": "reference", "text": _text(about["expected"])})
    return shown


def _message(message: Mapping[str, Any]) -> str:
    parts = [message.get("content"), message.get("tool_calls")]
    return "\n".join(_text(one) for one in parts if one is not None)


def _answer(answer: Any) -> str:
    if not isinstance(answer, Mapping):
        return _text(answer)
    return "\n\n".join(_text(one) for one in answer.values() if one)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return visible(value)
    return visible(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def result(votes: Votes) -> dict[str, Any]:
    """Give what was decided, as the front end shows it at the end.

    Args:
        votes: A rater's.
    """
    is_any = bool(votes["winner"].notna().any())
    ranked = votes.ranking().to_dict("records") if is_any else []
    return {
        "sentence": visible(votes.sentence),
        "head": ["", "votes", "won, ties half", "expected (95 %)"],
        "rows": [_ranked(row) for row in ranked],
        "how": "Expected is the share of votes it would win against the others, by a "
        "Bradley-Terry model; where intervals overlap, this vote does not tell which "
        "is better. rater.votes has every vote, .ranking() the strengths, and "
        ".agreement(votes) compares with a judge or another rater.",
        "closed": f"{CLOSED[0].upper()}{CLOSED[1:]}.",
    }


def _ranked(row: Mapping[Any, Any]) -> list[str]:
    rate, low, high = (
        f"{100 * row[name]:.0f}"
        for name in ("expected_win_rate", "expected_ci_low", "expected_ci_high")
    )
    return [
        visible(str(row["name"])),
        f"{row['n_votes']:,}",
        f"{100 * row['win_rate']:.0f} %",
        f"{rate} % ({low}–{high} %)",
    ]
