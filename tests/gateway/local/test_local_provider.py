"""What the provider says when a model cannot answer; none is loaded here."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from respan_lab.errors import ConfigError, RespanError
from respan_lab.gateway.providers import ProviderCall
from respan_lab.gateway.providers.local import LocalProvider
from respan_lab.gateway.providers.local.probe import known_fault, remember
from respan_lab.gateway.providers.local.server import RuntimeFault

NAMES = ["smollm2-135m", "smollm2-135m-q4_0"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("RESPAN_LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ask(model: str, content: Any = "hi") -> tuple[int, dict[str, Any]]:
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    call = ProviderCall(model, body, is_stream=False, draw=lambda: 0.5)

    async def send() -> tuple[int, dict[str, Any]]:
        provider = LocalProvider()
        answer = await provider.send(call)
        content = b"".join([chunk async for chunk in answer.body])
        await provider.aclose()
        return answer.status_code, json.loads(content)["error"]

    return asyncio.run(send())


def test_models_that_were_not_pulled_are_listed_with_the_reason(cache: Path) -> None:
    cards = LocalProvider().models()
    assert [card.id for card in cards] == NAMES
    assert not any(card.is_available for card in cards)
    assert all("run `respan-lab pull`" in str(card.reason) for card in cards)
    assert {card.label for card in cards} == {"135M-parameter local model"}
    assert not cache.exists()


def test_asking_one_fetches_nothing(cache: Path) -> None:
    status, error = ask("smollm2-135m")
    assert (status, error["code"]) == (424, "model_unavailable")
    assert "respan-lab pull" in error["message"]
    assert not cache.exists()


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    status, error = ask("smolm2-135m")
    assert (status, error["code"]) == (404, "model_not_found")
    assert "the nearest is local/smollm2-135m" in error["message"]


def test_a_missing_file_and_a_wrong_file_are_told_before_loading(
    tmp_path: Path,
) -> None:
    status, error = ask(str(tmp_path / "none.gguf"))
    assert status == 404
    assert "cannot be read: No such file" in error["message"]
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"something else, and long enough to be read")
    status, error = ask(str(wrong))
    assert status == 404
    assert "is not a GGUF model file" in error["message"]


def test_pictures_are_refused() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    status, error = ask("smollm2-135m", [part])
    assert (status, error["code"]) == (400, "text_only")


def test_provenance_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="no local model"):
        LocalProvider().provenance("local/gpt-7")
    with pytest.raises(RespanError, match="respan-lab pull"):
        LocalProvider().provenance("local/smollm2-135m")


@pytest.mark.parametrize("code", [-4, 0xC000001D])
def test_a_cpu_that_cannot_run_it_is_remembered(code: int) -> None:
    assert known_fault() is None
    assert remember(RuntimeFault("it ended", code)) is not None
    reasons = [str(card.reason) for card in LocalProvider().models()]
    assert all("this CPU lacks instructions" in reason for reason in reasons)
    assert ask("smollm2-135m")[0] == 424


@pytest.mark.parametrize("code", [None, 1, -9, -11])
def test_other_ends_are_not_blamed_on_the_cpu(code: int | None) -> None:
    assert remember(RuntimeFault("it ended", code)) is None
    assert known_fault() is None


def test_without_the_extra_the_reason_is_the_extra(tmp_path: Path) -> None:
    import xllamacpp

    installed = Path(xllamacpp.__file__).parent.parent
    site = tmp_path / "site"
    site.mkdir()
    for entry in installed.iterdir():
        if not entry.name.startswith(("xllamacpp", "gguf")):
            (site / entry.name).symlink_to(entry)
    project = Path(__file__).parents[3]
    script = (
        "from respan_lab.gateway.providers.local import LocalProvider\n"
        "from respan_lab.gateway.providers.local.recode import versions\n"
        "print(*[card.reason for card in LocalProvider().models()], sep='\\n')\n"
        "try: versions()\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONPATH": f"{project}{os.pathsep}{site}"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all('pip install "respan-lab[local]"' in line for line in lines)
