"""`annals migrate`: brings the database schema up to date, and the unique claims that an earlier release wrote."""

import asyncio
import json
from typing import Annotated

import typer

from infra.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Apply the migrations that the database lacks. Safe to run at any time and by several at once.

    Unique values are claimed under keys; keys that an earlier release wrote in another form are replaced by today's. If
    two streams have values that are equal today, both are named, and `annals verify` names them until one is changed.
    """
    from infra.accounts import Account
    from infra.contexts import chosen_contexts
    from infra.locating import located
    from infra.postgres.address import database_url
    from infra.postgres.migrate import migrate as apply
    from infra.postgres.renewing_claims import renew_claims

    settings = Settings()
    claim_keys = {name: context.decider.claim_key for name, context in chosen_contexts(settings).items()}
    url = database_url(located(settings, account=Account.OWNER))
    applied = asyncio.run(apply(url))
    renewal = asyncio.run(renew_claims(url, claim_keys))
    if as_json:
        shared = [claim._asdict() for claim in renewal.shared]
        typer.echo(json.dumps({"applied": applied, "claims_renewed": renewal.renewed, "claims_shared": shared}))
        return
    typer.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")
    if renewal.renewed:
        typer.echo(f"{renewal.renewed} claims got the key of this release")
    for claim in renewal.shared:
        typer.echo(
            f"{claim.context}/{claim.other} has the same {claim.scope} as {claim.context}/{claim.holder}: {claim.key}. "
            "Change one of them by a command, then: annals verify --repair",
            err=True,
        )
