"""The contenders: what each is, and an environment of its own for each peer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "CONTENDERS",
    "ENGINES",
    "GATEWAYS",
    "Contender",
    "Missing",
    "keyless",
    "packages_of",
    "python_of",
]

_BENCH = Path(__file__).parent
_SECRET = ("RESPAN_", "KEYWORDSAI_", "OPENAI_", "AZURE_", "AWS_", "GOOGLE_", "LITELLM_")


class Missing(Exception):
    """Something a contender needs is not on this machine."""


class Contender(NamedTuple):
    """One way to make the same calls.

    Attributes:
        name: As the tables show it.
        driver: The file in `bench/drivers`, without its ending.
        pinned: What is installed for it; empty for ours.
        environment: Variables its driver is started with.
        npm: The package that is installed for one that runs on Node.
    """

    name: str
    driver: str
    pinned: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    npm: str = ""

    @property
    def script(self) -> str:
        """The driver's path."""
        return str(_BENCH / "drivers" / f"{self.driver}.py")

    @property
    def home(self) -> Path:
        """The folder of its environment."""
        name = self.npm or self.pinned[0]
        return _BENCH / ".venvs" / re.sub(r"[^\w.]+", "-", name).strip("-")


# Its price list comes from its own package instead of the network.
_OFFLINE = ("LITELLM_LOCAL_MODEL_COST_MAP", "True")
_HTTPX = ("httpx==0.28.1", "httpx-aiohttp==0.2.0", "aiohttp==3.14.5")

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("ours: client.achat", "via_client"),
        Contender("ours: compare, with its frame", "via_compare"),
        Contender("openai SDK", "via_openai", ("openai==3.54.0",)),
        Contender("litellm", "via_litellm", ("litellm==1.106.2",), (_OFFLINE,)),
        Contender("httpx", "via_httpx", _HTTPX),
        Contender(
            "httpx over aiohttp", "via_httpx", _HTTPX, (("TRANSPORT", "aiohttp"),)
        ),
    )
}

ENGINES = {
    contender.name: contender
    for contender in (
        Contender("ours: the whole engine", "via_compare"),
        Contender("ours: scored as well", "via_compare", (), (("SCORED", "yes"),)),
        CONTENDERS["openai SDK"],
        CONTENDERS["litellm"],
        Contender(
            "Inspect AI", "via_inspect", ("inspect-ai==0.3.285", "openai==3.54.0")
        ),
        Contender(
            "pydantic-evals",
            "via_pydantic_evals",
            ("pydantic-evals==2.62.0", "openai==3.54.0"),
        ),
    )
}
"""Who runs a whole experiment, and what one would otherwise write, by name."""

GATEWAYS = {
    contender.name: contender
    for contender in (
        Contender("ours, served", "serve_ours"),
        Contender("ours, served, a cache hit", "serve_ours", (), (("CACHED", "yes"),)),
        Contender("respan-gateway, bare", "serve_respan", ("respan-gateway==0.3.0",)),
        Contender(
            "litellm proxy",
            "serve_litellm",
            ("litellm[proxy]==1.106.2",),
            # In production mode it reads no `.env` of the folders above.
            (_OFFLINE, ("LITELLM_MODE", "PRODUCTION")),
        ),
        Contender("Portkey gateway", "serve_portkey", npm="@portkey-ai/gateway@1.15.2"),
    )
}
"""Gateways on a socket, by name."""


def python_of(contender: Contender) -> str:
    """The interpreter of the contender's environment, which is made if it is missing.

    Raises:
        subprocess.CalledProcessError: Nothing could be installed.
    """
    if not contender.pinned:
        return sys.executable
    home = contender.home
    interpreter, ready = home / "bin" / "python", home / "ready"
    pinned = "\n".join(contender.pinned)
    if not ready.exists() or ready.read_text() != pinned:
        print(f"Setting up {' '.join(contender.pinned)} ...", flush=True)
        venv.create(home, with_pip=True, clear=True)
        install = [str(interpreter), "-m", "pip", "install", "-qq"]
        subprocess.run([*install, *contender.pinned], check=True)
        ready.write_text(pinned)
    return str(interpreter)


def packages_of(contender: Contender) -> dict[str, str]:
    """Variables that say where its Node packages are, which are made if missing.

    Raises:
        Missing: There is no Node, or its package cannot be installed.
    """
    if not contender.npm:
        return {}
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not on this machine")
    home = contender.home
    if not (home / "ready").exists():
        print(f"Setting up {contender.npm} ...", flush=True)
        home.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund"]
        if subprocess.run([*install, "--silent", contender.npm]).returncode:
            raise Missing(f"npm cannot install {contender.npm}")
        (home / "ready").touch()
    return {"PACKAGES": str(home)}


def keyless() -> dict[str, str]:
    """This process's environment without keys, addresses and proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SECRET)
        and not name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL", "_TOKEN"))
        and not name.lower().endswith("_proxy")
    }
