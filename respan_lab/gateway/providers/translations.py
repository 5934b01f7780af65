"""In-process translators to other dialects, one for each credential in use."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from .vendor import Access, Vendor

__all__ = ["MOST", "Translations"]

MOST = 64

# Which of respan-gateway's formats each dialect is.
_FORMATS = {
    "anthropic": "anthropic-messages",
    "azure": "openai-chat",
    "gemini": "gemini-generate",
}


class Translations:
    """Transports that translate OpenAI's dialect, the last used of them kept.

    Each belongs to one vendor, address and key, since respan-gateway takes these when
    it is built. They are told apart by a hash, so that no key is kept here.
    """

    def __init__(self) -> None:
        self._built: OrderedDict[str, asyncio.Task[httpx.AsyncBaseTransport]] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._built)

    def __repr__(self) -> str:
        return f"Translations({len(self)} of {MOST})"

    async def get(self, vendor: Vendor, access: Access) -> httpx.AsyncBaseTransport:
        """Give the translator for a vendor and a credential; build it if need be."""
        identity = _identity(vendor, access)
        task = self._built.get(identity)
        if task is None or _has_failed(task):
            task = asyncio.create_task(asyncio.to_thread(_build, vendor, access))
            self._built[identity] = task
        self._built.move_to_end(identity)
        while len(self._built) > MOST:
            self._built.popitem(last=False)
        # Shielded, because other calls may wait for the same one.
        return await asyncio.shield(task)

    def clear(self) -> None:
        """Forget all of them; answers under way are not cut off."""
        self._built.clear()


def _has_failed(task: asyncio.Task[httpx.AsyncBaseTransport]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _identity(vendor: Vendor, access: Access) -> str:
    parts = "\0".join((vendor.name, access.base_url or "", access.key or ""))
    return hashlib.sha256(parts.encode()).hexdigest()


def _build(vendor: Vendor, access: Access) -> httpx.AsyncBaseTransport:
    import respan_gateway

    return respan_gateway.Gateway(_config(vendor, access)).async_transport()


def _config(vendor: Vendor, access: Access) -> dict[str, Any]:
    """Say everything: what is left out is looked for in the working directory."""
    name = vendor.name
    provider = {
        "vendor": vendor.dialect,
        "formats": {_FORMATS[vendor.dialect]: access.base_url},
        "key": access.key,
    }
    return {
        "providers": {name: provider},
        "routes": {"*": {"to": f"{name}/{{model}}", "fallback": False, "tries": 1}},
        "plugins": {
            "routing": {"default": name, "listings": False},
            "request_log": {"history": 1},
        },
        "log": "off",
        "ui": False,
    }
