"""One verification, while the system goes on or at rest.

What counts is what each lane's row said at the start: what comes later is not looked at, and what is still on its way
(an event not yet in the log, a step not yet handled) gets a bounded time to arrive. Memory does not grow with the
length of the log: everything is read in chunks, and the steps of a saga's many instances are kept on disk.
"""

from infra.verify.commands import compare_commands
from infra.verify.holdings import compare_holdings
from infra.verify.lanes import compare_lane
from infra.verify.parked import report_parked
from infra.verify.read_models import compare_read_model
from infra.verify.sagas import compare_sagas
from infra.verify.snapshots import compare_snapshots
from infra.verify.sources import Pace, Sources
from infra.verify.topics import compare_topics
from infra.verify.unique_claims import compare_unique_claims
from workers.domain import contexts
from workers.verification.findings import Verdict


async def verify(sources: Sources, pace: Pace) -> Verdict:
    """Compare everything; `pace` hears of each chunk how much it was. Raises Unavailable."""
    verdict = Verdict()
    await compare_topics(sources, sources.wanted_topics, verdict)
    for topic, partition, sequence in await sources.database.rows("lane_sequences"):
        await compare_lane(sources, sources.topics.context_of(topic), partition, sequence, verdict, pace)
    for context in contexts().values():
        await compare_commands(sources, context.name, verdict, pace)
        await compare_unique_claims(sources, context, verdict, pace)
        await compare_snapshots(sources, context, verdict, pace)
        for projection in context.projections:
            await compare_read_model(sources, projection, verdict, pace)
    sagas = [saga for context in contexts().values() for saga in context.sagas]
    await compare_sagas(sources, sagas, verdict, pace)
    await compare_holdings(sources, contexts().values(), sagas, verdict, pace)
    await report_parked(sources, verdict)
    return verdict


async def events_to_compare(sources: Sources) -> int:
    """About how much `pace` will hear of in all: each event from the log, from its stream, and again for the sagas."""
    rows = await sources.database.rows("lane_sequences")
    followed = {name for context in contexts().values() for saga in context.sagas for name in saga.contexts}
    return sum(row["sequence"] * (3 if sources.topics.context_of(row["topic"]) in followed else 2) for row in rows)
