"""A cell's request as a command for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..client.address import HOSTED_URL
from ..errors import ConfigError
from ..wire.secrets import without_credentials
from .text import HIDDEN

if TYPE_CHECKING:
    from .cells import Cell

__all__ = ["as_command", "curl_of"]

_SERVED = "http://127.0.0.1:8787/api"  # where `respan-lab serve` is by itself
_PATH = "/chat/completions"
_ROUTE = "X-Respan-Route-Provider"

_AGAIN = (
    "This asks anew, and is billed anew: the run's Idempotency-Key is left out, with",
    "which a gateway would only give the answer again that it has.",
)
_SERVE = ("The gateway was embedded: first start one with `respan-lab serve`.",)
_SET_URL = (
    "The run was killed before it wrote down its gateway's address:",
    "set RESPAN_BASE_URL to it, ending in /api. A pinned provider is missing as well.",
)


def curl_of(cell: Cell) -> str:
    """Give the request of a cell as a curl command.

    Raises:
        ConfigError: The request is not known: it was never sent, or the ledger is not
            at hand.
    """
    body, headers = _body(cell), _pinned(cell)
    backend, url = cell.row["gateway"], cell.manifest.get("base_url")
    if backend == "embedded":
        return as_command(
            shlex.quote(_SERVED + _PATH),
            body,
            notes=(*_AGAIN, *_SERVE),
            headers=headers,
            with_key=False,
        )
    url = url or (HOSTED_URL if backend == "hosted" else None)
    if url is None:
        return as_command(
            f'"$RESPAN_BASE_URL{_PATH}"', body, notes=(*_AGAIN, *_SET_URL)
        )
    return as_command(shlex.quote(url + _PATH), body, notes=_AGAIN, headers=headers)


def as_command(
    url: str,
    body: Mapping[str, Any],
    *,
    notes: tuple[str, ...] = (),
    headers: Mapping[str, str] = MappingProxyType({}),
    with_key: bool = True,
) -> str:
    r"""Write a command that posts a body, for bash and all that read like it.

    Args:
        url: As it is to stand in the command, quoted.
        body: The JSON object; any credentials in it are left out.
        notes: Comments above it, each a line.
        headers: Sent beside those of every request.
        with_key: Whether to send `$RESPAN_API_KEY`.

    Example:
        >>> print(as_command("http://127.0.0.1:8787/", {"a": "it's"}, with_key=False))
        curl -sS http://127.0.0.1:8787/ \
          -H 'Content-Type: application/json' \
          --data-binary @- <<'JSON'
        {
          "a": "it's"
        }
        JSON
    """
    comments = [f"# {note}" for note in notes]
    options = "-sSN" if body.get("stream") else "-sS"
    lines = [f"curl {options} {url}"]
    if with_key:
        lines.append('  -H "Authorization: Bearer $RESPAN_API_KEY"')
    lines.append("  -H 'Content-Type: application/json'")
    lines += [f"  -H {shlex.quote(f'{n}: {value}')}" for n, value in headers.items()]
    # In a quoted here-document nothing is read as anything else, however long it is;
    # and no line of indented JSON can end it.
    lines.append("  --data-binary @- <<'JSON'")
    text = json.dumps(without_credentials(body), ensure_ascii=False, indent=2)
    return "\n".join([*comments, " \\\n".join(lines), _seen(text), "JSON"])


def _pinned(cell: Cell) -> dict[str, str]:
    """The header that pins a target's provider, if one is pinned."""
    pinned = cell.manifest.get("route_providers", {}).get(cell.row["model"])
    return {_ROUTE: str(pinned)} if pinned else {}


def _seen(text: str) -> str:
    """Spell out what cannot be seen: a command is read before it is run."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _body(cell: Cell) -> dict[str, Any]:
    request = cell.story.call.request if cell.story and cell.story.call else None
    if request is None:
        raise ConfigError(_unknown(cell))
    return request


def _unknown(cell: Cell) -> str:
    if cell.row["status"] == "skipped":
        return f"{cell.key} was not sent; exp.plan() has what would be"
    path = (cell.manifest.get("ledger") or {}).get("path")
    where = f"the ledger {path} has it no more, or is" if path else "its ledger is"
    return (
        f"what was asked in {cell.key} stands in the run's ledger alone, and {where} "
        "not at hand: load the run from there, lab.Results.load(ledger, run_id)"
    )
