"""The main job, small: two prompts, two real models, 24 messages, one summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from .client import Client
from .errors import ConfigError
from .evaluators import field_match
from .experiment import compare
from .experiment.planning.data import read_items
from .gateway import Gateway
from .prompts import Prompt

if TYPE_CHECKING:
    from .results import Results

__all__ = ["run_demo"]

MODELS = ["local/smollm2-135m", "local/smollm2-135m-q4_0"]
TERSE = Prompt(
    "Message from a customer: {{ text }}\n\n"
    "Write JSON with the order number and the intent "
    "(refund, delivery, cancel or damaged).",
    system="You read messages to a shop.",
)
EXAMPLES = Prompt(
    [
        {
            "role": "system",
            "content": "Sort messages to a shop. Answer with JSON: the order number, "
            "and the intent: refund (wants money back), delivery (asks where a parcel "
            "is), cancel (wants to stop an order) or damaged (something is broken).",
        },
        {
            "role": "user",
            "content": "The kettle from D-1029 did not fit my kitchen, so I returned "
            "it and am waiting for my money.",
        },
        {"role": "assistant", "content": '{"order": "D-1029", "intent": "refund"}'},
        {"role": "user", "content": "The lid of the pan in D-3381 is bent."},
        {"role": "assistant", "content": '{"order": "D-3381", "intent": "damaged"}'},
        {"role": "user", "content": "{{ text }}"},
    ]
)


class Ticket(BaseModel):
    """What a message is about; the models must answer in this form."""

    order: str = Field(pattern="^[A-Z]-[0-9]{4}$")
    intent: Literal["refund", "delivery", "cancel", "damaged"]


def accuracy(parsed: Any, expected: dict[str, str]) -> bool:
    """Whether both fields are right; an answer that was cut off is not."""
    return parsed is not None and parsed.model_dump() == expected


def run_demo(out: Path, *, items: int = 24) -> None:
    """Compare, print the summary, and write what can be looked at.

    Args:
        out: The folder that is written to; made if it is not there.
        items: How many of the 24 messages are read.

    Raises:
        ConfigError: The models are not there, or cannot run on this machine.
    """
    data = read_items(_data(), expected="expected", item="id")[:items]
    print(
        f"Two prompts x two real models x {len(data)} support messages, on this "
        "machine, offline and without a key."
    )
    results = compare(
        {"terse": TERSE, "examples": EXAMPLES},
        MODELS,
        [{"id": row.id, **row.variables, "expected": row.expected} for row in data],
        params={"max_tokens": 32, "temperature": 0, "response_format": Ticket},
        evaluators=[accuracy, field_match],
        item="id",
        name="demo",
        # Local models whatever keys there are: a demo must not cost anything.
        client=Client(gateway=Gateway()),
        fresh=True,  # a second one shows what happens now, too
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
    figure = results.plot.scores("accuracy").get_figure(root=True)
    if figure is not None:
        figure.savefig(picture, dpi=150, bbox_inches="tight")
    return [*paths, picture]
