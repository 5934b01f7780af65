"""The provider `local`: real models on this machine, behind one slot."""

from __future__ import annotations

import asyncio
import difflib
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import finalize

import httpx

from ....errors import ConfigError, RespanError
from ....prices import Price
from ....transport import OutgoingTransport
from ..provider import ModelCard, ProviderAnswer, ProviderCall
from .catalogue import CATALOGUE, Weights
from .gguf_head import read_head
from .pool import POOL
from .probe import known_fault, runtime_version
from .shelf import Shelf, sha256_of

if TYPE_CHECKING:
    from .server import ModelServer

__all__ = ["LocalProvider"]

_CONTEXT = 4096  # tokens, for a file whose model is not in the catalogue
_FREE = Price(input=0.0, output=0.0, cached_input=None, cache_write=None)


class _File(NamedTuple):
    path: Path
    alias: str
    context_window: int
    sha256: str | None


class LocalProvider:
    """Models on this machine, run by llama.cpp; nothing is fetched by using them.

    `smollm2-135m` and `smollm2-135m-q4_0` are there after `respan-lab pull`; the path
    of any GGUF file is a model too. A model is loaded by its first call, in a process
    of its own that is shared with other gateways here, and stays loaded. It sees each
    request as if it were the first: there is no prompt cache.

    Attributes:
        name: `local`.
        max_concurrency: One call at a time over all models, since two would slow each
            other down.
        is_open: False: what is not listed is a path, which is looked for on the disk.
    """

    name = "local"
    max_concurrency: int | None = 1
    is_open = False

    def __init__(self) -> None:
        # The server closes a connection after a stream without saying so.
        self._transport = OutgoingTransport(keepalive=False)
        self._user = object()
        self._checked: set[Path] = set()
        self._hashes: dict[tuple[Path, int, int], str] = {}
        # A provider that nobody closed does not keep its models in memory.
        finalize(self, POOL.release, self._user).atexit = False

    def __repr__(self) -> str:
        return "LocalProvider()"

    def models(self) -> Sequence[ModelCard]:
        """List the models that have a name, with the reason if one cannot run."""
        return [self.card(name) for name in CATALOGUE]

    def card(self, slug: str) -> ModelCard:
        """Tell what is known of a model; its file is hashed if that was never done."""
        weights = CATALOGUE.get(slug)
        provenance, reason = None, known_fault()
        try:
            provenance = self.provenance(slug)
        except RespanError as error:
            # A machine that cannot run any model is told first: fetching mends nothing.
            reason = reason or str(error)
        return ModelCard(
            slug,
            label=weights.label if weights else "local model",
            is_available=reason is None,
            reason=reason,
            price=_FREE,
            context_window=weights.context_window if weights else _CONTEXT,
            provenance=provenance,
        )

    def provenance(self, model: str) -> dict[str, str]:
        """Say exactly what answers under a model's name, to be kept with results.

        Args:
            model: The slug, or a path; with or without `local/` or `local:`.

        Returns:
            `runtime`, `machine`, `file` and `sha256`; the first time, this reads a
            file that is not from the catalogue as a whole.

        Raises:
            ConfigError: The model is unknown, or its file is missing.
        """
        file = _find(model.removeprefix("local/").removeprefix("local:"))
        return {
            "runtime": f"xllamacpp {runtime_version() or 'not installed'}",
            "machine": platform.machine(),
            "file": file.path.name,
            "sha256": file.sha256 or self._hash(file.path),
        }

    async def prepare(self, slug: str) -> None:
        """Load a model now, so that no call has to wait for it.

        Args:
            slug: The slug, or a path.

        Raises:
            ConfigError: The model is unknown, or its file is missing or damaged.
            RespanError: It cannot run here.
        """
        await self._server(_find(slug))

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        """Ask a model, loading it first if need be."""
        if not _is_text(call.body.get("messages")):
            return _refusal(
                400, "local models read text only, no images or files", "text_only"
            )
        try:
            file = _find(call.model)
            server = await self._server(file)
        except ConfigError as error:
            return _refusal(404, str(error), "model_not_found")
        except RespanError as error:
            return _refusal(424, str(error), "model_unavailable")
        request = _request(call, server)
        response = await self._transport.handle_async_request(request)
        return ProviderAnswer.relay(response)

    async def aclose(self) -> None:
        """End the models, unless another gateway here uses them."""
        await self._transport.aclose()
        try:
            await asyncio.to_thread(POOL.release, self._user)
        except RuntimeError:  # no more threads: the interpreter is shutting down
            POOL.release(self._user)

    async def _server(self, file: _File) -> ModelServer:
        server = POOL.peek(file.path, self._user)
        if server is not None:
            return server
        return await asyncio.to_thread(self._load, file)

    def _load(self, file: _File) -> ModelServer:
        fault = known_fault()
        if fault is not None:
            raise RespanError(fault)
        self._check(file)
        return POOL.get(
            file.path,
            self._user,
            alias=file.alias,
            context_window=file.context_window,
        )

    def _check(self, file: _File) -> None:
        if file.sha256 is None or file.path in self._checked:
            return
        if sha256_of(file.path) != file.sha256:
            raise RespanError(
                f"{file.path} is damaged: its SHA-256 is not {file.sha256}; delete it "
                "and run `respan-lab pull`"
            )
        self._checked.add(file.path)

    def _hash(self, path: Path) -> str:
        state = path.stat()
        key = (path, state.st_size, state.st_mtime_ns)
        if key not in self._hashes:
            self._hashes[key] = sha256_of(path)
        return self._hashes[key]


def _absent(weights: Weights) -> str:
    return f"{weights.name} was not fetched yet: run `respan-lab pull`"


def _find(model: str) -> _File:
    """Find a model's file."""
    weights = CATALOGUE.get(model)
    if weights is not None:
        return _shelved(weights)
    path = Path(model).expanduser()
    if path.suffix != ".gguf":
        near = difflib.get_close_matches(model, CATALOGUE, n=1)
        hint = f"; the nearest is local/{near[0]}" if near else ""
        names = ", ".join(f"local/{name}" for name in CATALOGUE)
        raise ConfigError(
            f"there is no local model {model!r}: there are {names}, and local:<path> "
            f"with the path of a .gguf file{hint}"
        )
    read_head(path)
    return _File(path.resolve(), path.stem, _CONTEXT, None)


def _shelved(weights: Weights) -> _File:
    shelf = Shelf()
    path = shelf.get(weights)
    if path is None:
        raise RespanError(_absent(weights))
    digest = str(shelf.record(weights)["sha256"])
    return _File(path, weights.name, weights.context_window, digest)


def _is_text(messages: Any) -> bool:
    """Whether nothing but text is asked; the runtime would fail at anything else."""
    contents = [m.get("content") for m in messages or () if isinstance(m, dict)]
    parts = [part for parts in contents if isinstance(parts, list) for part in parts]
    return all(isinstance(part, dict) and part.get("type") == "text" for part in parts)


def _request(call: ProviderCall, server: ModelServer) -> httpx.Request:
    body = call.body
    if call.is_stream:
        options = body.get("stream_options") or {}
        body = {**body, "stream_options": {**options, "include_usage": True}}
    return httpx.Request(
        "POST",
        f"{server.url}/v1/chat/completions",
        headers={"content-type": "application/json", **server.headers},
        content=json.dumps(body).encode(),
        extensions={"timeout": {"read": call.timeout}},
    )


def _refusal(status: int, message: str, code: str) -> ProviderAnswer:
    return ProviderAnswer.failure(status, message, type="local_error", code=code)
