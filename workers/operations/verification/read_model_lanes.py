"""How far the lanes of a read model are, against the table."""

from collections.abc import Mapping

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Sources
from workers.ports.read_models import Generation


async def report_lanes_behind(
    sources: Sources, generation: Generation, topic: str, last_sequences: Mapping[int, int], verdict: Verdict
) -> None:
    """Wait, while there is progress, until the read model has every event that there was at the start."""
    timer = sources.settle_timer()
    for partition, last in last_sequences.items():
        applied_before = -1
        while True:
            applied = await sources.documents.applied_sequence(generation, topic, partition)
            if applied >= last:
                break
            if applied > applied_before:
                timer.progress()
                applied_before = applied
            if not await timer.wait():
                explanation = f"stands at {applied} of {last}; is a projection worker running?"
                where = f"{generation.projection} {topic}/{partition}"
                verdict.report(FindingKind.READ_MODEL_BEHIND, where, explanation)
                break


async def report_lanes_ahead(
    sources: Sources, generation: Generation, context: str, topic: str, verdict: Verdict
) -> None:
    """Report checkpoints behind which the table has nothing yet. The table is asked last, so it is never behind."""
    moment = await sources.documents.at_one_moment(generation, topic, range(sources.partitions), [])
    last_sequences = await sources.last_sequences(context)
    for partition, sequence in moment.sequences.items():
        last = last_sequences.get(partition, 0)
        if sequence > last:
            explanation = f"stands at {sequence}, the table at {last}: it would pass over new events as repeats"
            where = f"{generation.projection} {topic}/{partition}"
            verdict.report(FindingKind.READ_MODEL_AHEAD, where, explanation)
