"""A llama.cpp server for one model file, in a process of its own.

Not in this one, for four measured reasons: loading holds the interpreter's lock for
half a second, which would falsify every latency measured meanwhile; ending it with a
call under way hangs or crashes the process; an unsuitable CPU kills it; and only a
process can be ended at any time.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ....errors import RespanError
from .gguf_head import read_head

__all__ = ["ModelServer", "RuntimeFault", "default_threads"]

_LOAD_LIMIT = 300.0
_ENDING = 2.0
_CHILD = Path(__file__).with_name("child.py")
# What an interpreter needs to start. Keys above all stay here.
_PASSED_ON = {
    "APPDATA",
    "DYLD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LOCALAPPDATA",
    "PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
    "VIRTUAL_ENV",
}


class RuntimeFault(RespanError):
    """A model's process ended before it could serve.

    Attributes:
        returncode: How it ended, as in `subprocess`; None if it said what is wrong,
            or took too long.
    """

    def __init__(self, message: str, returncode: int | None) -> None:
        super().__init__(message)
        self.returncode = returncode


def default_threads() -> int:
    """Give how many threads a model gets: one on two cores, at most four.

    So small a model hardly gains by a second one, and loses a lot by it when anything
    else uses a core.
    """
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(4, cores // 2))


class ModelServer:
    """A running server of one model; it listens on loopback and wants a token.

    Making one starts the process and waits until the model is loaded, which blocks
    for some tenths of a second. The process ends with this one, however that ends.

    Args:
        path: The model file.
        alias: What the model is called in answers.
        context_window: Tokens it is given room for.

    Raises:
        ConfigError: The file is missing or no model.
        RuntimeFault: The runtime cannot load it, or cannot run here.
    """

    def __init__(self, path: Path, *, alias: str, context_window: int = 4096) -> None:
        read_head(path)
        self._token = secrets.token_urlsafe(32)
        self._owner = os.getpid()
        # Read only if loading fails; a pipe could fill up and block the server.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
        self._process = _spawn(self._errors)
        try:
            self.url = self._start(path, alias, context_window)
        except BaseException:
            self.stop()
            raise

    def __repr__(self) -> str:
        return f"ModelServer({self.url!r})"

    @property
    def headers(self) -> Mapping[str, str]:
        """What a request must carry."""
        return {"authorization": f"Bearer {self._token}"}

    @property
    def is_running(self) -> bool:
        """Whether the process is there, and is this process's own."""
        return os.getpid() == self._owner and self._process.poll() is None

    def stop(self) -> None:
        """End the process, with whatever it is doing. May be called twice."""
        if os.getpid() != self._owner:  # after a fork it is the parent's
            return
        with suppress(OSError):
            _input(self._process).close()
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _output(self._process).close()
        self._errors.close()

    def _start(self, path: Path, alias: str, context_window: int) -> str:
        asked = {
            "path": str(path),
            "alias": alias,
            "token": self._token,
            "threads": default_threads(),
            "context_window": context_window,
        }
        with suppress(BrokenPipeError):
            _input(self._process).write(json.dumps(asked).encode() + b"\n")
            _input(self._process).flush()
        watchdog = threading.Timer(_LOAD_LIMIT, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            line = _output(self._process).readline()
        finally:
            watchdog.cancel()
        return self._address(line, path)

    def _address(self, line: bytes, path: Path) -> str:
        answer: dict[str, Any] = json.loads(line) if line else {}
        if "address" in answer:
            return str(answer["address"])
        if line:
            raise RuntimeFault(
                f"the model {path.name!r} cannot be loaded: {answer['error']}"
                + self._last_words(),
                None,
            )
        code = self._process.wait()
        raise RuntimeFault(
            f"the process for {path.name!r} ended with status {code} before it could "
            f"serve{self._last_words()}",
            code,
        )

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):  # it writes until its end
            self._process.wait(_ENDING)
        self._errors.seek(0)
        text = self._errors.read(20_000).decode("utf-8", "replace")
        # The runtime marks its errors so; the first ones are the cause of the others.
        marked = [line.partition(" E ")[2] for line in text.splitlines()]
        said = [line for line in marked if line][:2] or text.splitlines()[-2:]
        return f"; the runtime said: {'; '.join(said)}" if said else ""


def _spawn(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED_ON or name.startswith("PYTHON")
    }
    # A group of its own: Ctrl-C is for the notebook, not for the model.
    group: dict[str, Any] = (
        {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    return subprocess.Popen(
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environ,
        **group,
    )


def _input(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout
