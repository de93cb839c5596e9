"""`annals dlq retry`: the letters are retried in parts, and what became of each is shown."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import typer

from infra.cli import exits
from infra.cli.dlq_choice import open_dead_letters
from infra.cli.dlq_lines import RetryLine
from infra.settings import Settings
from workers.operations.dead_letters.choosing import LetterChoice
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.postgres.pool import Database
    from workers.operations.dead_letters.letter import Letter
    from workers.operations.dead_letters.retrying import Retrying, RetryResult
    from workers.operations.interventions import Operator

WAIT_SECONDS = 15.0
# Sent together and waited for together: this many whole letters are in memory.
LETTERS_AT_A_TIME = 100


class RetryOptions(NamedTuple):
    """How to retry. `force` sends also what is no command; `wait_seconds` is for the outcomes of each part."""

    dry_run: bool
    force: bool
    wait_seconds: float
    as_json: bool


async def retry_letters(choice: LetterChoice, actor: str, reason: Reason, options: RetryOptions) -> int:
    """Retry the letters and show what became of each; returns the exit code."""
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.interventions import Operator

    code, matching = exits.DONE, 0
    # Who sent a command is shown by keys that readers have no right to.
    role = "annals_reader" if options.dry_run and Settings().auth == "none" else "annals_audit"
    async with open_dead_letters(role) as (letters, database), _retrying(database) as retrying:
        operator = Operator(PostgresInterventions(database), actor, reason)
        async for batch in letters.chosen(choice):
            matching += len(batch)
            for start in range(0, len(batch), LETTERS_AT_A_TIME):
                part = [status.letter for status in batch[start : start + LETTERS_AT_A_TIME]]
                for result in await _results(retrying, part, operator, options):
                    line = RetryLine(result, options.dry_run)
                    typer.echo(json.dumps(line.plain()) if options.as_json else line.text())
                    code = max(code, _exit_code(line))
    if not matching and not options.as_json:
        typer.echo("no dead letters match")
    return code


async def _results(
    retrying: "Retrying", letters: "Sequence[Letter]", operator: "Operator", options: RetryOptions
) -> "list[RetryResult]":
    if options.dry_run:
        return [await retrying.dry_run(letter, force=options.force) for letter in letters]
    return await retrying.retry(letters, operator, force=options.force, wait_seconds=options.wait_seconds)


def _exit_code(line: RetryLine) -> int:
    """DONE is for accepted commands: by this retry, before it, or, of a dry run, by what a retry would do."""
    plan, outcome = line.result.plan, line.result.outcome
    if line.dry_run or plan.attempt is None:
        accepted = plan.preview.verdict == "accepted" or plan.preview[:2] == ("handled", "accepted")
        return exits.DONE if accepted or (line.result.sent and not line.dry_run) else exits.REFUSED
    if outcome is None:
        return exits.UNREACHABLE
    return exits.DONE if outcome.status == "accepted" else exits.REFUSED


@asynccontextmanager
async def _retrying(database: "Database") -> "AsyncIterator[Retrying]":
    from contracts.catalogue import catalogue
    from contracts.topics import Topics
    from infra.contexts import chosen_contexts
    from infra.kafka.message_sender import KafkaMessageSender
    from infra.locating import located
    from infra.monotonic_clock import MonotonicClock
    from infra.postgres.dead_letters import PostgresDeadLetterTable
    from infra.postgres.event_store import PostgresEventStore
    from infra.postgres.identities import PostgresIdentities
    from workers.operations.dead_letters.retrying import Retrying

    settings = located(Settings())
    sender = KafkaMessageSender(settings)
    try:
        yield Retrying(
            PostgresEventStore(database),
            PostgresDeadLetterTable(database),
            sender,
            MonotonicClock(),
            Topics(settings.topic_prefix),
            chosen_contexts(settings),
            catalogue(),
            None if settings.auth == "none" else PostgresIdentities(database, knows_services=True),
        )
    finally:
        await sender.stop()
