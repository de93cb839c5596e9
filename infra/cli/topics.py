"""`annals topics`: creates the Kafka topics of every context, recreates one of them, or says who may use them how."""

import asyncio
import json
from enum import StrEnum
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
    from infra.contexts import chosen_contexts
    from infra.kafka.topics import create_topics, topics_of
    from infra.locating import located

    settings = located(Settings())
    created, configured = asyncio.run(create_topics(settings, topics_of(list(chosen_contexts(settings)), settings)))
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


class AclFormat(StrEnum):
    """For whom ACLs are printed."""

    BROKER = "broker"
    STRIMZI = "strimzi"


@app.command()
def acls(
    format_: Annotated[
        AclFormat,
        typer.Option("--format", help="broker: a shell script of kafka-acls.sh lines; strimzi: KafkaUser resources."),
    ] = AclFormat.BROKER,
    principal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=User:NAME",
            help="Who has a role; else User:annals-<role>. Other services: producer.users=User:shop, "
            "consumer.users=User:shop. Repeatable.",
        ),
    ] = None,
    cluster: Annotated[str, typer.Option(help="With --format strimzi: the name of the Kafka resource.")] = "kafka",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the ACLs that this installation needs: for each role its topics, consumer groups and operations. Brokers
    must deny all else (allow.everyone.if.no.acl.found=false). Changes nothing and asks no server.
    """
    from contracts.topics import Topics
    from infra.cli.acl_lines import as_objects, shell_lines, strimzi_lines
    from infra.contexts import chosen_contexts
    from infra.kafka.access import GroupsOfAnnals, Installation
    from infra.kafka.grants import PrincipalRefused, grants, principals

    settings = Settings()
    contexts = chosen_contexts(settings)
    installation = Installation(Topics(settings.topic_prefix), contexts)
    try:
        all_grants = list(grants(principals(principal or [], contexts), installation))
    except (GroupsOfAnnals, PrincipalRefused) as error:
        raise typer.BadParameter(str(error), param_hint="--principal") from None
    if as_json:
        typer.echo(json.dumps(as_objects(all_grants), indent=2))
        return
    lines = shell_lines(all_grants) if format_ is AclFormat.BROKER else strimzi_lines(all_grants, cluster)
    typer.echo("\n".join(lines))


async def _recreate(name: str, actor: str, reason: Reason) -> int:
    from contracts.topics import COMMANDS_SUFFIX, DEAD_LETTERS_SUFFIX
    from infra.cli.table import event_table
    from infra.contexts import chosen_contexts
    from infra.kafka.topic_recreation import open_recreated_topic
    from infra.kafka.topics import topics_of
    from infra.locating import located
    from infra.postgres.installation import check_partitions
    from infra.postgres.interventions import PostgresInterventions
    from infra.postgres.lanes import Lanes
    from workers.operations.interventions import Operator
    from workers.operations.topic_recreation import recreate_topic

    settings = located(Settings())
    topics_by_name = {topic.name: topic for topic in topics_of(list(chosen_contexts(settings)), settings)}
    if name not in topics_by_name or name.endswith(DEAD_LETTERS_SUFFIX):
        names = ", ".join(sorted(other for other in topics_by_name if not other.endswith(DEAD_LETTERS_SUFFIX)))
        raise CommandRefused(f"{name} is no topic that can be recreated; these are: {names}.")
    async with event_table(settings, role="annals_audit") as database:
        await check_partitions(database, settings.partitions, may_write=False)
        lanes = Lanes(database) if name.endswith(COMMANDS_SUFFIX) else None
        operator = Operator(PostgresInterventions(database), actor, reason)
        async with open_recreated_topic(settings, topics_by_name[name]) as topic:
            return await recreate_topic(topic, lanes, operator)
