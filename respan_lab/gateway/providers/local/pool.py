"""The model servers of this process, shared by all gateways in it."""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path

from .probe import remember
from .server import ModelServer, RuntimeFault

__all__ = ["POOL", "Pool"]


class Pool:
    """Servers by model file. One is started when first asked for, and again if it died.

    Users are told apart by any hashable value; a server ends when its last user has
    released it.
    """

    def __init__(self) -> None:
        # Reentrant, because the garbage collector may call `release` at any point.
        self._lock = threading.RLock()
        self._servers: dict[Path, ModelServer] = {}
        self._users: dict[Path, set[object]] = {}
        self._is_closed = False

    def peek(self, path: Path, user: object) -> ModelServer | None:
        """Give a model's server if it runs for this user already; never blocks."""
        server = self._servers.get(path)
        if server is None or user not in self._users.get(path, ()):
            return None
        return server if server.is_running else None

    def get(
        self, path: Path, user: object, *, alias: str, context_window: int
    ) -> ModelServer:
        """Give a model's server; blocks while it loads.

        Args:
            path: The model file.
            user: Who wants it.
            alias: What the model is called in answers.
            context_window: Tokens it is given room for.

        Raises:
            ConfigError: The file is missing or no model.
            RuntimeFault: The runtime cannot load it, or cannot run here; or the pool
                was closed.
        """
        with self._lock:
            if self._is_closed:
                raise RuntimeFault("the interpreter is shutting down", None)
            server = self._servers.get(path)
            if server is None or not server.is_running:
                if server is not None:
                    server.stop()
                server = _started(path, alias, context_window)
                self._servers[path] = server
            self._users.setdefault(path, set()).add(user)
            return server

    def release(self, user: object) -> None:
        """End the servers that nobody else uses; blocks until they have ended."""
        with self._lock:
            for path, users in list(self._users.items()):
                users.discard(user)
                if not users and self._users.pop(path, None) is not None:
                    self._servers.pop(path).stop()

    def close(self) -> None:
        """End all servers, for good."""
        with self._lock:
            self._is_closed = True
            for server in self._servers.values():
                server.stop()
            self._servers.clear()
            self._users.clear()

    def after_fork(self) -> None:
        """Forget a parent's servers in a child; they are the parent's to end."""
        self._lock = threading.RLock()
        self._inherited = self._servers
        self._servers, self._users = {}, {}


def _started(path: Path, alias: str, context_window: int) -> ModelServer:
    try:
        return ModelServer(path, alias=alias, context_window=context_window)
    except RuntimeFault as fault:
        reason = remember(fault)
        if reason is None:
            raise
        raise RuntimeFault(reason, fault.returncode) from None


POOL = Pool()
atexit.register(POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.after_fork)
