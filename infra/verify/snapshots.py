"""Snapshots against the streams: each that this code would use must be the fold of the events that it stands behind.

Other code's snapshots are only counted: nobody reads them, and their streams' next ones take their places. Events are
never changed, so a snapshot and its events may be read one after the other.
"""

from typing import Any

from infra.postgres.session import read_transaction as moment
from infra.verify.sources import Pace, Sources
from workers.command.snapshots import Snapshots, UnusableSnapshot
from workers.core.context import Context
from workers.ports.event_store import StoredSnapshot
from workers.verification.findings import Verdict, What, WrongSnapshot
from workers.verification.states import StateFold

SNAPSHOTS_AT_A_TIME = 100


async def compare_snapshots(sources: Sources, context: Context, verdict: Verdict, pace: Pace) -> None:
    """Every snapshot of a context. Raises Unavailable."""
    snapshots = Snapshots(context.name, context.decider, sources.models)
    last = ""
    while rows := await sources.database.rows("snapshots_after", context.name, last, SNAPSHOTS_AT_A_TIME):
        last = rows[-1]["stream_id"]
        for row in rows:
            if row["fingerprint"] != snapshots.fingerprint:
                verdict.saw(f"snapshots of {context.name} taken by other code, which nobody reads")
                continue
            verdict.saw(f"snapshots of {context.name} compared with the streams")
            difference = await _difference(sources, context, snapshots, row)
            if difference is not None:
                where = f"{context.name} {row['stream_id']}@{row['stream_version']}"
                target = WrongSnapshot(context.name, row["stream_id"])
                verdict.found(What.SNAPSHOT_DIFFERS, where, difference, target=target)
            await pace(0)


async def _difference(sources: Sources, context: Context, snapshots: Snapshots, row: Any) -> str | None:
    """What is wrong with the snapshot; None also when nobody can say, for the code raises on the stream's events."""
    stream_id, version = row["stream_id"], row["stream_version"]
    if row["event_id"] is None:
        return "it stands behind an event that is not there"
    try:
        found = snapshots.read(
            StoredSnapshot(stream_id, version, row["event_id"], row["digest"], row["state"].encode())
        )
    except UnusableSnapshot as error:
        return error.reason
    fold = StateFold(context.decider, sources.models)
    async with moment(sources.database) as session:
        async for event in session.events_of(context.name, [stream_id]):
            if event.stream_version <= version:
                fold.apply(event)
    if stream_id in fold.raised or fold.state(stream_id) == found.state:
        return None
    return "the events lead to another state"
