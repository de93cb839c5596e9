"""One verification, while the system works or rests.

It compares what each lane's row said at the start; what comes later is not looked at, and what is still on its way (an
event not yet in the log, a step not yet handled) gets a bounded time to arrive. Memory does not grow with the length of
the log: everything is read in chunks, and the steps of a saga's many instances are kept in scratch space.
"""

from collections.abc import Sequence

from workers.operations.verification.commands import compare_commands
from workers.operations.verification.findings import Verdict
from workers.operations.verification.holdings import compare_holdings
from workers.operations.verification.lanes_set_back import report_lanes_set_back
from workers.operations.verification.log_lanes import compare_lane
from workers.operations.verification.parked_streams import report_parked
from workers.operations.verification.read_models import compare_read_model
from workers.operations.verification.sagas import compare_sagas
from workers.operations.verification.sections import compare_sections
from workers.operations.verification.snapshots import compare_snapshots
from workers.operations.verification.sources import Pace, Sources
from workers.operations.verification.topics import compare_topics
from workers.operations.verification.unique_claims import compare_unique_claims
from workers.operations.verification.windows import compare_windows


async def verify(sources: Sources, pace: Pace) -> Verdict:
    """Compare everything; `pace` is called after each chunk with its size. Raises Unavailable."""
    verdict = Verdict()
    await compare_topics(sources, sources.wanted_topics, verdict)
    for context_name in await _recorded_contexts(sources):
        await report_lanes_set_back(sources, context_name, verdict)
        for partition, sequence in sorted((await sources.last_sequences(context_name)).items()):
            await compare_lane(sources, context_name, partition, sequence, verdict, pace)
    contexts = sources.contexts.values()
    for context in contexts:
        await compare_commands(sources, context.name, verdict, pace)
        await compare_unique_claims(sources, context, verdict, pace)
        await compare_snapshots(sources, context, verdict, pace)
        for projection in context.projections:
            await compare_read_model(sources, projection, verdict, pace)
            await compare_sections(sources, projection, verdict, pace)
    sagas = [saga for context in contexts for saga in context.sagas]
    await compare_sagas(sources, sagas, verdict, pace)
    await compare_holdings(sources, contexts, sagas, verdict, pace)
    await compare_windows(sources, list(contexts), verdict, pace)
    await report_parked(sources, verdict)
    return verdict


async def _recorded_contexts(sources: Sources) -> Sequence[str]:
    """The contexts that have lanes, also those that this installation does not have (any more), and its own."""
    lanes = await sources.table.lane_sequences()
    return sorted({sources.topics.context_of(lane.topic) for lane in lanes} | sources.contexts.keys())


async def events_to_compare(sources: Sources) -> int:
    """About the sum of what `pace` will be called with: each event as a record of the log and with its stream, and once
    more if sagas follow its context. Raises Unavailable.
    """
    contexts = sources.contexts.values()
    followed = {name for context in contexts for saga in context.sagas for name in saga.contexts}
    lanes = await sources.table.lane_sequences()
    return sum(lane.sequence * (3 if sources.topics.context_of(lane.topic) in followed else 2) for lane in lanes)
