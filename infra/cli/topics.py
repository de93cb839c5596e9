"""`annals topics`: make the Kafka topics of every context, or one of them anew."""

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
    """Create the topics that are missing; check the partitions of the others and set their settings right. Safe to run
    at any time.
    """
    from infra.kafka.topics import create_topics, topics_of
    from infra.locating import located
    from workers.domain import contexts

    settings = located(Settings())
    created, configured = asyncio.run(create_topics(settings, topics_of(list(contexts()), settings)))
    if as_json:
        typer.echo(json.dumps({"created": created, "configured": configured}))
        return
    lines = [*(f"created {name}" for name in created), *(f"set the settings of {name} right" for name in configured)]
    typer.echo("\n".join(lines) or "all topics exist")


@app.command()
def recreate(
    topic: Annotated[str, typer.Argument(help="Its full name, as the message that sent you here says it.")],
    reason: ReasonOption,
    actor: Actor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a topic anew that has another number of partitions than the installation. Commands that nobody has read are
    carried over; events are filled in from the table by the workers. Run it again if it was interrupted.
    """
    carried = asyncio.run(_recreated(topic, acting(actor), given_reason(reason)))
    if as_json:
        typer.echo(json.dumps({"topic": topic, "carried_over": carried}))
    else:
        typer.echo(f"{topic} is new; {carried} records that nobody had read were carried over")


async def _recreated(name: str, actor: str, reason: Reason) -> int:
    from contracts.topics import COMMANDS_SUFFIX, DEAD_LETTERS_SUFFIX
    from infra.cli.table import event_table
    from infra.kafka.topic_recreation import Read
    from infra.kafka.topic_recreation import recreate as make_anew
    from infra.kafka.topics import topics_of
    from infra.locating import located
    from infra.postgres.installation import check_partitions
    from infra.postgres.interventions import PostgresInterventions
    from infra.postgres.lanes import Lanes
    from workers.domain import contexts

    settings = located(Settings())
    known = {each.name: each for each in topics_of(list(contexts()), settings)}
    if name not in known or name.endswith(DEAD_LETTERS_SUFFIX):
        names = ", ".join(sorted(each for each in known if not each.endswith(DEAD_LETTERS_SUFFIX)))
        raise CommandRefused(f"{name} is no topic that can be made anew; these are: {names}.")
    async with event_table(settings, role="annals_writer") as database:
        await check_partitions(database, settings.partitions, may_write=False)
        await PostgresInterventions(database).record(actor, "topics-recreate", name, reason)
        is_of_commands = name.endswith(COMMANDS_SUFFIX)
        positions = await Lanes(database).read_positions(name) if is_of_commands else []

        async def begin(topic_id: str, former_topic_id: str | None) -> None:
            if is_of_commands:
                await Lanes(database).restart(name, topic_id, former_topic_id)

        read = {lane.partition: Read(lane.topic_id, lane.consumed, lane.last_timestamp) for lane in positions}
        consumed = read if is_of_commands else None
        return await make_anew(settings, known[name], consumed, begin)
