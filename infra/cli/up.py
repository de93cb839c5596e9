"""`annals up`: the whole system with one command, until Ctrl-C. See infra/devstack/system.py for what it promises."""

from typing import Annotated

import typer

from infra.cli.foreground import run_in_foreground

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def up(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False) -> None:
    """Start the servers that no ANNALS_* address names, set them up, then run the workers and the gateway.

    Ctrl-C or SIGTERM stops everything in order; a second one kills the workers at once.
    """
    run_in_foreground(with_workers=True, as_json=as_json)
