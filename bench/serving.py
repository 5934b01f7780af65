"""A gateway in a process of its own, for as long as it is measured."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from .load import Endpoint
from .peers import Contender, Missing, keyless, packages_of, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Serving", "serving"]


class Serving(NamedTuple):
    """A gateway that is running.

    Attributes:
        endpoint: Where it is called.
        pid: Its process, or the one that started it.
        versions: What is measured.
    """

    endpoint: Endpoint
    pid: int
    versions: Mapping[str, str]


@contextmanager
def serving(contender: Contender, stub: str) -> Iterator[Serving]:
    """Run a gateway in front of the stub, in an empty folder of its own.

    Args:
        contender: Which; its driver is one of `serve_*`.
        stub: The stub's address.

    Raises:
        Missing: It cannot be had, or not yet; says why.
        SystemExit: It ended before it served, or found that it served badly.
    """
    python = python_of(contender)
    environment = dict(contender.environment) | packages_of(contender)
    with TemporaryDirectory() as folder:
        task = json.dumps({"stub": stub, "folder": folder})
        with subprocess.Popen(
            [python, contender.script, task],
            env={**keyless(), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None  # they are pipes
            assert process.stdout is not None
            try:
                yield _read(contender, process.stdout.readline(), process.pid)
            finally:
                process.stdin.close()  # which ends it
                process.wait()
    if process.returncode:
        raise SystemExit(f"{contender.name}: {contender.script} failed")


def _read(contender: Contender, line: str, pid: int) -> Serving:
    if not line:
        raise SystemExit(f"{contender.name}: {contender.script} ended without a word")
    told = json.loads(line)
    if "skipped" in told:
        raise Missing(told["skipped"])
    return Serving(Endpoint(**told["endpoint"]), pid, told["versions"])
