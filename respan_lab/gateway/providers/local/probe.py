"""Whether this machine can run the runtime; a CPU's refusal is remembered."""

from __future__ import annotations

import hashlib
import json
import platform
import signal
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ....errors import RespanError
from .server import ModelServer, RuntimeFault
from .shelf import cache_folder

__all__ = ["known_fault", "probe", "remember", "runtime_version"]

# How a process ends on an instruction that its CPU does not have.
_ILLEGAL = {
    -getattr(signal, "SIGILL", 4),
    0xC000001D,
    0xC000001D - 2**32,
}


def runtime_version() -> str | None:
    """Give the runtime's version; None if the extra `local` is not installed."""
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return None


def known_fault() -> str | None:
    """Say why models cannot run here, as far as that is known without trying.

    Returns:
        A reason; None if there is none known.
    """
    if runtime_version() is None:
        return (
            "the runtime is not installed: pip install "
            '"respan-lab[local]" (there is none for musl-based systems)'
        )
    try:
        return str(json.loads(_note().read_text("utf-8"))["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(fault: RuntimeFault) -> str | None:
    """Note that this CPU cannot run the runtime, if that is what a fault says.

    The note holds for this version of the runtime on this kind of CPU.

    Args:
        fault: How starting a model failed.

    Returns:
        The reason; None if the fault has nothing to do with the CPU.
    """
    if fault.returncode not in _ILLEGAL:
        return None
    reason = (
        f"this CPU lacks instructions that xllamacpp {runtime_version()} needs (on "
        "x86: AVX2, FMA and BMI2)"
    )
    note = _note()
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    note.write_text(json.dumps({"reason": reason}), "utf-8")
    return reason


def probe(path: Path) -> str | None:
    """Try to load a model once, in a process of its own, whatever is remembered.

    Args:
        path: The model file.

    Returns:
        Why that failed; None if it went well.
    """
    if runtime_version() is None:
        return known_fault()
    try:
        ModelServer(path, alias="probe").stop()
    except RuntimeFault as fault:
        return remember(fault) or str(fault)
    except RespanError as error:
        return str(error)
    _note().unlink(missing_ok=True)
    return None


def _note() -> Path:
    kind = f"xllamacpp {runtime_version()} on {_cpu()}"
    digest = hashlib.sha256(kind.encode()).hexdigest()[:16]
    return cache_folder() / "cpu" / f"{digest}.json"


@cache
def _cpu() -> str:
    """Describe the CPU by its architecture and what it can do."""
    return f"{platform.machine()} {_features() or platform.processor()}"


def _features() -> str:
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        except OSError:
            return ""
        named = (line for line in lines if line.startswith(("flags", "Features")))
        return " ".join(sorted(next(named, ":").partition(":")[2].split()))
    if sys.platform == "darwin":
        return _said_by("sysctl", "-n", "machdep.cpu.brand_string")
    return ""


def _said_by(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
