"""`annals gateway`: the HTTP gateway in the foreground; every pod of it runs this."""

import sys
from typing import Annotated

import typer

from infra.cli import exits
from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def gateway(
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes on the one port (as ANNALS_GATEWAY_PROCESSES).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Log JSON lines (as ANNALS_LOG_FORMAT=json).")] = False,
) -> None:
    """Serve HTTP on ANNALS_HTTP_HOST and ANNALS_HTTP_PORT until SIGTERM or Ctrl-C. API documents are at /docs."""
    from infra.processes.gateway import run
    from infra.processes.gateway_exposure import OpenToTheNetwork

    given: dict[str, object] = {"log_format": "json"} if as_json else {}
    if processes is not None:
        given["gateway_processes"] = processes
    try:
        run(Settings().model_copy(update=given))
    except OpenToTheNetwork as error:
        print(error, file=sys.stderr)
        raise typer.Exit(exits.WRONG_USAGE) from error
