"""`annals topics`: creates the Kafka topics of every context, or recreates one of them."""

import asyncio
import json
from typing import Annotated

import typer

from infra.cli.actor import Actor, acting
from infra.cli.exits import CommandRefused
from infra.cli.reason import ReasonOption, given_reason
from infra.settings import Settings
from workers.ports.interventions import Reason

app = typer.Typer(pretty_exceptions_enable=False)


@app.callback()
def topics() -> None:
    """The Kafka topics."""


@app.command()
def create(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Create the topics that are missing; check the partitions of the others and correct their settings. Safe to run at
    any time.
    """
    from infra.kafka.topics import create_topics, topics_of
    from infra.locating import located
    from workers.domain import contexts

    settings = located(Settings())
    created, configured = asyncio.run(create_topics(settings, topics_of(list(contexts()), settings)))
    if as_json:
        typer.echo(json.dumps({"created": created, "configured": configured}))
        return
    lines = [*(f"created {name}" for name in created), *(f"corrected the settings of {name}" for name in configured)]
    typer.echo("\n".join(lines) or "all topics exist")


@app.command()
def recreate(
    topic: Annotated[str, typer.Argument(help="Its full name, as in the error message that names this command.")],
    reason: ReasonOption,
    actor: Actor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recreate a topic that has another number of partitions than the installation. Unread commands are carried over,
    and the workers fill in the events from the table. Run it again if it was interrupted.
    """
    carried = asyncio.run(_recreate(topic, acting(actor), given_reason(reason)))
    if as_json:
        typer.echo(json.dumps({"topic": topic, "carried_over": carried}))
    else:
        typer.echo(f"{topic} is new; {carried} unread records were carried over")


async def _recreate(name: str, actor: str, reason: Reason) -> int:
    from contracts.topics import COMMANDS_SUFFIX, DEAD_LETTERS_SUFFIX
    from infra.cli.table import event_table
    from infra.kafka.topic_recreation import open_recreated_topic
    from infra.kafka.topics import topics_of
    from infra.locating import located
    from infra.postgres.installation import check_partitions
    from infra.postgres.interventions import PostgresInterventions
    from infra.postgres.lanes import Lanes
    from workers.domain import contexts
    from workers.operations.interventions import Operator
    from workers.operations.topic_recreation import recreate_topic

    settings = located(Settings())
    topics_by_name = {topic.name: topic for topic in topics_of(list(contexts()), settings)}
    if name not in topics_by_name or name.endswith(DEAD_LETTERS_SUFFIX):
        names = ", ".join(sorted(other for other in topics_by_name if not other.endswith(DEAD_LETTERS_SUFFIX)))
        raise CommandRefused(f"{name} is no topic that can be recreated; these are: {names}.")
    async with event_table(settings, role="annals_audit") as database:
        await check_partitions(database, settings.partitions, may_write=False)
        lanes = Lanes(database) if name.endswith(COMMANDS_SUFFIX) else None
        operator = Operator(PostgresInterventions(database), actor, reason)
        async with open_recreated_topic(settings, topics_by_name[name]) as topic:
            return await recreate_topic(topic, lanes, operator)
