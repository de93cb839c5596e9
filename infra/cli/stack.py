"""`annals stack`: the embedded servers without the workers. `run` keeps them running, `env` prints their addresses."""

import json
import shlex
from typing import Annotated

import typer

from infra.accounts import Account
from infra.cli.foreground import run_in_foreground
from infra.home import Home, printable
from infra.locating import SERVER_OF_FIELD, StackNotRunning, embedded_addresses, variable
from infra.settings import Settings

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def stack() -> None:
    """The embedded Kafka, PostgreSQL and Redis."""


@app.command()
def run(as_json: AsJson = False) -> None:
    """Run the servers in the foreground, with schema and topics ready; other processes find them by ANNALS_HOME."""
    run_in_foreground(with_workers=False, as_json=as_json)


@app.command()
def env(
    account: Annotated[
        Account, typer.Option(help="Whose logins: a process's, the operators', or the owner's, who may do all.")
    ] = Account.OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Print the connection settings of the running embedded servers, passwords included, for `eval "$(…)"`."""
    home = Home(Settings().home)
    addresses = embedded_addresses(home, account)
    if not addresses:
        variables = tuple(variable(name) for name in SERVER_OF_FIELD)
        raise StackNotRunning(home.path, variables, f"No embedded servers run for {printable(home.path)}.")
    settings = {variable(name): address for name, address in addresses.items()}
    if as_json:
        typer.echo(json.dumps(settings, indent=2))
        return
    for name, value in settings.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
