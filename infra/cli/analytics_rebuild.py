"""`annals analytics rebuild`: has the analytics workers build all windows again."""

import asyncio
import json
from typing import Annotated

import typer

from infra.cli.actor import Actor, acting
from infra.cli.reason import ReasonOption, given_reason
from infra.settings import Settings
from workers.ports.interventions import Reason


def rebuild(
    reason: ReasonOption,
    actor: Actor = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Have all windows built again from the event table, after something wrong was found in them. Stop the analytics
    workers first; the next ones that start begin with the first event.
    """
    contexts = asyncio.run(_rebuild(acting(actor), given_reason(reason)))
    if as_json:
        typer.echo(json.dumps({"contexts": contexts}))
    else:
        typer.echo(f"the windows of {', '.join(contexts)} will be built again: start the analytics workers")


async def _rebuild(actor: str, reason: Reason) -> list[str]:
    from infra.cli.table import event_table
    from infra.contexts import chosen_contexts
    from infra.kafka.window_builds import KafkaWindowBuilds
    from infra.locating import located
    from infra.postgres.installation import check_partitions
    from infra.postgres.interventions import PostgresInterventions
    from workers.operations.interventions import Operator
    from workers.operations.window_rebuild import rebuild_windows

    settings = located(Settings())
    followed = sorted(name for name, context in chosen_contexts(settings).items() if context.analytics.series)
    async with event_table(settings, role="annals_audit") as database:
        await check_partitions(database, settings.partitions, may_write=False)
        operator = Operator(PostgresInterventions(database), actor, reason)
        await rebuild_windows(KafkaWindowBuilds(settings), operator, followed)
    return followed
