"""`annals send`: one command, or a file of them, on their way to Kafka, and what became of each.

Nothing is sent before every command has been made and checked. Ends with 0 when all were accepted, 1 when one was
refused or failed, 2 for a command that cannot be made, 3 when Kafka cannot be reached or an outcome did not come.
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
from infra.cli import exits
from infra.cli.command_file import Order, orders_in
from infra.cli.command_line_values import command_from, command_type, fields_of
from infra.cli.sent_line import show_outcome, show_unanswered
from infra.settings import Settings

if TYPE_CHECKING:
    from contracts.client.command_client import CommandClient

SOURCE = "/annals/cli"
WAIT_SECONDS = 10.0
MAX_WAIT_SECONDS = 300.0
DELIVERY_TIMEOUT_SECONDS = 10.0
CONCURRENT = 100

app = typer.Typer(pretty_exceptions_enable=False)


class Made(NamedTuple):
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
        int | None, typer.Option(min=0, help="Refuse it when its stream has another version.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help='JSON lines: fields of NAME, or {"type", "data", "id"?}.'),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, max=MAX_WAIT_SECONDS, help="Seconds to wait for an outcome.")
    ] = WAIT_SECONDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print each outcome as one JSON object a line.")] = False,
) -> None:
    """Send a command and wait for its outcome: annals send users.CreateUser first_name=Ada last_name=Lovelace email=…

    A missing stream id is made. `password=…` is sent as its argon2id hash only.
    """
    if file is not None and (fields or command_id):
        raise typer.BadParameter("--file brings the fields and the ids of its commands")
    if file is not None:
        orders = list(orders_in(file, name))
    elif name is not None:
        orders = [Order(name, fields_of(fields or []), command_id)]
    else:
        raise typer.BadParameter("name a command, such as users.CreateUser, or a --file")
    code = asyncio.run(_sent(orders, wait, expected_version, as_json=as_json))
    if code != exits.DONE:
        raise typer.Exit(code)


async def _sent(orders: Sequence[Order], wait: float, expected_version: int | None, *, as_json: bool) -> int:
    """Send all and show what became of them; returns the exit code."""
    from contracts.client.errors import ClientError
    from infra.kafka.commands import command_client
    from infra.locating import located
    from infra.telemetry.logs import quiet_for_a_command

    made = await _made(orders)
    quiet_for_a_command()
    client = command_client(
        located(Settings()),
        source=SOURCE,
        delivery_timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
        max_outstanding=2 * CONCURRENT,
    )
    code = exits.DONE
    try:
        async with client:
            await client.check()
            async for each, outcome in _outcomes(client, made, wait, expected_version):
                if outcome is None:
                    show_unanswered(each.command, each.command_id, wait, as_json=as_json)
                else:
                    show_outcome(outcome, as_json=as_json)
                code = max(code, _code_of(outcome))
    except ClientError as error:
        print(error, file=sys.stderr)
        return exits.UNREACHABLE
    return code


async def _made(orders: Sequence[Order]) -> list[Made]:
    """The commands. Raises BadParameter that says which one cannot be made, and why."""
    from infra.passwords import Argon2Passwords

    passwords = Argon2Passwords()
    made = []
    for order in orders:
        try:
            identity = new_identifier() if order.command_id is None else str(UUID(order.command_id))
            command = await command_from(command_type(order.name), order.fields, passwords, identity)
            made.append(Made(command, identity))
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{order.place}{error.message}") from error
        except ValueError as error:
            raise typer.BadParameter(f"{order.place}the command's id must be a UUID") from error
    return made


async def _outcomes(
    client: "CommandClient", made: Sequence[Made], wait: float, expected_version: int | None
) -> AsyncIterator[tuple[Made, Outcome | None]]:
    """Ask for one after the other, a bounded number at a time, and give the outcomes in the same order."""
    under_way: deque[tuple[Made, asyncio.Task[Outcome | None]]] = deque()
    try:
        for each in made:
            question = client.ask(
                each.command, wait_seconds=wait, command_id=each.command_id, expected_version=expected_version
            )
            under_way.append((each, asyncio.create_task(question)))
            # The first goes alone: it finds out about the topic, so that the others cannot overtake one another.
            if len(under_way) >= CONCURRENT or each is made[0]:
                first, task = under_way.popleft()
                yield first, await task
        while under_way:
            first, task = under_way.popleft()
            yield first, await task
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


def _code_of(outcome: Outcome | None) -> int:
    if outcome is None:
        return exits.UNREACHABLE
    return exits.DONE if outcome.status == "accepted" else exits.REFUSED
