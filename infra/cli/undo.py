"""`annals undo`: undoes a stream's last change by an ordinary command, as `POST .../undo` does.

Ends with 0 when the command is accepted, 1 when nothing can be undone or another change came in between, 3 when a
server cannot be reached or no outcome came in time.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Annotated

import typer

from contracts.catalogue import stored_events
from contracts.client.identifiers import new_identifier
from contracts.outcome import Outcome
from contracts.principal import Principal
from infra.cli import exits
from infra.cli.actor import Actor, operator
from infra.cli.send import DELIVERY_TIMEOUT_SECONDS, MAX_WAIT_SECONDS, SOURCE, WAIT_SECONDS
from infra.cli.sent_line import show_outcome, show_unanswered
from infra.cli.signing import command_identities
from infra.cli.table import event_table
from infra.contexts import chosen_contexts
from infra.postgres.event_store import PostgresEventStore
from infra.settings import Settings
from workers.core.context import Undo
from workers.core.recorded import Recorded
from workers.operations.undo import UndoCommand, stream_history, undo_last_change

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
    """Undo a stream's last change: annals undo users/ada. Undoing an undo restores the change."""
    context, _, stream_id = name.partition("/")
    undos = {name: context.undo for name, context in chosen_contexts(Settings()).items() if context.undo is not None}
    if context not in undos or not stream_id:
        raise typer.BadParameter(f"{name} cannot be undone; what can: {', '.join(f'{able}/<id>' for able in undos)}")
    code = asyncio.run(_undo(context, stream_id, undos[context], operator(actor), wait, as_json=as_json))
    if code != exits.DONE:
        raise typer.Exit(code)


async def _undo(context: str, stream_id: str, undo: Undo, sender: Principal, wait: float, *, as_json: bool) -> int:
    """Undo the last change and show what became of it; returns the exit code."""
    command_id = new_identifier()

    async def load() -> Sequence[Recorded]:
        async with event_table(Settings()) as database:
            return await stream_history(PostgresEventStore(database), stored_events(), context, stream_id)

    async def send(undo_command: UndoCommand) -> Outcome | None:
        return await _sent(undo_command, command_id, sender, wait)

    command, outcome = await undo_last_change(undo, load, send)
    if outcome is None:
        show_unanswered(command, command_id, wait, as_json=as_json)
        return exits.UNREACHABLE
    show_outcome(outcome, as_json=as_json)
    return exits.DONE if outcome.status == "accepted" else exits.REFUSED


async def _sent(undo_command: UndoCommand, command_id: str, sender: Principal, wait: float) -> Outcome | None:
    from infra.kafka.commands import KafkaCommands, command_client
    from infra.locating import located

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the one sentence at the end says it all
    settings = Settings()
    client = command_client(
        located(settings),
        source=SOURCE,
        delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
        max_outstanding=1,
        identities=await command_identities(settings),
    )
    async with client:
        commands = KafkaCommands(client)
        await commands.check()
        return await commands.ask(undo_command.command, undo_command.meta(command_id, sender), wait)
