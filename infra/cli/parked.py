"""`annals parked`: streams that wait for code to be mended: list, show, retry, skip. The lane's owner does the work."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import given_reason
from infra.settings import Settings
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.parking.parked_streams import ParkedStreams, Waiting
    from infra.postgres.pool import Database

WAIT_SECONDS = 30.0
LOOK_INTERVAL_SECONDS = 0.3
EVENTS_SHOWN = 20

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME…", help="As `list` names them: projection:users/<id>.")
]
Everything = Annotated[bool, typer.Option("--all", help="All that wait, or all of --follower.")]
Follower = Annotated[str | None, typer.Option(help="Only those of this projection or saga.")]
Why = Annotated[str, typer.Option(help="Why; kept with the action.")]
WaitSeconds = Annotated[float, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for the lane's owner.")]


@app.callback()
def parked() -> None:
    """Streams that wait, because the code of a projection or a saga cannot take their next event. All others go on."""
    from infra.telemetry.logs import command_line_logs

    command_line_logs()


@app.command("list")
def list_parked(follower: Follower = None, as_json: AsJson = False) -> None:
    """List the streams that wait, the longest waiting first."""
    found = asyncio.run(_listed(follower))
    if as_json:
        typer.echo(json.dumps([_plain(each) for each in found], indent=2))
        return
    for each in found:
        asked = f"  asked: {each.asked}" if each.asked else ""
        typer.echo(
            f"{each.name}  from version {each.parked.stream_version} on ({each.parked.event_type}), "
            f"for {_age(each.parked.recorded_at)}: {each.parked.error}, tried {each.parked.attempts} times{asked}"
        )
    typer.echo(f"{len(found)} parked" if found else "nothing is parked")


@app.command()
def show(name: Annotated[str, typer.Argument(help="As `list` names it.")], as_json: AsJson = False) -> None:
    """Show what is known of one stream that waits: the events behind one another, and what was done so far."""
    waiting, events, actions = asyncio.run(_shown(name))
    if as_json:
        typer.echo(json.dumps({**_plain(waiting), "events": events, "actions": actions}, indent=2))
        return
    for field, value in _plain(waiting).items():
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
    reason: Why,
    names: Names = None,
    everything: Everything = False,
    follower: Follower = None,
    actor: Actor = None,
    wait: WaitSeconds = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Try again, in order, once the code is mended (and its worker started anew). Exit code 1 if any still waits."""
    _act("retry", names, everything, follower, acting(actor), reason, wait, as_json)


