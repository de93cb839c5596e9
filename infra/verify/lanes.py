"""The log against the table, lane by lane, record by record."""

from infra.postgres.event_store import event_row
from infra.postgres.lists import listed
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources
from workers.verification.findings import Verdict, What
from workers.verification.lane import LaneComparison, Read


async def compare_lane(
    sources: Sources, context: str, partition: int, until: int, verdict: Verdict, pace: Pace
) -> None:
    """Compare one lane up to the sequence `until`, waiting a while for what is not yet in the log."""
    comparison = LaneComparison(context, partition, until, verdict)
    patience = Patience()
    verdict.saw("lanes")
    next_offset = 0
    while True:
        async for records in sources.log.records(sources.topics.events(context), partition, next_offset):
            next_offset = records[-1].offset + 1
            await _compare(sources, context, partition, comparison, comparison.read(records), verdict)
            patience.moved()
            await pace(len(records))
        if comparison.done or not await patience.waits():
            break
    comparison.end()
    # What is published was committed before: so this number is never too small.
    now = (await sources.reached(context))[partition]
    if comparison.highest > now:
        where = f"{context} {partition}/{comparison.highest}"
        verdict.found(What.MISSING_IN_TABLE, where, f"the table ends at {now}", count=comparison.highest - now)


async def _compare(
    sources: Sources, context: str, partition: int, comparison: LaneComparison, wanted: list[Read], verdict: Verdict
) -> None:
    sequences = listed([str(envelope.sequence) for _, envelope in wanted])
    if not sequences:
        return
    rows = [event_row(row) for row in await sources.database.rows("events_at", context, partition, sequences)]
    comparison.compare(wanted, {row.sequence: row for row in rows})
    causes = sorted({row.command_id for row in rows})
    for row in await sources.database.rows("not_accepted", listed(causes)) if causes else ():
        verdict.found(What.WITHOUT_COMMAND, f"{context} {partition}", f"command {row['command_id']}")
