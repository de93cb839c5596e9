"""Snapshots against the streams: each that this code would use must be the fold of the events that it stands behind.

Snapshots of other code are only counted: no worker reads them, and the next ones of their streams replace them. Events
never change, so a snapshot and its events may be read one after the other.
"""

from workers.command.snapshots import Snapshots, UnusableSnapshot
from workers.core.context import Context
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.operations.verification.findings import FindingKind, Verdict, WrongSnapshot
from workers.operations.verification.sources import Pace, Sources
from workers.ports.event_store import StoredSnapshot
from workers.ports.verification.rows import SnapshotOfStream

SNAPSHOTS_AT_A_TIME = 100


async def compare_snapshots(sources: Sources, context: Context, verdict: Verdict, pace: Pace) -> None:
    """Compare every snapshot of a context. Raises Unavailable."""
    snapshots = Snapshots(context.name, context.decider, sources.models)
    last = ""
    while page := await sources.table.snapshots_after(context.name, last, SNAPSHOTS_AT_A_TIME):
        last = page[-1].stream_id
        for snapshot in page:
            if snapshot.fingerprint != snapshots.fingerprint:
                verdict.compared(f"snapshots of {context.name} taken by other code, which no worker reads")
                continue
            verdict.compared(f"snapshots of {context.name} compared with the streams")
            difference = await _difference(sources, context, snapshots, snapshot)
            if difference is not None:
                where = f"{context.name} {snapshot.stream_id}@{snapshot.stream_version}"
                target = WrongSnapshot(context.name, snapshot.stream_id)
                verdict.report(FindingKind.SNAPSHOT_DIFFERS, where, difference, target=target)
            await pace(0)


async def _difference(
    sources: Sources, context: Context, snapshots: Snapshots, snapshot: SnapshotOfStream
) -> str | None:
    """What is wrong with the snapshot; None if nothing is, or if the code raises on the stream's events and so nothing
    can be said.
    """
    stream_id, version = snapshot.stream_id, snapshot.stream_version
    if snapshot.event_id is None:
        return "it stands behind an event that is not there"
    try:
        state = snapshots.read(
            StoredSnapshot(stream_id, version, snapshot.event_id, snapshot.digest, snapshot.state)
        ).state
    except UnusableSnapshot as error:
        return error.reason
    fold = StateFold(context.decider, sources.models)
    async with sources.table.read_transaction() as transaction:
        async for event in transaction.events_of(context.name, [stream_id]):
            if event.stream_version <= version:
                fold.apply(event)
    if stream_id in fold.raised or fold.state(stream_id) == state:
        return None
    return "the events lead to another state"
