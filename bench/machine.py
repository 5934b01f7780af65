"""What a bench ran on, told so that figures can be read later."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

__all__ = ["describe_machine"]


def describe_machine() -> str:
    """Cores, memory, system, Python, and what else was running (Linux only)."""
    parts = [_processor(), _memory(), _system(), f"Python {platform.python_version()}"]
    return ", ".join([part for part in [*parts, _other_load()] if part])


def _processor() -> str:
    model = platform.processor() or platform.machine()
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    article = "an" if model[:1] in "AEIO" else "a"
    return f"{os.cpu_count()} cores of {article} {model}"


def _memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return f"{round(int(line.split()[1]) / 2**20)} GB"
    return ""


def _system() -> str:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    name = system["NAME"].removesuffix(" GNU/Linux")
    return f"{name} {system.get('VERSION_ID', '')}".strip()


def _other_load(seconds: float = 2.0) -> str:
    before = _ticks()
    time.sleep(seconds)
    idle, total = (now - then for now, then in zip(_ticks(), before, strict=True))
    if not total:
        return ""
    busy = 1 - idle / total
    return "no other load" if busy < 0.03 else f"{busy:.0%} busy with other work"


def _ticks() -> tuple[int, int]:
    """Idle and all clock ticks of all cores since the machine started."""
    fields = [int(n) for line in _lines("/proc/stat")[:1] for n in line.split()[1:9]]
    return (fields[3] + fields[4], sum(fields)) if fields else (0, 0)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
