"""Which of a request's own credentials a candidate is called with.

In this order: `credential_override` by the model as the request names it, by its slug,
by its provider; the candidate's own in a weighted list; `customer_credentials` by the
provider. Without any, the gateway's own key is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        self._override = as_credentials(respan.get("credential_override") or {})
        self._customer = as_credentials(respan.get("customer_credentials") or {})
        self._check_address = check_address

    def __repr__(self) -> str:
        return "Keyring(***)"

    @property
    def providers(self) -> frozenset[str]:
        """The names under which there are credentials: providers, and models too."""
        return frozenset({*self._override, *self._customer})

    def has_override(self, name: str) -> bool:
        """Whether there are credentials for a model by its name."""
        return name in self._override or _slug(name) in self._override

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
        provider, slug = found.provider.name, found.slug
        places = (
            *(self._override.get(key) for key in (name, slug, provider)),
            own,
            self._customer.get(provider),
        )
        credentials = next((place for place in places if place), None)
        if credentials is not None:
            _check_key(name, credentials)
            self._check_address(credentials)
        return credentials


def _slug(name: str) -> str:
    return name.partition("/")[2] or name


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
