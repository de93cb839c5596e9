"""`annals dlq`: commands that could not be handled: list, show, retry, discard. Nothing is ever removed from Kafka.

Ends with 0 when all is done, 1 when a letter does not exist, a retry is refused or its command is not accepted, 2 for
wrong usage, 3 when a server is away or an outcome did not come in time.
"""

import asyncio
import json
import sys
from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.envelope import MalformedMessage, read_command
from infra.cli.actor import Actor, acting
from infra.cli.dlq_choice import (
    ContextOption,
    ReasonFilter,
    SinceOption,
    StateOption,
    StreamOption,
    TopicOption,
    TypeOption,
    UntilOption,
    chosen,
    chosen_by_filter,
    chosen_by_id,
    open_dead_letters,
    time_of,
)
from infra.cli.dlq_lines import LetterLine, letter_lines, letter_plain, totals_text
from infra.cli.dlq_retry import WAIT_SECONDS, RetryOptions, retry_letters
from infra.cli.reason import ReasonOption, given_reason
from workers.operations.dead_letters.choosing import LetterChoice, LetterFilters
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from workers.operations.dead_letters.letter import Letter
    from workers.operations.dead_letters.reading import LetterStatus
    from workers.ports.outcomes import CommandKey

MAX_LIST_LIMIT = 10_000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="As `list` names them: users.commands/3/1234.")]
AllMatching = Annotated[bool, typer.Option("--all-matching", help="Instead of ids: all that the filters match.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def dlq() -> None:
    """Commands that could not be handled: the originals, why, and what was done about them."""


@app.command("list")
def list_letters(
    topic: TopicOption = None,
    context: ContextOption = None,
    reason: Annotated[
        str | None, typer.Option("--reason", "--dlq-reason", help="Only letters with this reason.")
    ] = None,
    type_: TypeOption = None,
    stream: StreamOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    state: StateOption = "open",
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIST_LIMIT, help="Show at most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first, and how many there are of each reason."""
    filters = LetterFilters(reason, type_, stream, time_of(since, "--since"), time_of(until, "--until"))
    asyncio.run(_list(chosen_by_filter(topic, context, filters, state), limit, as_json))


async def _list(choice: LetterChoice, limit: int, as_json: bool) -> None:
    by_reason: Counter[str] = Counter()
    oldest: list[LetterLine] = []
    async with open_dead_letters() as (letters, database):
        async for batch in letters.chosen(choice):
            by_reason.update(status.letter.reason for status in batch)
            # A sort that keeps the order of equals: letters of one moment stay as they are in their topic.
            oldest = nsmallest(limit, [*oldest, *map(LetterLine.of, batch)], key=lambda line: line.time)
        now = await database.now()
    if as_json:
        plain = {"letters": [line.plain(now) for line in oldest], "matching": by_reason.total(), "by_reason": by_reason}
        typer.echo(json.dumps({**plain, "foreign_records": letters.foreign_records}, indent=2))
        return
    for line in oldest:
        typer.echo(line.text(now))
    typer.echo(totals_text(len(oldest), by_reason, letters.foreign_records))


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` names it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original's bytes, secrets and all, to stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show all of one dead letter: headers, content with secrets masked, the stored outcome, what was done about it."""
    status, plain = asyncio.run(_shown(chosen_by_id([letter_id])))
    if raw and sys.stdout.isatty():
        raise typer.BadParameter("the bytes may have escape sequences in them: write them to a file or a program")
    if raw:
        sys.stdout.buffer.write(status.letter.original.value or b"")
        sys.stdout.buffer.flush()
    elif as_json:
        typer.echo(json.dumps(plain, indent=2))
    else:
        value = plain["value"] if isinstance(plain["value"], str) else json.dumps(plain["value"], indent=2)
        typer.echo("\n".join(letter_lines(plain, value)))


async def _shown(choice: LetterChoice) -> tuple["LetterStatus", dict[str, Any]]:
    from contracts.outcome import Outcome
    from infra.postgres.event_store import PostgresEventStore

    async with open_dead_letters() as (letters, database):
        ((status,),) = [batch async for batch in letters.chosen(choice)]
        key = _command_key(status.letter)
        stored = None if key is None else await PostgresEventStore(database).outcome(key)
        outcome = None if stored is None else Outcome.model_validate_json(stored)
        return status, letter_plain(status, await database.now(), outcome)


def _command_key(letter: "Letter") -> "CommandKey | None":
    """What the letter's command is known by, read as a worker reads it; None: the letter is no command."""
    from workers.ports.outcomes import CommandKey

    try:
        envelope = read_command(letter.original.headers, letter.original.key)
    except MalformedMessage:
        return None
    return CommandKey(envelope.type.partition(".")[0], envelope.subject, envelope.id)


@app.command()
def retry(
    why: ReasonOption,
    ids: Ids = None,
    all_matching: AllMatching = False,
    topic: TopicOption = None,
    context: ContextOption = None,
    reason: ReasonFilter = None,
    type_: TypeOption = None,
    stream: StreamOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    state: StateOption = "open",
    actor: Actor = None,
    dry_run: DryRun = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send also what would be refused again as no command.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, max=3600, help="Seconds to wait for the outcomes.")] = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Send dead letters' commands again and wait for their outcomes. A discarded letter can be retried too."""
    filters = LetterFilters(reason, type_, stream, time_of(since, "--since"), time_of(until, "--until"))
    choice = chosen(ids, all_matching, topic, context, filters, state)
    options = RetryOptions(dry_run, force, wait, as_json)
    code = asyncio.run(retry_letters(choice, acting(actor), given_reason(why), options))
    raise typer.Exit(code)


@app.command("discard")
def discard_letters(
    why: ReasonOption,
    ids: Ids = None,
    all_matching: AllMatching = False,
    topic: TopicOption = None,
    context: ContextOption = None,
    reason: ReasonFilter = None,
    type_: TypeOption = None,
    stream: StreamOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    state: StateOption = "open",
    actor: Actor = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Note that nothing is to be done about dead letters. They stay in Kafka and can still be retried."""
    filters = LetterFilters(reason, type_, stream, time_of(since, "--since"), time_of(until, "--until"))
    choice = chosen(ids, all_matching, topic, context, filters, state)
    asyncio.run(_discard(choice, acting(actor), given_reason(why), dry_run, as_json))


async def _discard(choice: LetterChoice, actor: str, reason: Reason, dry_run: bool, as_json: bool) -> None:
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.dead_letters.discarding import can_be_discarded, discard
    from workers.operations.interventions import Operator

    count = 0
    async with open_dead_letters("annals_reader" if dry_run else "annals_audit") as (letters, database):
        operator = Operator(PostgresInterventions(database), actor, reason)
        async for batch in letters.chosen(choice):
            for status in batch:
                is_discarded = can_be_discarded(status) if dry_run else await discard(operator, status)
                count += is_discarded
                line = LetterLine.of(status)
                if as_json:
                    typer.echo(json.dumps({"id": line.id, "dry_run": dry_run, "was": line.state}))
                elif is_discarded:
                    would = "would be " if dry_run else ""
                    typer.echo(f"{line.id}  {would}discarded ({line.reason}, was {line.state})")
                else:
                    typer.echo(f"{line.id}  was discarded already")
    if not as_json:
        typer.echo(f"{count} {'would be ' if dry_run else ''}discarded; `annals dlq retry` can still send them again")
