"""The contenders: what each is, and an environment of its own for each peer."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

__all__ = ["CONTENDERS", "Contender", "keyless", "python_of"]

_BENCH = Path(__file__).parent
_SECRET = ("RESPAN_", "KEYWORDSAI_", "OPENAI_", "AZURE_", "AWS_", "GOOGLE_", "LITELLM_")


class Contender(NamedTuple):
    """One way to make the same calls.

    Attributes:
        name: As the tables show it.
        driver: The file in `bench/drivers`, without its ending.
        pinned: What is installed for it; empty for ours.
        environment: Variables its driver is started with.
    """

    name: str
    driver: str
    pinned: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def script(self) -> str:
        """The driver's path."""
        return str(_BENCH / "drivers" / f"{self.driver}.py")

    @property
    def is_ours(self) -> bool:
        """Whether it is the package that is being measured."""
        return not self.pinned


_HTTPX = ("httpx==0.28.1", "httpx-aiohttp==0.2.0", "aiohttp==3.14.5")

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("ours: client.achat", "via_client"),
        Contender("ours: compare, with its frame", "via_compare"),
        Contender("openai SDK", "via_openai", ("openai==3.54.0",)),
        Contender(
            "litellm",
            "via_litellm",
            ("litellm==1.106.2",),
            # Its price list comes from its own package instead of the network.
            (("LITELLM_LOCAL_MODEL_COST_MAP", "True"),),
        ),
        Contender("httpx", "via_httpx", _HTTPX),
        Contender(
            "httpx over aiohttp", "via_httpx", _HTTPX, (("TRANSPORT", "aiohttp"),)
        ),
    )
}


def python_of(contender: Contender) -> str:
    """The interpreter of the contender's environment, which is made if it is missing.

    Raises:
        subprocess.CalledProcessError: Nothing could be installed.
    """
    if contender.is_ours:
        return sys.executable
    home = _BENCH / ".venvs" / contender.pinned[0].replace("==", "-")
    interpreter, ready = home / "bin" / "python", home / "ready"
    pinned = "\n".join(contender.pinned)
    if not ready.exists() or ready.read_text() != pinned:
        print(f"Setting up {' '.join(contender.pinned)} ...", flush=True)
        venv.create(home, with_pip=True, clear=True)
        install = [str(interpreter), "-m", "pip", "install", "-qq"]
        subprocess.run([*install, *contender.pinned], check=True)
        ready.write_text(pinned)
    return str(interpreter)


def keyless() -> dict[str, str]:
    """This process's environment without keys, addresses and proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SECRET)
        and not name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL", "_TOKEN"))
        and not name.lower().endswith("_proxy")
    }
