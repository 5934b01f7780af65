"""`respan-lab serve`, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from respan_lab.errors import ConfigError
from respan_lab.serve import read_config

SERVE = [sys.executable, "-c", "from respan_lab.cli import main; main()", "serve"]
BODY = {
    "model": "sim/small",
    "messages": [{"role": "user", "content": "hi"}],
    "disable_log": False,
}
ENDING = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


class Running:
    """A server that was started."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process = process
        self.line = line
        found = re.match(r"base_url: (http://\S+/api)", line)
        assert found, line
        self.base_url = found[1]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def running(*options: str, **environ: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*SERVE, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            pytest.fail(str(process.communicate(timeout=30)))
        yield Running(process, line)
    finally:
        process.kill()
        process.communicate()


def failing(*options: str, **environ: str) -> str:
    done = subprocess.run(
        [*SERVE, *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ},
    )
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@ENDING
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    with running("--home", str(home), "--seed", "1") as server:
        assert str(home / "logs.db") in server.line
        assert "vendor keys: none" in server.line
        answer = httpx.post(f"{server.base_url}/chat/completions", json=BODY)
        assert answer.json()["choices"][0]["message"]["content"]
        said = subprocess.run(
            [
                "curl",
                "-sS",
                f"{server.base_url}/chat/completions",
                "-H",
                "content-type: application/json",
                "-d",
                json.dumps(BODY),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "choices" in json.loads(said.stdout)
        assert server.end(number) == (0, "", "")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.base_url}/models")


def test_an_answer_under_way_gets_to_its_end() -> None:
    with running() as server:
        body = {**BODY, "stream": True}
        url = f"{server.base_url}/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=20) as answer:
            events = answer.iter_lines()
            next(events)
            server.process.send_signal(signal.SIGTERM)
            assert "data: [DONE]" in list(events)
        assert server.process.wait(30) == 0


def test_it_says_whose_keys_it_found_and_never_which(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# mine\nck-planted-1\n\n", encoding="utf-8")
    with running(
        "--client-keys",
        str(keys),
        OPENAI_API_KEY="sk-planted",
        RESPAN_LAB_CLIENT_KEYS="ck-planted-2, ck-planted-3",
    ) as server:
        assert "vendor keys: openai" in server.line
        url = f"{server.base_url}/models"
        for number in (1, 2, 3):
            headers = {"authorization": f"Bearer ck-planted-{number}"}
            assert httpx.get(url, headers=headers).is_success
        for wrong in ("ck-planted", "# mine"):
            headers = {"authorization": f"Bearer {wrong}"}
            assert httpx.get(url, headers=headers).status_code == 401
        _, out, err = server.end()
        assert "planted" not in server.line + out + err


def test_it_is_called_by_the_names_it_is_told() -> None:
    with running("--allow-host", "one.example", "--allow-host", "two.example") as here:
        url = f"{here.base_url}/models"
        for host in ("one.example", "two.example:80", "localhost"):
            assert httpx.get(url, headers={"host": host}).is_success
        assert httpx.get(url, headers={"host": "evil.example"}).status_code == 421


CONFIG = """
sim_time_scale = 0
precedence = "newer"

[providers.mine]
base_url = "http://127.0.0.1:9/v1"
models = ["a"]

[prices."mine/a"]
input = 1.0
output = 2.0

[[load_balance_groups.both]]
model = "sim/small"
weight = 1
"""


def test_a_file_sets_the_rest(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG, encoding="utf-8")
    with running("--config", str(config)) as server:
        listed = httpx.get(f"{server.base_url}/models").json()["data"]
        mine = next(each for each in listed if each["id"] == "mine/a")
        assert (mine["input_cost"], mine["output_cost"]) == (1.0, 2.0)
        body = {
            "messages": BODY["messages"],
            "load_balance_group": {"group_id": "both"},
        }
        answer = httpx.post(f"{server.base_url}/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        body = {**BODY, "n": 1, "customer_identifier": "top"}
        body["respan_params"] = {"customer_identifier": "params"}
        httpx.post(f"{server.base_url}/chat/completions", json=body)
        logs = httpx.post(f"{server.base_url}/request-logs/list/", json={})
        assert logs.json()["results"][0]["customer_identifier"] == "params"
        assert server.end()[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = x", "line 2"),
        ("seed = 1", "'seed'"),
        ("providers = 3", r"\[providers\]"),
        ("prices = []", r"\[prices\]"),
        ("\udcff", "not TOML"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=said) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_what_cannot_be_served_is_said_in_a_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert "client_keys" in failing("--host", "0.0.0.0")
    assert "No such file" in failing("--config", missing)
    assert "No such file" in failing("--client-keys", missing)
    assert "allow_hosts" in failing("--allow-host", "http://a")
    assert "client_keys" in failing(RESPAN_LAB_CLIENT_KEYS=" , ")
    broken = tmp_path / "broken.toml"
    broken.write_text("sim_time_scale = -1", encoding="utf-8")
    assert "sim_time_scale" in failing("--config", str(broken))
    broken.write_text('precedence = "old"', encoding="utf-8")
    assert "'seed' or 'newer'" in failing("--config", str(broken))


def test_a_port_in_use_is_said_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        said = failing("--port", port)
    assert f"cannot serve on 127.0.0.1:{port}" in said


def test_a_wrong_option_is_exit_code_2() -> None:
    done = subprocess.run([*SERVE, "--port", "x"], capture_output=True, timeout=60)
    assert done.returncode == 2
