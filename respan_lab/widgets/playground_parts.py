"""What a playground says of itself: as code, and where its tries are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..experiment.pacing.token_guess import guessed_tokens, prompt_bytes
from ..experiment.planning.target import Target
from .code import call, literal
from .lane import Lane

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["lanes_for", "models_code", "tries_path"]


def tries_path(home: Path, name: str | None) -> Path:
    """Give where the tries of a prompt are kept.

    Example:
        >>> tries_path(Path("home"), "a/b c").as_posix()
        'home/playground/a-b-c.jsonl'
    """
    plain = re.sub(r"[^\w.-]+", "-", name or "prompt").strip(".-") or "prompt"
    return home / "playground" / f"{plain[:80]}.jsonl"


def models_code(models: Sequence[str | Target]) -> str:
    """Give models as source.

    Example:
        >>> models_code(["a", Target("b", model="m", temperature=0)])
        "['a', lab.Target(name='b', model='m', temperature=0)]"
    """
    return f"[{', '.join(map(_model_code, models))}]"


def _model_code(model: str | Target) -> str:
    if isinstance(model, str):
        return literal(model)
    given = {"name": model.name, **model.fields, **model.params}
    if model.route_provider is not None:
        given["route_provider"] = model.route_provider
    return call(
        "lab.Target", **{k: literal(v) for k, v in given.items() if v is not None}
    )


def lanes_for(
    targets: Sequence[Target], client: Client, messages: Sequence[Mapping[str, Any]]
) -> list[Lane]:
    """Make a lane for each target.

    Args:
        targets: Who is asked.
        client: By whom, and at what prices.
        messages: What is sent, for the price of it while answers come.
    """
    tokens = guessed_tokens(prompt_bytes(list(messages)))
    return [_lane(target, client, tokens) for target in targets]


def _lane(target: Target, client: Client, tokens: int) -> Lane:
    asked = target.primaries
    is_simulated = client.backend == "embedded" and all(
        name.startswith("sim/") for name in asked
    )
    price = client.prices.price(target.model) if target.model else None
    if price is None:
        return Lane(target.name, bool(asked) and is_simulated)
    tier = price.for_prompt(tokens)

    def cost_of(answer: int) -> float:
        paid: float = (tokens * tier.input + answer * tier.output) / 1e6
        return paid + float(tier.per_request)

    return Lane(target.name, is_simulated, cost_of)
