"""`annals dlq retry`: a batch after the other is foreseen, recorded, sent, waited for and told."""

import json
from typing import TYPE_CHECKING, NamedTuple

import typer

from infra.cli import exits
from infra.cli.dlq_choice import Choice, dead_letters, standings
from infra.cli.dlq_lines import Retried
from infra.settings import Settings
from workers.ports.interventions import Reason

if TYPE_CHECKING:
    from infra.dlq.retrying import Plan, Retrying

WAIT_SECONDS = 15.0
# Sent together and waited for together: so many whole letters are in memory.
LETTERS_AT_A_TIME = 100


class Manner(NamedTuple):
    """How to retry. `force`: also what is no command; `wait_seconds`: for the outcomes of each batch."""

    dry_run: bool
    force: bool
    wait_seconds: float
    as_json: bool


async def retried(choice: Choice, actor: str, why: Reason, manner: Manner) -> int:
    """Retry the letters and say what became of each; returns the exit code."""
    from contracts.catalogue import catalogue
    from contracts.topics import Topics
    from infra.dlq.retrying import Retrying
    from infra.kafka.message_sender import KafkaMessageSender
    from infra.locating import located
    from workers.domain import contexts

    settings, code, matching = located(Settings()), exits.DONE, 0
    sender = KafkaMessageSender(settings)
    try:
        async with dead_letters("annals_reader" if manner.dry_run else "annals_writer") as (letters, database):
            retrying = Retrying(database, sender, Topics(settings.topic_prefix), contexts(), catalogue())
            async for batch in standings(letters, choice):
                matching += len(batch)
                for start in range(0, len(batch), LETTERS_AT_A_TIME):
                    plans = [await retrying.foresee(each.letter) for each in batch[start : start + LETTERS_AT_A_TIME]]
                    for each in await _sent(retrying, plans, actor, why, manner):
                        typer.echo(json.dumps(each.plain()) if manner.as_json else each.text())
                        code = max(code, _code_of(each))
    finally:
        await sender.stop()
    if not matching and not manner.as_json:
        typer.echo("no dead letters match")
    return code


async def _sent(retrying: "Retrying", plans: "list[Plan]", actor: str, why: Reason, manner: Manner) -> list[Retried]:
    if manner.dry_run:
        return [Retried(plan, _goes_out(plan, manner), None, True) for plan in plans]
    sending = [plan for plan in plans if _goes_out(plan, manner)]
    await retrying.send(sending, actor, why)
    outcomes = await retrying.outcomes(sending, manner.wait_seconds)
    return [
        Retried(plan, _goes_out(plan, manner), outcomes.get(plan.attempt.command_id) if plan.attempt else None, False)
        for plan in plans
    ]


def _goes_out(plan: "Plan", manner: Manner) -> bool:
    return plan.attempt is not None or (manner.force and plan.request is None)


def _code_of(each: Retried) -> int:
    """Done is what was accepted: by the retry, before it, or, for a dry run, by what it would do."""
    if each.dry_run or each.plan.attempt is None:
        verdict, name = each.plan.foreseen.verdict, each.plan.foreseen.name
        accepted = verdict == "accepted" or (verdict == "handled" and name == "accepted")
        return exits.DONE if accepted or (each.sent and not each.dry_run) else exits.REFUSED
    if each.outcome is None:
        return exits.UNREACHABLE
    return exits.DONE if each.outcome.status == "accepted" else exits.REFUSED
