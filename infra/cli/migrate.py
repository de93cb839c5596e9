"""`annals migrate`: bring the database schema up to date."""

import asyncio
import json
from typing import Annotated

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Apply the migrations that the database lacks. Safe to run at any time and by several at once."""
    from infra.devstack.addresses import located
    from infra.postgres.migrate import migrate as apply

    settings = located(Settings())
    assert settings.database_url is not None
    applied = asyncio.run(apply(settings.database_url.get_secret_value()))
    names = [f"{migration.number:04d}_{migration.name}" for migration in applied]
    if as_json:
        typer.echo(json.dumps({"applied": names}))
    else:
        typer.echo("\n".join(f"applied {name}" for name in names) or "the schema is up to date")
