"""`annals gateway`: the HTTP gateway in the foreground; every pod of it runs this."""

import sys
from typing import Annotated

import typer

from infra.cli import exits
from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def gateway(
    as_json: Annotated[bool, typer.Option("--json", help="Log JSON lines (as ANNALS_LOG_FORMAT=json).")] = False,
) -> None:
    """Serve HTTP on ANNALS_HTTP_HOST and ANNALS_HTTP_PORT until SIGTERM or Ctrl-C. API documents are at /docs."""
    from infra.processes.gateway import OpenToTheNetwork, run

    settings = Settings()
    try:
        run(settings.model_copy(update={"log_format": "json"}) if as_json else settings)
    except OpenToTheNetwork as error:
        print(error, file=sys.stderr)
        raise typer.Exit(exits.WRONG_USAGE) from error
