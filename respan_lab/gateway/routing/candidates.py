"""Step: which model answers, and which ones stand by.

The first candidate is the `model`, or one of a list: of a router list (`models`) by the
rule in `router`, of a weighted list (`load_balance_models`, or a `load_balance_group`
of the gateway's configuration) by a draw with the weights. After it come the
`fallback_models`, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...wire.secrets import secrets_of
from ..asking.asked import Asked
from ..failure import GatewayFailure
from .credentials import Keyring
from .deployments import deployment_of
from .names import Destination, Names
from .router import route
from .weighted import Weighted, drawn, read_weighted

__all__ = ["Candidate", "choose"]

_LOCKED = 424  # there is such a model, and its key is missing


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer.

    Attributes:
        name: Its name as the request has it.
        destination: Who runs it.
        reason: Why it was chosen; None if the request named it.
        credentials: The call's own; None for the provider's. Never in a repr.
        deployment: What the provider is asked for instead of the model's slug; None
            for the slug.
    """

    name: str
    destination: Destination
    reason: str | None = None
    credentials: Mapping[str, Any] | None = None
    deployment: str | None = None

    def __repr__(self) -> str:
        return f"Candidate({self.name!r})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of the credentials must not be shown; addresses and versions may."""
        if self.credentials is None:
            return ()
        return secrets_of({"credentials": self.credentials})


Groups = Mapping[str, Sequence[Mapping[str, Any]]]


async def choose(
    asked: Asked,
    names: Names,
    *,
    groups: Groups,
    draw: Callable[[], float],
    pick: Callable[[], float],
    check_address: Callable[[Mapping[str, Any]], None],
) -> list[Candidate]:
    """Choose the models for a request, in the order they are tried.

    Args:
        asked: The request.
        names: Who runs what.
        groups: Saved weighted lists by their id.
        draw: Gives numbers in [0, 1), afresh for each request; for weighted lists.
        pick: Gives a number in [0, 1), the same whenever the request is; for routers.
        check_address: Refuses credentials whose address this caller may not name.

    Raises:
        GatewayFailure: The request names no model, or none that can be called.
    """
    keyring = Keyring(asked.respan, check_address)
    chooser = _Chooser(asked, names, keyring)
    standing_by = _standing_by(asked)
    found: list[Candidate] = []
    try:
        found.append(await chooser.first(groups, draw, pick))
    except GatewayFailure as failure:
        if failure.status != _LOCKED or not standing_by:
            raise
        asked.warnings.append(f"a fallback answers: {failure}")
    for name in standing_by:
        try:
            found.append(await chooser.named(name, pin=None, reason="fallback"))
        except GatewayFailure as failure:
            if failure.status != _LOCKED:  # a wrong name fails always, not at need
                raise
            asked.warnings.append(f"fallback {name} is left out: {failure}")
    asked.warnings += keyring.warnings()
    if not found:
        raise _bad("fallback_models", "neither the model nor a fallback can be called")
    return found if len(found) == 1 else _each_once(found)


class _Chooser:
    """Finds candidates for one request."""

    def __init__(self, asked: Asked, names: Names, keyring: Keyring) -> None:
        self._asked = asked
        self._names = names
        self._keyring = keyring

    async def first(
        self, groups: Groups, draw: Callable[[], float], pick: Callable[[], float]
    ) -> Candidate:
        asked = self._asked
        weighted = read_weighted(asked, groups)
        models = asked.respan.get("models") or []
        model = asked.openai.get("model")
        if weighted and models:
            raise _bad("models", "give either `models` or a weighted list, not both")
        if weighted:
            return await self._drawn(weighted, draw)
        if model:
            return await self.named(model, pin=asked.route_provider)
        if len(models) == 1:
            return await self.named(models[0], pin=asked.route_provider)
        if models:
            return await self._routed(models, pick)
        raise _bad(
            "model",
            "name a model: `model`, `models`, `load_balance_models`, "
            "`load_balance_group`, or a `prompt` that has one",
        )

    async def named(
        self, name: str, *, pin: str | None, reason: str | None = None
    ) -> Candidate:
        found = await self._names.locate(
            name, pin=pin, keyed=self._keyring.providers, has_key=self._has_key(name)
        )
        return self._candidate(name, found, reason=reason)

    async def _drawn(
        self, weighted: Sequence[Weighted], draw: Callable[[], float]
    ) -> Candidate:
        # All are located, so that a wrong name fails always and not now and then.
        found = [
            await self._names.locate(
                each.name,
                pin=self._asked.route_provider,
                keyed=self._keyring.providers,
                has_key=self._has_key(each.name, each.credentials),
            )
            for each in weighted
        ]
        at, reason = drawn(weighted, draw)
        return self._candidate(
            weighted[at].name, found[at], reason=reason, own=weighted[at].credentials
        )

    async def _routed(
        self, models: Sequence[str], pick: Callable[[], float]
    ) -> Candidate:
        async def locate(name: str) -> Destination:
            return await self._names.locate(
                name,
                pin=self._asked.route_provider,
                keyed=self._keyring.providers,
                has_key=self._has_key(name),
            )

        name, found, reason = await route(models, self._asked.respan, locate, pick)
        return self._candidate(name, found, reason=reason)

    def _has_key(
        self, name: str, own: Mapping[str, Any] | None = None
    ) -> Callable[[Destination], bool]:
        return lambda found: self._keyring.has(name, found, own)

    def _candidate(
        self,
        name: str,
        found: Destination,
        *,
        reason: str | None,
        own: Mapping[str, Any] | None = None,
    ) -> Candidate:
        credentials = self._keyring.find(name, found, own)
        deployment = deployment_of(name, found, self._asked)
        return Candidate(name, found, reason, credentials, deployment)


def _standing_by(asked: Asked) -> list[str]:
    respan = asked.respan
    if respan.get("disable_fallback"):
        return []
    # Beside a model, a router list is a list of fallbacks.
    further = respan.get("models") or [] if asked.openai.get("model") else []
    return [*(respan.get("fallback_models") or []), *further]


def _each_once(found: Sequence[Candidate]) -> list[Candidate]:
    """Each where it stands first."""
    return list({_identity(each): each for each in reversed(found)}.values())[::-1]


def _identity(candidate: Candidate) -> tuple[str, str]:
    provider, slug = candidate.destination
    return provider.name, slug


def _bad(param: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=param)
