"""`annals sagas`: the saga instances, their state, and what each of them waits for.

Read from the table as `annals_reader`; nothing is changed. Ends with 1 when an instance does not exist.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from infra.cli.exits import CommandRefused
from infra.cli.saga_lines import instance_lines, listed_line, plain_instance, plain_listed
from infra.cli.table import event_table
from infra.contexts import chosen_contexts
from infra.postgres.saga_instances import ListedInstance, SagaInstances, ShownInstance, Wanted
from infra.settings import Settings
from workers.core.saga import Saga

DEFAULT_LIST_LIMIT = 50
MAX_LIST_LIMIT = 10_000
DEFAULT_SHOWN_LIMIT = 500
MAX_SHOWN_LIMIT = 10_000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def sagas_by_name() -> dict[str, Saga[Any]]:
    """Every saga of this installation."""
    return {saga.name: saga for context in chosen_contexts(Settings()).values() for saga in context.sagas}


def _known_saga(name: str | None) -> str | None:
    if name is not None and name not in sagas_by_name():
        raise typer.BadParameter(f"there is no saga {name}; known: {', '.join(sorted(sagas_by_name()))}")
    return name


@app.callback()
def sagas() -> None:
    """Sagas: processes that span streams and contexts, with one instance for each order, user, …"""


@app.command("list")
def list_sagas(
    saga: Annotated[str | None, typer.Option(help="Only of this saga.", callback=_known_saga)] = None,
    status: Annotated[str | None, typer.Option(help="Only in this status.")] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that still have something to do.")] = False,
    is_ended: Annotated[bool, typer.Option("--ended", help="Only those that have ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIST_LIMIT, help="At most this many.")] = DEFAULT_LIST_LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List instances, the last changed first: status, next deadline, steps sent and still without an outcome."""
    if is_open and is_ended:
        raise typer.BadParameter("an instance is open or ended: say --open, or --ended, or neither")
    wanted = Wanted(saga, status, True if is_ended else False if is_open else None)
    instances = asyncio.run(_listed(wanted, limit + 1))
    for instance in instances[:limit]:
        typer.echo(json.dumps(plain_listed(instance), ensure_ascii=False) if as_json else listed_line(instance))
    if as_json:
        return
    if not instances:
        typer.echo("no such instance")
    elif len(instances) > limit:
        typer.echo(f"the last {limit} are shown; --limit shows more")


async def _listed(wanted: Wanted, limit: int) -> Sequence[ListedInstance]:
    endings = [(saga.name, status) for saga in sagas_by_name().values() for status in sorted(saga.settled_statuses)]
    async with event_table(Settings()) as database:
        return await SagaInstances(database).listed(wanted, endings, limit)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="SAGA/INSTANCE_ID", help="As `list` names it; in quotes where it has a space.")
    ],
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_SHOWN_LIMIT, help="At most this many events and this many steps, the latest.")
    ] = DEFAULT_SHOWN_LIMIT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show one instance: its state and deadlines, the events it applied, the commands it sent and their outcomes."""
    saga_name, _, instance_id = name.partition("/")
    _known_saga(saga_name)
    if not instance_id:
        raise typer.BadParameter(f"name an instance: '{saga_name}/<id>', as `annals sagas list` does")
    shown = asyncio.run(_shown(saga_name, instance_id, limit))
    is_ended = shown.instance.status in sagas_by_name()[saga_name].settled_statuses
    if as_json:
        typer.echo(json.dumps(plain_instance(shown, is_ended), ensure_ascii=False))
        return
    for line in instance_lines(shown, is_ended):
        typer.echo(line)


async def _shown(saga: str, instance_id: str, limit: int) -> ShownInstance:
    async with event_table(Settings()) as database:
        shown = await SagaInstances(database).shown(saga, instance_id, limit)
    if shown is None:
        raise CommandRefused(
            f"The saga {saga} has no instance {instance_id}. No event of it has been handled yet (is a saga worker "
            f"running?), or the id is wrong: `annals sagas list --saga {_quoted(saga)}` lists all instances."
        )
    return shown


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
