"""The demo costs nothing and reaches nobody, whatever keys lie about."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import respan_lab as lab

ROOT = Path(__file__).parents[1]
PLANTED = {
    "RESPAN_API_KEY": "planted-respan",
    "RESPAN_BASE_URL": "https://planted.example",
    "KEYWORDSAI_API_KEY": "planted-keywordsai",
    "OPENAI_API_KEY": "planted-openai",
    "OPENAI_BASE_URL": "https://planted.example/v1",
    "ANTHROPIC_API_KEY": "planted-anthropic",
    "GEMINI_API_KEY": "planted-gemini",
    "AZURE_OPENAI_API_KEY": "planted-azure",
    "GROQ_API_KEY": "planted-groq",
    "AWS_SECRET_ACCESS_KEY": "planted-aws",
    "HF_TOKEN": "planted-hf",
}

# Says every address that is looked up or connected to, then runs the command line.
WATCHED = """
import sys

def watch(event, args):
    if event == "socket.connect":
        print("REACHED", args[1], file=sys.stderr)
    elif event == "socket.getaddrinfo":
        print("REACHED", (args[0], args[1]), file=sys.stderr)

sys.addaudithook(watch)
sys.argv = ["respan-lab", "demo", "--items", "1", "--out", sys.argv[1]]
from respan_lab.cli import main
main()
"""


@pytest.mark.local
def test_nothing_leaves_loopback_with_keys_in_the_environment(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env={**os.environ, **PLANTED},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reached = re.findall(r"REACHED \('([^']*)'", done.stderr)
    assert reached, "the local models are reached over loopback"
    assert set(reached) == {"127.0.0.1"}

    assert "135M-parameter local model" in done.stdout
    for word in ("accuracy", "cost", "latency", "first token", "tokens/s"):
        assert word in done.stdout
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"results.parquet", "results.csv", "results.html", "scores.png"}
    results = lab.Results.load(tmp_path / "out" / "results.parquet")
    assert results.df["status"].tolist() == ["ok"] * 4
    assert results.df["provider"].unique().tolist() == ["local"]
    assert (results.df["completion_tokens"] <= 32).all()
    assert results.manifest["provenance"]["local/smollm2-135m"]["sha256"]
    for path in (tmp_path / "out").iterdir():
        assert b"planted" not in path.read_bytes()
    assert "planted" not in done.stdout + done.stderr


def test_make_hands_no_key_on() -> None:
    done = subprocess.run(
        ["make", "-s", "--eval", "show: ; @$(KEYLESS) env", "show"],
        cwd=ROOT,
        env={**os.environ, **PLANTED},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "planted" not in done.stdout
    assert "PATH=" in done.stdout


def test_the_tests_see_no_key() -> None:
    assert not [name for name in PLANTED if name in os.environ]
