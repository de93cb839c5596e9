"""`annals send`: sends one command, or a file of them, to Kafka, and shows the outcome of each.

Nothing is sent before every command has been built and checked. Ends with 0 when all were accepted, 1 when one was
rejected or failed, 2 for a command that cannot be built, 3 when Kafka cannot be reached or an outcome is missing.
"""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from uuid import UUID

import typer

from contracts.client.identifiers import new_identifier
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.principal import Principal
from infra.cli import exits
from infra.cli.actor import Actor, operator
from infra.cli.command_file import RequestedCommand, commands_in
from infra.cli.command_line_values import command_from, command_type, fields_of
from infra.cli.secret_fields import with_secrets
from infra.cli.sent_line import show_outcome, show_unanswered
from infra.cli.signing import command_identities
from infra.settings import Settings

if TYPE_CHECKING:
    from contracts.client.command_client import CommandClient

SOURCE = "/annals/cli"
WAIT_SECONDS = 10.0
MAX_WAIT_SECONDS = 300.0
DELIVERY_TIMEOUT_SECONDS = 10.0
CONCURRENT = 100

app = typer.Typer(pretty_exceptions_enable=False)


class PreparedCommand(NamedTuple):
    """A command that is ready to be sent."""

    command: Command
    command_id: str


@app.command()
def send(
    name: Annotated[str | None, typer.Argument(help="The command, such as users.CreateUser.")] = None,
    fields: Annotated[list[str] | None, typer.Argument(help="Its fields: name=value, or name:=JSON.")] = None,
    command_id: Annotated[
        str | None, typer.Option("--id", help="The command's id, a UUID: its idempotency key.")
    ] = None,
    expected_version: Annotated[
        int | None, typer.Option(min=0, help="Reject it when its stream has another version.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help='JSON lines: fields of NAME, or {"type", "data", "id"?}.'),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, max=MAX_WAIT_SECONDS, help="Seconds to wait for an outcome.")
    ] = WAIT_SECONDS,
    actor: Actor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each outcome as one JSON object a line.")] = False,
) -> None:
    """Send a command and wait for its outcome: annals send users.CreateUser first_name=Ada last_name=Lovelace email=…

    A missing stream id is generated. A password is never typed here: password=@- asks for it (or reads a pipe),
    password=@FILE reads a file. Only its argon2id hash is sent.
    """
    if file is not None and (fields or command_id):
        raise typer.BadParameter("--file has the fields and the ids of its commands")
    if file is not None:
        requested = list(commands_in(file, name))
    elif name is not None:
        typed_fields = with_secrets(command_type(name), fields_of(fields or []))
        requested = [RequestedCommand(name, typed_fields, command_id)]
    else:
        raise typer.BadParameter("name a command, such as users.CreateUser, or a --file")
    code = asyncio.run(_send(requested, wait, expected_version, operator(actor), as_json=as_json))
    if code != exits.DONE:
        raise typer.Exit(code)


async def _send(
    requested: Sequence[RequestedCommand],
    wait: float,
    expected_version: int | None,
    sender: Principal,
    *,
    as_json: bool,
) -> int:
    """Send all commands and show their outcomes; returns the exit code."""
    from contracts.client.errors import ClientError
    from infra.kafka.commands import command_client
    from infra.locating import located
    from infra.telemetry.logs import quiet_for_a_command

    prepared = await _prepared(requested)
    quiet_for_a_command()
    settings = Settings()
    client = command_client(
        located(settings),
        source=SOURCE,
        delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
        max_outstanding=2 * CONCURRENT,
        identities=await command_identities(settings),
        principal=sender,
    )
    code = exits.DONE
    try:
        async with client:
            await client.check()
            async for sent, outcome in _outcomes(client, prepared, wait, expected_version, sender.name):
                if outcome is None:
                    show_unanswered(sent.command, sent.command_id, wait, as_json=as_json)
                else:
                    show_outcome(outcome, as_json=as_json)
                code = max(code, _code_of(outcome))
    except ClientError as error:
        print(error, file=sys.stderr)
        return exits.UNREACHABLE
    return code


async def _prepared(requested: Sequence[RequestedCommand]) -> list[PreparedCommand]:
    """The commands, built and checked. Raises BadParameter that says which one cannot be built, and why."""
    from infra.passwords import Argon2Passwords

    passwords = Argon2Passwords()
    prepared = []
    for request in requested:
        try:
            identity = new_identifier() if request.command_id is None else str(UUID(request.command_id))
            command = await command_from(command_type(request.name), request.fields, passwords, identity)
            prepared.append(PreparedCommand(command, identity))
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{request.place}{error.message}") from error
        except ValueError as error:
            raise typer.BadParameter(f"{request.place}the command's id must be a UUID") from error
    return prepared


async def _outcomes(
    client: "CommandClient",
    prepared: Sequence[PreparedCommand],
    wait: float,
    expected_version: int | None,
    actor: str,
) -> AsyncIterator[tuple[PreparedCommand, Outcome | None]]:
    """Send the commands in order, with a bounded number in flight, and yield the outcomes in the same order."""
    in_flight: deque[tuple[PreparedCommand, asyncio.Task[Outcome | None]]] = deque()
    try:
        for command in prepared:
            question = client.ask(
                command.command,
                wait_seconds=wait,
                command_id=command.command_id,
                actor=actor,
                expected_version=expected_version,
            )
            in_flight.append((command, asyncio.create_task(question)))
            # The first command is sent alone: it fetches the topic's metadata, so the others cannot overtake one
            # another.
            if len(in_flight) >= CONCURRENT or command is prepared[0]:
                first, task = in_flight.popleft()
                yield first, await task
        while in_flight:
            first, task = in_flight.popleft()
            yield first, await task
    finally:
        for _, task in in_flight:
            task.cancel()
        await asyncio.gather(*(task for _, task in in_flight), return_exceptions=True)


def _code_of(outcome: Outcome | None) -> int:
    if outcome is None:
        return exits.UNREACHABLE
    return exits.DONE if outcome.status == "accepted" else exits.REFUSED
