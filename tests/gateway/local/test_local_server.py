"""A model's process: it ends when it must, and nothing else does."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from respan_lab.gateway.providers.local import cached
from respan_lab.gateway.providers.local.pool import Pool
from respan_lab.gateway.providers.local.server import ModelServer, RuntimeFault

pytestmark = pytest.mark.local

# Starts a long answer and says its model's address once the first piece is there.
BUSY = """
import sys, time
from respan_lab.gateway.providers import ProviderCall
from respan_lab.gateway.providers.local import LocalProvider
from respan_lab.gateway.providers.local.pool import POOL
from respan_lab.transport import run, submit
from respan_lab.transport.loop import at_exit

provider = LocalProvider()
at_exit(provider.aclose)

async def start():
    body = {"messages": [{"role": "user", "content": "Tell a long story."}],
            "max_tokens": 4000, "stream": IS_STREAM}
    call = ProviderCall("smollm2-135m", body, is_stream=IS_STREAM, draw=lambda: 0.5)
    answer = await provider.send(call)
    await anext(aiter(answer.body))
    return answer

async def read(answer):
    return [chunk async for chunk in answer.body]
"""
STREAMED = """
reading = submit(read(run(start())))
print(next(iter(POOL._servers.values())).url, flush=True)
"""
PLAIN = """
run(provider.prepare("smollm2-135m"))
reading = submit(start())
print(next(iter(POOL._servers.values())).url, flush=True)
"""
TELL_PID = """
print(next(iter(POOL._servers.values()))._process.pid, flush=True)
"""


@pytest.fixture
def path() -> Path:
    path = cached("smollm2-135m")
    assert path, "run `make install` (or `respan-lab pull`) first"
    return path


def is_listening(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def ends_by_itself(pid: int) -> bool:
    """Wait for the end of a process that is not ours to wait for."""
    handle = os.pidfd_open(pid)
    try:
        return bool(select.select([handle], [], [], 30)[0])
    finally:
        os.close(handle)


def script(kind: str, end: str) -> list[str]:
    code = BUSY.replace("IS_STREAM", str(kind is STREAMED)) + kind + end
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("kind", [STREAMED, PLAIN], ids=["streamed", "plain"])
def test_the_interpreter_exits_cleanly_with_a_call_under_way(
    path: Path, kind: str
) -> None:
    done = subprocess.run(
        script(kind, ""), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not is_listening(done.stdout.strip())


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's pidfd_open")
def test_a_killed_parent_takes_its_models_along(path: Path) -> None:
    parent = subprocess.Popen(
        script(STREAMED, TELL_PID + "time.sleep(600)"),
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        model = int(parent.stdout.readline())
        assert is_listening(url)
        parent.kill()
    assert ends_by_itself(model)
    assert not is_listening(url)


def test_ctrl_c_ends_the_call_and_not_the_model(path: Path) -> None:
    end = """
import os, signal

async def ask(**body):
    body = {"messages": [{"role": "user", "content": "hi"}], **body}
    call = ProviderCall("smollm2-135m", body, is_stream=True, draw=lambda: 0.5)
    return await provider.send(call)

async def listen():
    answer = await ask(max_tokens=4000, stream=True)
    try:
        async for chunk in answer.body:
            os.killpg(0, signal.SIGINT)
    finally:
        await answer.aclose()

try:
    run(listen())
except KeyboardInterrupt:
    url = next(iter(POOL._servers.values())).url
    answer = run(ask(max_tokens=1, stream=True))
    print(url, answer.status_code, next(iter(POOL._servers.values())).url)
    run(answer.aclose())
"""
    done = subprocess.run(
        [sys.executable, "-c", BUSY.replace("IS_STREAM", "True") + end],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    before, status, after = done.stdout.split()
    assert (status, after) == ("200", before)


def test_a_model_that_died_is_started_again(path: Path) -> None:
    pool = Pool()
    first = pool.get(path, "me", alias="m", context_window=512)
    assert pool.peek(path, "me") is first
    first.stop()
    assert pool.peek(path, "me") is None
    second = pool.get(path, "me", alias="m", context_window=512)
    assert second.is_running
    assert second is not first
    pool.close()
    assert not second.is_running


def test_the_last_user_ends_the_model(path: Path) -> None:
    pool = Pool()
    server = pool.get(path, "one", alias="m", context_window=512)
    assert pool.get(path, "two", alias="m", context_window=512) is server
    pool.release("one")
    assert server.is_running
    pool.release("two")
    assert not server.is_running


def test_a_forked_child_leaves_the_parents_model_alone(path: Path) -> None:
    server = ModelServer(path, alias="m", context_window=512)
    child = (
        "import os, sys, warnings\n"
        "from pathlib import Path\n"
        "warnings.simplefilter('ignore')\n"
        "from respan_lab.gateway.providers.local.pool import POOL\n"
        f"get = lambda: POOL.get(Path({str(path)!r}), 1, alias='m', "
        "context_window=512)\n"
        "server = get()\n"
        "if os.fork() == 0:\n"
        "    assert get().url != server.url\n"
        "    sys.exit(0)\n"
        "assert os.wait()[1] == 0\n"
        "assert server.is_running\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    server.stop()


def test_the_port_wants_the_token_and_no_page_may_call_it(path: Path) -> None:
    server = ModelServer(path, alias="m", context_window=512)
    try:
        assert server.url.startswith("http://127.0.0.1:")
        request = urllib.request.Request(
            f"{server.url}/v1/models", headers={"Origin": "http://page.example"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 401
        assert not caught.value.headers["Access-Control-Allow-Origin"]
        caught.value.close()
        token = server.headers["authorization"].removeprefix("Bearer ")
        assert token not in repr(server)
        if sys.platform == "linux":
            command = Path(f"/proc/{server._process.pid}/cmdline").read_bytes()
            assert token.encode() not in command
    finally:
        server.stop()


def test_keys_stay_out_of_the_models_process(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        return
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    server = ModelServer(path, alias="m", context_window=512)
    try:
        environ = Path(f"/proc/{server._process.pid}/environ").read_bytes()
        assert b"PATH=" in environ
        assert b"sk-planted" not in environ
    finally:
        server.stop()


def test_a_damaged_file_fails_with_the_runtimes_reason(
    path: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gguf"
    with path.open("rb") as file:
        damaged.write_bytes(file.read(20_000_000))
    with pytest.raises(RuntimeFault, match="not within the file bounds") as caught:
        ModelServer(damaged, alias="m")
    assert caught.value.returncode is None


def test_a_process_that_is_killed_while_it_loads_is_a_fault(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for the runtime which dies as on a CPU that is too old.
    package = tmp_path / "xllamacpp"
    package.mkdir()
    (package / "__init__.py").write_text(
        f"import os\nos.kill(os.getpid(), {int(signal.SIGILL)})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("RESPAN_LAB_CACHE", os.fspath(tmp_path / "cache"))
    with pytest.raises(RuntimeFault, match="this CPU lacks instructions"):
        Pool().get(path, "me", alias="m", context_window=512)
