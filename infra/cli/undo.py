"""`annals undo`: takes back a stream's last change by an ordinary command, as `POST .../undo` does.

Ends with 0 when it was accepted, 1 when nothing can be undone or another change came between, 3 when a server cannot be
reached or an outcome did not come.
"""

import asyncio
import logging
from typing import Annotated

import typer

from contracts.catalogue import catalogue
from contracts.client.identifiers import new_identifier
from contracts.envelope import MalformedMessage
from contracts.outcome import Outcome
from infra.cli import exits
from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.send import DELIVERY_TIMEOUT_SECONDS, MAX_WAIT_SECONDS, SOURCE, WAIT_SECONDS
from infra.cli.sent_line import show_outcome, show_unanswered
from infra.cli.table import event_table
from infra.postgres.event_store import PostgresEventStore
from infra.settings import Settings
from workers.core.context import Undo
from workers.core.decider import Rejection
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.history.reading import events_until
from workers.history.undone import undone
from workers.lanes.sequenced import recorded_row

MOST_EVENTS = 100_000

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def undo(
    name: Annotated[str, typer.Argument(metavar="CONTEXT/ID", help="Which stream: users/0198c0de-…")],
    actor: Actor = None,
    wait: Annotated[
        float, typer.Option(min=0, max=MAX_WAIT_SECONDS, help="Seconds to wait for the outcome.")
    ] = WAIT_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
) -> None:
    """Take back a stream's last change: annals undo users/ada. To undo an undo brings the change back."""
    context, _, stream_id = name.partition("/")
    able = {known: found.undo for known, found in contexts().items() if found.undo is not None}
    if context not in able or not stream_id:
        raise typer.BadParameter(f"{name} cannot be undone; what can: {', '.join(f'{known}/<id>' for known in able)}")
    code = asyncio.run(_undone(context, stream_id, able[context], acting(actor), wait, as_json=as_json))
    if code != exits.DONE:
        raise typer.Exit(code)


async def _undone(context: str, stream_id: str, undo: Undo, actor: str, wait: float, *, as_json: bool) -> int:
    """Make the command, send it, show what became of it; returns the exit code."""
    history = await _history(context, stream_id)
    command = undo(history)
    if isinstance(command, Rejection):
        raise CommandRefused(f"{command.code}: {command.message}")
    from infra.kafka.commands import command_client
    from infra.locating import located

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would say, the one sentence at the end says
    client = command_client(
        located(Settings()), source=SOURCE, delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS, max_outstanding=1
    )
    command_id = new_identifier()
    async with client:
        await client.check()
        outcome: Outcome | None = await client.ask(
            command,
            wait_seconds=wait,
            command_id=command_id,
            causation_id=undone(undo, history, command).event_id,
            expected_version=history[-1].stream_version,
            actor=actor,
        )
    if outcome is None:
        show_unanswered(command, command_id, wait, as_json=as_json)
        return exits.UNREACHABLE
    show_outcome(outcome, as_json=as_json)
    return exits.DONE if outcome.status == "accepted" else exits.REFUSED


async def _history(context: str, stream_id: str) -> list[Recorded]:
    async with event_table(Settings()) as database:
        rows = await events_until(PostgresEventStore(database), context, stream_id, most=MOST_EVENTS)
    try:
        return [recorded_row(row, catalogue().events) for row in rows]
    except MalformedMessage as error:
        raise CommandRefused(f"A newer Annals has written to {context}/{stream_id}: {error.explanation}.") from error
