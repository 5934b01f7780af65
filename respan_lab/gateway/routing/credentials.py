"""Which of a request's own credentials a candidate is called with.

In this order: `credential_override` by the model as the request names it, by
`provider/slug`, by its provider; the candidate's own in a weighted list;
`customer_credentials` by the provider. Without any, the gateway's own key is used.

A key for a model that is named with its provider goes to that provider alone, wherever
the model is sent: one provider must not be shown another's key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...wire.secrets import as_credentials
from ..failure import GatewayFailure

if TYPE_CHECKING:
    from .names import Destination

__all__ = ["Keyring"]

Credentials = Mapping[str, Any]


class Keyring:
    """The credentials that one request brings along; never in a repr.

    Args:
        respan: Respan's fields of the request.
        check_address: Refuses an `api_base` that this caller may not name.
    """

    def __init__(
        self, respan: Mapping[str, Any], check_address: Callable[[Credentials], None]
    ) -> None:
        self._override = _given(respan.get("credential_override"))
        self._customer = _given(respan.get("customer_credentials"))
        self._check_address = check_address
        self._used: set[str] = set()
        self._passed: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Keyring(***)"

    @property
    def providers(self) -> frozenset[str]:
        """The names under which there are credentials: providers, and models too."""
        return frozenset(self._override).union(self._customer)

    def has(self, name: str, found: Destination, own: Credentials | None) -> bool:
        """Whether a candidate has credentials; takes what `find` takes."""
        return any(self._places(name, found, own))

    def find(
        self, name: str, found: Destination, own: Credentials | None
    ) -> Credentials | None:
        """Give the credentials to call a candidate with.

        Args:
            name: The model as the request names it.
            found: Who runs it.
            own: The candidate's, in a weighted list; None for none.

        Returns:
            None for the gateway's own key.

        Raises:
            GatewayFailure: 400: they have no key, or an address that is not allowed.
        """
        if not (self._override or self._customer or own):
            return None
        self._note(name, found)
        credentials = next(filter(None, self._places(name, found, own)), None)
        if credentials is not None:
            _check_key(name, credentials)
            self._check_address(credentials)
        return credentials

    def warnings(self) -> list[str]:
        """Name the overrides that look like a candidate's, and were for none."""
        return [
            f"credential_override[{key!r}] was not used for {full}: it counts under "
            f"{full!r}, or under the name the request gives the model there"
            for key, full in self._passed.items()
            if key not in self._used
        ]

    def _places(
        self, name: str, found: Destination, own: Credentials | None
    ) -> Iterator[Credentials | None]:
        """What there may be for a candidate, the strongest first."""
        yield from map(self._override.get, _keys(name, found))
        if _is_where_named(name, found):
            yield own
        yield self._customer.get(found.provider.name)

    def _note(self, name: str, found: Destination) -> None:
        keys = _keys(name, found)
        self._used.update(keys)
        for key in (name, found.slug):
            if key in self._override and key not in keys:
                self._passed[key] = keys[-2]


def _given(credentials: Credentials | None) -> Credentials:
    return as_credentials(credentials) if credentials else {}


def _keys(name: str, found: Destination) -> tuple[str, ...]:
    """The names of an override that is for this candidate, the strongest first."""
    provider, slug = found.provider.name, found.slug
    exact = (name,) if _is_where_named(name, found) else ()
    return (*exact, f"{provider}/{slug}", provider)


def _is_where_named(name: str, found: Destination) -> bool:
    """Whether a model is sent to the provider its name begins with, if with any."""
    return name.removesuffix(found.slug)[:-1] in ("", found.provider.name)


def _check_key(name: str, credentials: Credentials) -> None:
    key = credentials.get("api_key")
    if not isinstance(key, str) or not key.strip():
        raise GatewayFailure(
            400,
            f"the credentials for {name!r} need an `api_key`, which is a text; there "
            f"are only {', '.join(map(repr, credentials)) or 'none'}",
            code="invalid_value",
            param="credentials",
        )
