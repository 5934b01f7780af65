"""Which gateway a client talks to when it is not told: the only door to `gateway`."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..gateway import Gateway

__all__ = ["shared_gateway"]

_lock = threading.Lock()
_shared: list[Gateway] = []


def shared_gateway() -> Gateway:
    """The embedded gateway of all clients that have neither key nor address.

    Made once a process, and announced in one line.
    """
    # The one place where client and gateway meet; elsewhere neither knows the other.
    from ..gateway import Gateway

    with _lock:
        if not _shared:
            _shared.append(Gateway())
            _announce(_shared[0])
        return _shared[0]


def _announce(gateway: Gateway) -> None:
    keys = gateway.vendor_keys()
    found = f"keys found: {', '.join(keys)}" if keys else "no vendor keys found"
    line = (
        "respan_lab: no key and no address, so calls go to the embedded gateway on "
        f"this machine ({found})"
    )
    # A notebook paints standard error red, which is wrong for good news.
    print(line, file=sys.stdout if _is_notebook() else sys.stderr)


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
