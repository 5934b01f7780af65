"""What the README shows runs, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import respan_lab as lab

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "api_key" in block:
        compile(block, "README.md", "exec")  # it needs a key, so it is only read
        return
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"lab": lab})


def test_every_make_target_it_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_it_names_is_there() -> None:
    for name in set(re.findall(r"`((?:notebooks|bench|data)/[\w./]+)`", README)):
        assert (ROOT / name).is_file(), name
