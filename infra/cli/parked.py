"""`annals parked`: streams whose next event the code of a projection or saga fails on: list, show, retry, skip."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import ReasonOption, given_reason
from infra.settings import Settings
from workers.ports.interventions import Intervention, Reason
from workers.ports.parked import ParkedStreamAction, ParkedStreamListing

if TYPE_CHECKING:
    from infra.postgres.pool import Database
    from workers.operations.parked_streams import ParkedStreamPorts, RequestResult
    from workers.ports.event_store import EventRow

WAIT_SECONDS = 30.0
EVENTS_SHOWN = 20

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME…", help="As `list` names them: projection:users/<id>.")
]
Everything = Annotated[bool, typer.Option("--all", help="All parked streams, or all of --follower.")]
Follower = Annotated[str | None, typer.Option(help="Only those of this projection or saga.")]
WaitSeconds = Annotated[float, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for the lane's owner.")]


@app.callback()
def parked() -> None:
    """Parked streams: the code of a projection or saga failed on their next event. All other streams continue."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_parked(follower: Follower = None, as_json: AsJson = False) -> None:
    """List the parked streams, the one with the oldest waiting event first."""
    listings = asyncio.run(_listings(follower))
    if as_json:
        typer.echo(json.dumps([_as_json(listing) for listing in listings], indent=2))
        return
    for listing in listings:
        stream = listing.stream
        requested = f"  requested: {listing.requested}" if listing.requested else ""
        typer.echo(
            f"{listing.name}  from version {stream.stream_version} on ({stream.event_type}), "
            f"for {_age(stream.recorded_at)}: {stream.error}, {stream.attempts} attempts{requested}"
        )
    typer.echo(f"{len(listings)} parked" if listings else "nothing is parked")


@app.command()
def show(name: Annotated[str, typer.Argument(help="As `list` names it.")], as_json: AsJson = False) -> None:
    """Show one parked stream: the error, the events that wait, and what operators have done so far."""
    listing, rows, interventions = asyncio.run(_details(name))
    events, actions = [_event(row) for row in rows], [_action(intervention) for intervention in interventions]
    if as_json:
        typer.echo(json.dumps({**_as_json(listing), "events": events, "actions": actions}, indent=2))
        return
    for field, value in _as_json(listing).items():
        typer.echo(f"{field}: {value}")
    typer.echo(f"waiting events (the first {EVENTS_SHOWN}):")
    for event in events:
        typer.echo(
            f"  {event['stream_version']}  {event['recorded_at']}  {event['type']}  sequence {event['sequence']}"
        )
    for action in actions:
        typer.echo(f"{action['at']}  {action['action']} by {action['actor']}: {action['reason']}")


@app.command()
def retry(
    reason: ReasonOption,
    names: Names = None,
    everything: Everything = False,
    follower: Follower = None,
    actor: Actor = None,
    wait: WaitSeconds = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Apply the waiting events again, in order, once the code is fixed and its worker restarted. Exit code 1 if any
    of the streams is still parked.
    """
    if bool(names) == everything:
        raise typer.BadParameter("name the streams, or say --all")
    result = asyncio.run(_request("retry", names, follower, acting(actor), given_reason(reason), wait))
    _show(result, as_json=as_json)


@app.command()
def skip(
    reason: ReasonOption,
    names: Names = None,
    actor: Actor = None,
    wait: WaitSeconds = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Skip the event that the code fails on, and apply the events after it. The log keeps the event."""
    if not names:
        raise typer.BadParameter("name the streams")
    result = asyncio.run(_request("skip", names, None, acting(actor), given_reason(reason), wait))
    _show(result, as_json=as_json)


def _show(result: "RequestResult", *, as_json: bool) -> None:
    """Show what became of the requests, and end with exit code 1 if any stream is still parked."""
    if as_json:
        waiting = [_as_json(listing) for listing in result.parked]
        typer.echo(json.dumps({"done": result.up_to_date, "waiting": waiting}, indent=2))
    else:
        for name in result.up_to_date:
            typer.echo(f"{name}: up to date")
        for listing in result.parked:
            typer.echo(f"{listing.name}: {_state(listing)}")
    raise typer.Exit(1 if result.parked else 0)


def _state(listing: ParkedStreamListing) -> str:
    if listing.requested:
        return (
            f"the {listing.requested} is requested but not done yet; is a {listing.kind} worker running? "
            "It will be done when one runs"
        )
    return f"still parked, from version {listing.stream.stream_version} on: {listing.stream.error}"


async def _listings(follower: str | None) -> list[ParkedStreamListing]:
    from workers.operations.parked_streams import parked_streams

    async with _opened("annals_reader") as (ports, _):
        return await parked_streams(ports, follower)


async def _details(name: str) -> "tuple[ParkedStreamListing, Sequence[EventRow], list[Intervention]]":
    from infra.postgres.event_store import PostgresEventStore
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.parked_streams import named, parked_streams, waiting_events

    async with _opened("annals_reader") as (ports, database):
        (listing,) = named(await parked_streams(ports), [name])
        rows = await waiting_events(ports, PostgresEventStore(database), listing, EVENTS_SHOWN)
        return listing, rows, await PostgresInterventions(database).of([name])


async def _request(
    action: ParkedStreamAction,
    names: Sequence[str] | None,
    follower: str | None,
    actor: str,
    reason: Reason,
    wait_seconds: float,
) -> "RequestResult":
    from infra.monotonic_clock import MonotonicClock
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.interventions import Operator
    from workers.operations.parked_streams import named, parked_streams, request, wait_until_done

    async with _opened("annals_audit") as (ports, database):
        operator = Operator(PostgresInterventions(database), actor, reason)
        listings = await parked_streams(ports, follower)
        chosen = named(listings, names) if names else listings
        await request(ports, operator, chosen, action)
        return await wait_until_done(ports, chosen, follower, MonotonicClock(), wait_seconds)


@asynccontextmanager
async def _opened(role: str) -> "AsyncIterator[tuple[ParkedStreamPorts, Database]]":
    """Both stores, with the database in this role. Raises CommandRefused for a name that is not parked."""
    from infra.cli.table import event_table
    from infra.locating import located
    from infra.processes.parked_streams import open_parked_streams
    from workers.operations.parked_streams import NotParked

    settings = located(Settings())
    async with event_table(settings, role=role) as database, open_parked_streams(settings, database) as ports:
        try:
            yield ports, database
        except NotParked as error:
            raise CommandRefused(str(error)) from error


def _as_json(listing: ParkedStreamListing) -> dict[str, Any]:
    from contracts.topics import Topics

    return {
        "name": listing.name,
        "kind": listing.kind,
        "context": Topics(Settings().topic_prefix).context_of(listing.topic),
        "partition": listing.partition,
        **listing.stream._asdict(),
        "requested": listing.requested,
    }


def _event(row: "EventRow") -> dict[str, Any]:
    from contracts.envelope import rfc3339

    return {
        "stream_version": row.stream_version,
        "recorded_at": rfc3339(row.recorded_at),
        "type": row.type,
        "sequence": row.sequence,
    }


def _action(intervention: Intervention) -> dict[str, str]:
    from contracts.envelope import rfc3339

    return {
        "at": rfc3339(intervention.at),
        "action": intervention.action,
        "actor": intervention.actor,
        "reason": intervention.reason,
    }


def _age(recorded_at: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(recorded_at)).total_seconds()
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    return f"{days:.0f} d" if days >= 2 else f"{hours:.0f} h" if hours >= 2 else f"{minutes:.0f} min"
