"""The embedded gateway as a command: `respan-lab serve`."""

from __future__ import annotations

import gc
import os
import re
import signal
import threading
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, RespanError
from .gateway import Gateway

if TYPE_CHECKING:
    from types import FrameType

    from .gateway import Served

__all__ = ["read_config", "run_server"]

_GARBAGE = 10_000  # objects more than were freed, before the youngest are looked at
CLIENT_KEYS = "RESPAN_LAB_CLIENT_KEYS"

# What a file may set, and whether it is a table.
_SETTINGS = {
    "providers": True,
    "load_balance_groups": True,
    "prices": True,
    "sim_time_scale": False,
    "precedence": False,
}


def run_server(
    host: str,
    port: int,
    *,
    home: Path | None = None,
    seed: int | None = None,
    allow_hosts: Collection[str] = (),
    config: Path | None = None,
    client_keys: Path | None = None,
    say: Callable[[str], object],
) -> None:
    """Serve a gateway until SIGINT or SIGTERM, and close it.

    A second signal ends the process at once.

    Args:
        host: As for `Gateway.serve`.
        port: As there.
        home: As for `Gateway`, and so the next two.
        seed: See there.
        allow_hosts: See there.
        config: A TOML file with providers, load_balance_groups, prices,
            sim_time_scale and precedence; None for none.
        client_keys: A file with a key a line, beside those in
            `$RESPAN_LAB_CLIENT_KEYS`; None for none.
        say: Takes the line that says where it is.

    Raises:
        ConfigError: A setting is not usable, or the address cannot be had.
        RespanError: The server ended by itself.
    """
    gateway = Gateway(
        home=home,
        seed=seed,
        allow_hosts=allow_hosts,
        client_keys=_client_keys(client_keys),
        **(read_config(config) if config else {}),
    )
    stopped = _on_signals()
    try:
        with gateway.serve(host, port) as server:
            say(_greeting(gateway, server))
            _spare_collections()
            while not stopped.wait(1.0):
                if not server.is_running:
                    raise RespanError("the server ended by itself; start it again")
    finally:
        gateway.close()


def _spare_collections() -> None:
    """Have Python look for garbage seldom: a request leaves next to none behind.

    What is there by now stays for good, so it need not be looked at any more. A
    process of ours may be set up so; a notebook that serves is left as it is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 50)


def _on_signals() -> threading.Event:
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        stopped.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    return stopped


def _greeting(gateway: Gateway, server: Served) -> str:
    # The address of all networks is none to call.
    url = server.url.replace("//0.0.0.0:", "//127.0.0.1:").replace(
        "//[::]:", "//[::1]:"
    )
    elsewhere = "" if url == server.url else " (elsewhere: this machine's address)"
    vendors = ", ".join(gateway.vendor_keys()) or "none"
    log = (gateway.home / "logs.db").absolute()
    return f"base_url: {url}/api{elsewhere}   vendor keys: {vendors}   log: {log}"


def read_config(path: Path) -> dict[str, Any]:
    """Read the settings of a TOML file.

    Args:
        path: The file.

    Returns:
        Arguments for `Gateway`.

    Raises:
        ConfigError: It cannot be read, is not TOML, or sets something else; says
            where and what.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {path}: {error.strerror}") from None
    except ValueError as error:  # TOML's own and Unicode's
        raise ConfigError(f"--config {path} is not TOML: {error}") from None
    for name, value in found.items():
        if name not in _SETTINGS:
            raise ConfigError(
                f"--config {path}: there is no setting {name!r}; there are "
                + ", ".join(_SETTINGS)
            )
        if _SETTINGS[name] and not isinstance(value, dict):
            raise ConfigError(f"--config {path}: {name} must be a table, [{name}]")
    return found


def _client_keys(path: Path | None) -> list[str] | None:
    keys = re.split(r"[,\s]+", os.environ.get(CLIENT_KEYS, ""))
    if path is not None:
        try:
            keys += path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError(f"--client-keys {path}: {reason}") from None
    stripped = (key.strip() for key in keys)
    found = [key for key in stripped if key and not key.startswith("#")]
    is_asked = path is not None or os.environ.get(CLIENT_KEYS)
    # An empty list is refused: someone wanted keys, and all would be let in.
    return found if is_asked else None
