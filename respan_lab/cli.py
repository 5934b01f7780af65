"""The command line: `respan-lab demo`, `respan-lab pull`, `respan-lab serve`."""

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


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Whom to serve: 127.0.0.1 is this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 takes a free one.")
    ] = 8787,
    home: Annotated[
        Path | None,
        typer.Option(help="Its folder, else $RESPAN_LAB_HOME, else .respan-lab here."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Makes draws and simulated answers repeatable.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name it may be called by, beside its address."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file: providers, load_balance_groups, prices, sim_time_scale, "
            "precedence."
        ),
    ] = None,
    client_keys: Annotated[
        Path | None,
        typer.Option(
            help="A file of keys that callers must show, one a line; more, with commas "
            "between, in $RESPAN_LAB_CLIENT_KEYS."
        ),
    ] = None,
) -> None:
    """Serve the embedded gateway, until Ctrl-C or SIGTERM.

    Vendors' keys come from the environment, such as OPENAI_API_KEY. Answers under way
    get two seconds to end, and the log is written out. The exit code is 0 when it was
    stopped, 1 if it cannot serve, 2 for a wrong option.
    """
    from .serve import run_server

    run_server(
        host,
        port,
        home=home,
        seed=seed,
        allow_hosts=allow_host or (),
        config=config,
        client_keys=client_keys,
        say=typer.echo,
    )


def main() -> None:
    """Run the command line; what we raise on purpose is shown without a traceback."""
    try:
        app()
    except RespanError as error:
        print(f"respan-lab: {error}", file=sys.stderr)
        raise SystemExit(1) from None