@app.command()
def skip(
    reason: Why,
    names: Names = None,
    actor: Actor = None,
    wait: WaitSeconds = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Pass over the event that cannot be taken, and go on with those behind it. The log keeps the event."""
    _act("skip", names, False, None, acting(actor), reason, wait, as_json)


def _act(
    action: Literal["retry", "skip"],
    names: Sequence[str] | None,
    everything: bool,
    follower: str | None,
    actor: str,
    reason: str,
    wait_seconds: float,
    as_json: bool,
) -> None:
    if bool(names) == everything:
        raise typer.BadParameter("name the streams" + (", or say --all" if action == "retry" else ""))
    done, still = asyncio.run(_asked(action, names, follower, actor, given_reason(reason), wait_seconds))
    if as_json:
        typer.echo(json.dumps({"done": done, "waiting": [_plain(each) for each in still]}, indent=2))
    else:
        for name in done:
            typer.echo(f"{name}: up to date")
        for each in still:
            typer.echo(f"{each.name}: {_why(each)}")
    raise typer.Exit(1 if still else 0)


def _why(each: "Waiting") -> str:
    if each.asked:
        return f"nobody has done the {each.asked} yet; is a {each.kind} worker running? It will do it when it runs"
    return f"waits still, from version {each.parked.stream_version} on: {each.parked.error}"


async def _listed(follower: str | None) -> list["Waiting"]:
    async with _parked("annals_reader") as (parked, _):
        return await _waiting(parked, follower)


async def _shown(name: str) -> tuple["Waiting", list[dict[str, Any]], list[dict[str, Any]]]:
    from contracts.envelope import rfc3339
    from infra.postgres.event_store import PostgresEventStore
    from infra.postgres.interventions import PostgresInterventions

    async with _parked("annals_reader") as (parked, database):
        (waiting,) = _chosen(await _waiting(parked, None), [name])
        rows = await PostgresEventStore(database).stream_after(
            waiting.context, waiting.parked.stream_id, waiting.parked.stream_version - 1, EVENTS_SHOWN
        )
        events = [
            {
                "stream_version": row.stream_version,
                "recorded_at": rfc3339(row.recorded_at),
                "type": row.type,
                "sequence": row.sequence,
            }
            for row in rows
        ]
        actions = [
            {"at": rfc3339(each.at), "action": each.action, "actor": each.actor, "reason": each.reason}
            for each in (await PostgresInterventions(database).of([waiting.name]))
        ]
        return waiting, events, actions


async def _asked(
    action: Literal["retry", "skip"],
    names: Sequence[str] | None,
    follower: str | None,
    actor: str,
    reason: Reason,
    wait_seconds: float,
) -> tuple[list[str], list["Waiting"]]:
    """The names of those that are up to date now, and those that wait still."""
    from infra.postgres.interventions import PostgresInterventions

    async with _parked("annals_writer") as (parked, database):
        found = await _waiting(parked, follower)
        chosen = _chosen(found, names) if names else found
        before = {each.name: each.parked for each in chosen}
        for each in chosen:
            details = {"stream_version": each.parked.stream_version, "event_type": each.parked.event_type}
            await PostgresInterventions(database).record(actor, f"parked-{action}", each.name, reason, details)
            await parked.ask(each, action)
        deadline = time.monotonic() + wait_seconds
        while True:
            still = [each for each in await _waiting(parked, follower) if each.name in before]
            if not any(each.asked for each in still) or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)
        waiting = {each.name for each in still}
        return [name for name in before if name not in waiting], still


def _chosen(found: Sequence["Waiting"], names: Sequence[str]) -> list["Waiting"]:
    by_name = {each.name: each for each in found}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise CommandRefused(f"not parked: {', '.join(unknown)}; `annals parked list` names those that are")
    return [by_name[name] for name in dict.fromkeys(names)]


async def _waiting(parked: "ParkedStreams", follower: str | None) -> list["Waiting"]:
    from contracts.topics import Topics
    from workers.domain import contexts

    topics = Topics(Settings().topic_prefix)
    found: list[Waiting] = []
    for context in contexts().values():
        for projection in context.projections:
            found += await parked.of_projection(projection, topics.events(projection.context))
        found += await parked.of_sagas(context.name, topics.events(context.name))
    kept = [each for each in found if follower in (None, each.parked.follower)]
    return sorted(kept, key=lambda each: (each.parked.recorded_at, each.name))


@asynccontextmanager
async def _parked(role: str) -> "AsyncIterator[tuple[ParkedStreams, Database]]":
    from infra.cli.table import event_table
    from infra.locating import located
    from infra.parking.parked_streams import ParkedStreams
    from infra.redis.connection import client
    from infra.redis.keys import Keys

    settings = located(Settings())
    async with event_table(settings, role=role) as database, client(settings) as redis:
        yield ParkedStreams(database, redis, Keys(settings.topic_prefix), settings.partitions), database


def _plain(each: "Waiting") -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "context": each.context,
        "partition": each.partition,
        **each.parked._asdict(),
        "asked": each.asked,
    }


def _age(recorded_at: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(recorded_at)).total_seconds()
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    return f"{days:.0f} d" if days >= 2 else f"{hours:.0f} h" if hours >= 2 else f"{minutes:.0f} min"
