"""The log against the table, lane by lane, record by record."""

from workers.operations.verification.comparisons.log_lane import LaneComparison, ReadRecord
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Pace, Sources
from workers.ports.verification.rows import StreamCommand


async def compare_lane(
    sources: Sources, context: str, partition: int, until: int, verdict: Verdict, pace: Pace
) -> None:
    """Compare one lane up to the sequence `until`, waiting for what is not yet in the log. Raises Unavailable."""
    comparison = LaneComparison(context, partition, until, verdict)
    timer = sources.settle_timer()
    verdict.compared("lanes")
    topic, next_offset = sources.topics.events(context), 0
    while True:
        async for records in sources.topic_reader.records(topic, partition, next_offset):
            next_offset = records[-1].offset + 1
            await _compare(sources, context, partition, comparison, comparison.read(records), verdict)
            timer.progress()
            await pace(len(records))
        if comparison.done or not await timer.wait():
            break
    comparison.end()
    if comparison.highest <= until:
        return
    # An event is published after it is committed: so the table, which is asked last, has every record of the log.
    last = (await sources.last_sequences(context)).get(partition, 0)
    if comparison.highest > last:
        where = f"{context} {partition}/{comparison.highest}"
        missing = comparison.highest - last
        verdict.report(FindingKind.MISSING_IN_TABLE, where, f"the table ends at {last}", count=missing)


async def _compare(
    sources: Sources,
    context: str,
    partition: int,
    comparison: LaneComparison,
    records: list[ReadRecord],
    verdict: Verdict,
) -> None:
    if not records:
        return
    sequences = [envelope.sequence for _, envelope in records]
    rows = await sources.table.events_at(context, partition, sequences)
    comparison.compare(records, {row.sequence: row for row in rows})
    causes = sorted({StreamCommand(row.stream_id, row.command_id) for row in rows})
    for _, command_id in sorted(await sources.table.commands_not_accepted(context, causes)) if causes else ():
        verdict.report(FindingKind.WITHOUT_COMMAND, f"{context} {partition}", f"command {command_id}")
