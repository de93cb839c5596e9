"""`annals migrate`: bring the database schema up to date, and the claims that an earlier release wrote."""

import asyncio
import json
from typing import Annotated

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Apply the migrations that the database lacks. Safe to run at any time and by several at once.

    Unique values are claimed under keys; those that an earlier release wrote in another way get today's. Two streams
    whose values count as equal today are named; `annals verify` names them until one is changed.
    """
    from infra.locating import located
    from infra.postgres.migrate import migrate as apply
    from infra.postgres.renewing_claims import renew_claims
    from workers.domain import contexts

    settings = located(Settings())
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    applied = asyncio.run(apply(url))
    renewal = asyncio.run(renew_claims(url, {name: each.decider.claim_key for name, each in contexts().items()}))
    if as_json:
        shared = [each._asdict() for each in renewal.shared]
        typer.echo(json.dumps({"applied": applied, "claims_renewed": renewal.renewed, "claims_shared": shared}))
        return
    typer.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")
    if renewal.renewed:
        typer.echo(f"{renewal.renewed} claims got the key of this release")
    for each in renewal.shared:
        typer.echo(
            f"{each.context}/{each.other} has the same {each.scope} as {each.context}/{each.holder}: {each.key}. "
            "Change one of them by a command, then: annals verify --repair",
            err=True,
        )
