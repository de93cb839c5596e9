"""`annals dlq`: commands that could not be handled: list, show, retry, discard. Nothing is ever removed from Kafka.

Ends with 0 when all is done, 1 when a letter is not there, a retry is refused or its command not accepted, 2 for wrong
usage, 3 when a server is away or an outcome did not come in time.
"""

import asyncio
import json
import sys
from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from infra.cli.actor import Actor, acting
from infra.cli.dlq_choice import (
    Choice,
    ContextOption,
    ReasonFilter,
    SinceOption,
    StateOption,
    StreamOption,
    TopicOption,
    TypeOption,
    UntilOption,
    chosen,
    dead_letters,
    moment,
    standings,
)
from infra.cli.dlq_lines import LetterLine, letter_lines, letter_plain, totals_text
from infra.cli.dlq_retry import WAIT_SECONDS, Manner, retried
from infra.cli.reason import ReasonOption, given_reason
from workers.dead_letters.choosing import Filters
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.dlq.reading import Standing

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
    filters = Filters(reason, type_, stream, moment(since, "--since"), moment(until, "--until"))
    asyncio.run(_list(Choice.filtered(topic, context, filters, state), limit, as_json))


async def _list(choice: Choice, limit: int, as_json: bool) -> None:
    by_reason: Counter[str] = Counter()
    oldest: list[LetterLine] = []
    async with dead_letters() as (letters, database):
        async for batch in standings(letters, choice):
            by_reason.update(each.letter.reason for each in batch)
            # A sort that keeps the order of equals: letters of one moment stay as they stand in their topic.
            oldest = nsmallest(limit, [*oldest, *map(LetterLine.of, batch)], key=lambda line: line.time)
        now = await database.now()
    if as_json:
        plain = {"letters": [line.plain(now) for line in oldest], "matching": by_reason.total(), "by_reason": by_reason}
        typer.echo(json.dumps({**plain, "strangers": letters.strangers}, indent=2))
        return
    for line in oldest:
        typer.echo(line.text(now))
    typer.echo(totals_text(len(oldest), by_reason, letters.strangers))


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` names it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original's bytes, secrets and all, to stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show all of one dead letter: headers, content with secrets masked, the stored outcome, what was done about it."""
    standing, plain = asyncio.run(_shown(Choice.named([letter_id])))
    if raw:
        sys.stdout.buffer.write(standing.letter.original.value or b"")
        sys.stdout.buffer.flush()
    elif as_json:
        typer.echo(json.dumps(plain, indent=2))
    else:
        value = plain["value"] if isinstance(plain["value"], str) else json.dumps(plain["value"], indent=2)
        typer.echo("\n".join(letter_lines(plain, value)))


async def _shown(choice: Choice) -> tuple["Standing", dict[str, Any]]:
    from contracts.outcome import Outcome
    from infra.postgres.event_store import PostgresEventStore

    async with dead_letters() as (letters, database):
        ((standing,),) = [batch async for batch in standings(letters, choice)]
        command_id = _uuid(standing.letter.command_id)
        stored = None if command_id is None else await PostgresEventStore(database).outcome(command_id)
        outcome = None if stored is None else Outcome.model_validate_json(stored)
        return standing, letter_plain(standing, await database.now(), outcome)


def _uuid(text: str | None) -> str | None:
    try:
        return None if text is None else str(UUID(text))
    except ValueError:
        return None


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
    filters = Filters(reason, type_, stream, moment(since, "--since"), moment(until, "--until"))
    choice = chosen(ids, all_matching, topic, context, filters, state)
    code = asyncio.run(retried(choice, acting(actor), given_reason(why), Manner(dry_run, force, wait, as_json)))
    raise typer.Exit(code)


@app.command()
def discard(
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
    filters = Filters(reason, type_, stream, moment(since, "--since"), moment(until, "--until"))
    choice = chosen(ids, all_matching, topic, context, filters, state)
    asyncio.run(_discarded(choice, acting(actor), given_reason(why), dry_run, as_json))


async def _discarded(choice: Choice, actor: str, why: Reason, dry_run: bool, as_json: bool) -> None:
    from infra.postgres.interventions import PostgresInterventions

    count = 0
    async with dead_letters("annals_reader" if dry_run else "annals_writer") as (letters, database):
        async for batch in standings(letters, choice):
            for line in map(LetterLine.of, batch):
                is_new = line.state != "discarded"
                if is_new and not dry_run:
                    await PostgresInterventions(database).record(
                        actor, "dlq-discard", line.id, why, {"dlq_reason": line.reason}
                    )
                count += is_new
                if as_json:
                    typer.echo(json.dumps({"id": line.id, "dry_run": dry_run, "was": line.state}))
                elif not is_new:
                    typer.echo(f"{line.id}  was discarded already")
                else:
                    typer.echo(
                        f"{line.id}  {'would be ' if dry_run else ''}discarded ({line.reason}, was {line.state})"
                    )
    if not as_json:
        typer.echo(f"{count} {'would be ' if dry_run else ''}discarded; `annals dlq retry` can still send them again")
