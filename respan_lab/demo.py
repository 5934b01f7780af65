"""The main job, small: two prompts, two real models, 24 messages, one summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError
from .evaluators import field_match
from .experiment import compare
from .prompts import Prompt

if TYPE_CHECKING:
    from .results import Results

__all__ = ["run_demo"]

MODELS = ["local/smollm2-135m", "local/smollm2-135m-q4_0"]
SYSTEM = "You read messages to a shop and answer with JSON only."
PROMPTS = [
    Prompt(
        "Intent of the message (refund, delivery, cancel or damaged) and its order "
        'number, as {"intent": "...", "order": "..."}.\n\n'
        "Message: {{ text }}",
        name="terse",
        system=SYSTEM,
    ),
    Prompt(
        "Name the intent (refund, delivery, cancel or damaged) and the order number.\n"
        "\n"
        "Message: My parcel B-1007 should have been here on Monday. Where is it?\n"
        'Answer: {"intent": "delivery", "order": "B-1007"}\n'
        "\n"
        "Message: {{ text }}\n"
        "Answer:",
        name="example",
        system=SYSTEM,
    ),
]


def run_demo(out: Path) -> None:
    """Compare, print the summary, and write what can be looked at.

    Args:
        out: The folder that is written to; made if it is not there.

    Raises:
        ConfigError: The models are not there, or cannot run on this machine.
    """
    print("Two prompts x two real models x 24 support messages, on this machine.")
    results = compare(
        PROMPTS,
        MODELS,
        _data(),
        params={"max_tokens": 32, "temperature": 0},
        evaluators=[field_match],
        item="id",
        name="demo",
    )
    print(f"\n{results}\n")
    for path in _write(results, out):
        print(f"wrote {path}")
    print(_NEXT.format(page=out / "results.html"))


_NEXT = """
Next:
  open {page} in a browser
  open notebooks/01_quickstart.ipynb in Jupyter, the same in a few cells
  with a key, the same code asks the hosted gateway: lab.Client(api_key="...")
"""


def _data() -> Path:
    """The messages: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / "support.jsonl").is_file():
            return folder / "support.jsonl"
    raise ConfigError("the demo's data set is missing; install respan-lab again")


def _write(results: Results, out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"results.{kind}" for kind in ("parquet", "csv", "html")]
    for path in paths:
        results.export(path)
    picture = out / "scores.png"
    axes = results.plot.scores()
    axes.figure.savefig(picture, dpi=150, bbox_inches="tight")
    return [*paths, picture]
