"""`annals auth`: keys of services, and tokens of the development issuer."""

import asyncio
import json
import secrets
import time
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import ReasonOption, given_reason
from infra.settings import Settings
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from workers.operations.api_keys import CreatedApiKey
    from workers.ports.api_keys import ListedApiKey

ID_BYTES = 8
SECRET_BYTES = 32
DAY_SECONDS = 86_400

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
keys = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Keys by which services prove who they are to the gateway."
)
app.add_typer(keys, name="key")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="What the holder may do; may be repeated.")]


@app.callback()
def auth() -> None:
    """Who may ask the gateway: keys of services, and tokens for development."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="The service. Several keys may have one name.")],
    reason: ReasonOption,
    scope: Scopes = None,
    expires_in_days: Annotated[
        float | None, typer.Option(min=0.0001, max=36_500, help="By default it never expires.")
    ] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Create a key and print it on stdout, this once: only its hash is stored."""
    expires = None if expires_in_days is None else expires_in_days * DAY_SECONDS
    created = asyncio.run(_create(name, scope or [], expires, acting(actor), given_reason(reason)))
    if as_json:
        typer.echo(json.dumps({"api_key": created.token, **_as_json(created.key)}, indent=2))
        return
    typer.echo(created.token)
    typer.echo(f"{_line(created.key)}; it is shown this once", err=True)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, the oldest first, also those that are revoked or have expired."""
    listed = asyncio.run(_listed())
    if as_json:
        typer.echo(json.dumps([_as_json(key) for key in listed], indent=2))
        return
    for key in listed:
        typer.echo(_line(key))
    if not listed:
        typer.echo("there are no keys")


@keys.command("revoke")
def revoke_key(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it; never the key itself.")],
    reason: ReasonOption,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key. Each gateway refuses it within 5 seconds."""
    key = asyncio.run(_revoke(id_, acting(actor), given_reason(reason)))
    typer.echo(json.dumps(_as_json(key), indent=2) if as_json else _line(key))


@app.command()
def token(
    sub: Annotated[str, typer.Option(help="Whose token: the id of a user, for a person.")],
    scope: Scopes = None,
    expires_in_minutes: Annotated[int, typer.Option(min=1, max=60 * 24 * 30)] = 60,
    as_json: AsJson = False,
) -> None:
    """Print a token of the development issuer, whose key is in ANNALS_HOME. A gateway of this machine believes it with
    ANNALS_AUTH=oidc and ANNALS_AUTH_DEVELOPMENT_ISSUER=true.
    """
    from infra.home import Home
    from infra.identity.claims import claims_in
    from infra.identity.development_issuer import DevelopmentIssuer
    from infra.identity.issuer_keys import KeysUnusable
    from workers.ports.identity import TokenRefused

    now, seconds = int(time.time()), expires_in_minutes * 60
    scopes = scope or []
    try:
        # What no gateway would accept is not signed either.
        claims_in({"sub": sub, "exp": now + seconds, "scope": scopes}, user_claim="sub", scope_claim=None)
        signed = DevelopmentIssuer(Home(Settings().home)).token(sub, scopes, now=now, expires_in_seconds=seconds)
    except TokenRefused as error:
        raise typer.BadParameter(error.why) from error
    except KeysUnusable as error:
        raise CommandRefused(f"The development issuer cannot sign: {error.why}.") from error
    typer.echo(json.dumps({"token": signed, "expires_in_seconds": seconds}) if as_json else signed)


async def _create(
    name: str, scopes: list[str], expires_in_seconds: float | None, actor: str, reason: Reason
) -> "CreatedApiKey":
    from infra.cli.table import event_table
    from infra.postgres.api_keys import PostgresApiKeyRegister
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.api_keys import create
    from workers.operations.interventions import Operator

    async with event_table(Settings(), role="annals_audit") as database:
        return await create(
            PostgresApiKeyRegister(database),
            Operator(PostgresInterventions(database), actor, reason),
            name,
            scopes,
            id_=secrets.token_hex(ID_BYTES),
            secret=secrets.token_urlsafe(SECRET_BYTES),
            expires_in_seconds=expires_in_seconds,
        )


async def _listed() -> "list[ListedApiKey]":
    from infra.cli.table import event_table
    from infra.postgres.api_keys import PostgresApiKeyRegister
    from workers.operations.api_keys import MAX_LISTED

    async with event_table(Settings()) as database:
        return await PostgresApiKeyRegister(database).listed(MAX_LISTED)


async def _revoke(id_: str, actor: str, reason: Reason) -> "ListedApiKey":
    from infra.cli.table import event_table
    from infra.postgres.api_keys import PostgresApiKeyRegister
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.api_keys import revoke
    from workers.operations.interventions import Operator

    async with event_table(Settings(), role="annals_audit") as database:
        operator = Operator(PostgresInterventions(database), actor, reason)
        return await revoke(PostgresApiKeyRegister(database), operator, id_)


def _as_json(key: "ListedApiKey") -> dict[str, object]:
    return json.loads(json.dumps(key._asdict(), default=lambda at: at.isoformat()))  # type: ignore[no-any-return]


def _line(key: "ListedApiKey") -> str:
    facts = [f"created {key.created_at:%Y-%m-%d %H:%M} UTC"]
    if key.expires_at is not None:
        facts.append(f"expires {key.expires_at:%Y-%m-%d %H:%M} UTC")
    facts.append("never used" if key.last_used_at is None else f"last used {key.last_used_at:%Y-%m-%d %H:%M} UTC")
    if key.revoked_at is not None:
        facts.append(f"REVOKED {key.revoked_at:%Y-%m-%d %H:%M} UTC")
    return f"{key.id}  {key.name}  scopes: {' '.join(key.scopes) or 'none'}  {', '.join(facts)}"
