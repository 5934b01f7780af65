"""The command line: `respan-lab demo`, `respan-lab pull`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import RespanError

__all__ = ["main"]

app = typer.Typer(
    name="respan-lab",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback prints locals, and so keys
)


@app.callback()
def _respan_lab() -> None:
    """Compare language models: every call a row, with its cost, latency and tokens."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder that is written to.")] = Path(
        "out/demo"
    ),
    items: Annotated[
        int, typer.Option(min=1, max=24, help="How many of the 24 messages to read.")
    ] = 24,
) -> None:
    """Compare two prompts on two real local models: offline, no key, no cost."""
    from .demo import run_demo

    run_demo(out, items=items)


@app.command()
def pull() -> None:
    """Fetch the local models, once, into your cache."""
    from .gateway.providers.local import pull_all

    pull_all(typer.echo)


def main() -> None:
    """Run the command line; what we raise on purpose is shown without a traceback."""
    try:
        app()
    except RespanError as error:
        print(f"respan-lab: {error}", file=sys.stderr)
        raise SystemExit(1) from None
