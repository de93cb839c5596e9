"""Questions of a verification about lanes, events, commands, unique claims, credentials and snapshots.

The order of texts is Python's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from infra.memory.table import Table
from infra.memory.values import identifier
from workers.ports.event_store import EventRow
from workers.ports.outcomes import CommandKey
from workers.ports.verification.rows import (
    ClaimRow,
    LaneOffset,
    LaneSequence,
    OpenInterruption,
    SnapshotOfStream,
    StreamCommand,
)


def lane_sequences(table: Table) -> Sequence[LaneSequence]:
    """All lanes of commands, by topic and partition."""
    lanes = sorted(lane for lane in table.lanes if lane.role == "command")
    return [LaneSequence(lane.topic, lane.partition, table.lanes[lane].sequence) for lane in lanes]


def recorded_ends(table: Table, context: str) -> Mapping[int, int]:
    """The highest sequence of the events of each lane of a context."""
    lanes = ((partition, rows) for (owner, partition), rows in table.events.items() if owner == context)
    return {partition: max(row.sequence for row in rows) for partition, rows in lanes if rows}


def lane_offsets(table: Table, topic: str) -> Sequence[LaneOffset]:
    """The lanes that read this topic of commands."""
    return [
        LaneOffset(lane.partition, row.consumed, row.topic_id)
        for lane, row in table.lanes.items()
        if (lane.role, lane.topic) == ("command", topic)
    ]


def open_interruptions(table: Table) -> Sequence[OpenInterruption]:
    """Those of all lanes, in the order in which they were noticed."""
    return [
        OpenInterruption(*lane, reason.kind, noticed_at, reason.consumed, reason.start, reason.end)
        for lane, noticed_at, reason, _ in table.open_interruptions
    ]


def events_at(table: Table, context: str, partition: int, sequences: Sequence[int]) -> Sequence[EventRow]:
    """Those events of a lane that have these sequences."""
    wanted = set(sequences)
    return [row for row in table.events.get((context, partition), ()) if row.sequence in wanted]


def stream_ids_after(table: Table, context: str, stream_id: str, limit: int) -> Sequence[str]:
    """The next streams of a context."""
    return _after(
        stream_id, (name for (owner, name), rows in table.streams.items() if owner == context and rows), limit
    )


def streams_without_events(table: Table, context: str, stream_ids: Sequence[str]) -> AbstractSet[str]:
    """Those of these streams that the context does not have."""
    return {stream_id for stream_id in stream_ids if not table.streams.get((context, stream_id))}


def claims_after(table: Table, context: str, scope: str, key: str, limit: int) -> Sequence[ClaimRow]:
    """The next unique claims of a context."""
    claims = sorted(
        ClaimRow(claimed_scope, claimed_key, stream_id)
        for (owner, claimed_scope, claimed_key), stream_id in table.unique_claims.items()
        if owner == context and (claimed_scope, claimed_key) > (scope, key)
    )
    return claims[:limit]


def claim_holders(table: Table, context: str, claims: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """The holders of those of these claims that are held."""
    return {
        (scope, key): table.unique_claims[context, scope, key]
        for scope, key in claims
        if (context, scope, key) in table.unique_claims
    }


def credentials_after(table: Table, context: str, stream_id: str, limit: int) -> Sequence[str]:
    """The next streams of a context that have a credential."""
    return _after(stream_id, (name for owner, name in table.credentials if owner == context), limit)


def snapshots_after(table: Table, context: str, stream_id: str, limit: int) -> Sequence[SnapshotOfStream]:
    """The next snapshots of a context."""
    names = _after(stream_id, (name for owner, name in table.snapshots if owner == context), limit)
    return [_snapshot(table, context, name) for name in names]


def _snapshot(table: Table, context: str, stream_id: str) -> SnapshotOfStream:
    row = table.snapshots[context, stream_id]
    version = row.stream_version
    behind = table.stream_after(context, stream_id, version - 1, 1)
    event_id = behind[0].event_id if behind and behind[0].stream_version == version else None
    return SnapshotOfStream(stream_id, version, event_id, row.fingerprint, row.digest, row.state)


def commands_without_outcome(
    table: Table, context: str, commands: Sequence[StreamCommand]
) -> AbstractSet[StreamCommand]:
    """Those of these commands that were never handled."""
    statuses = _statuses(table, context, commands)
    return {command for command, status in statuses.items() if status is None}


def commands_not_accepted(table: Table, context: str, commands: Sequence[StreamCommand]) -> AbstractSet[StreamCommand]:
    """Those of these commands that were not accepted."""
    statuses = _statuses(table, context, commands)
    return {command for command, status in statuses.items() if status != "accepted"}


def command_statuses(
    table: Table, context: str, stream_id: str, command_ids: Sequence[str]
) -> Mapping[str, str | None]:
    """The statuses of these commands of a stream, None for those without an outcome."""
    statuses = _statuses(table, context, [StreamCommand(stream_id, command_id) for command_id in command_ids])
    return {command.command_id: status for command, status in statuses.items()}


def _statuses(table: Table, context: str, commands: Sequence[StreamCommand]) -> Mapping[StreamCommand, str | None]:
    asked = [StreamCommand(stream_id, identifier(command_id)) for stream_id, command_id in commands]
    rows = {command: table.commands.get(CommandKey(context, *command)) for command in asked}
    return {command: None if row is None else row.status for command, row in rows.items()}


def later_attempts(table: Table, command_id: str) -> Sequence[str]:
    """The ids under which this command, or the one that it is an attempt of, was sent again."""
    first = next((first for first, again in table.attempts.items() if command_id in again), command_id)
    return list(table.attempts.get(first, ()))


def _after(text: str, texts: Iterable[str], limit: int) -> list[str]:
    return sorted(name for name in texts if name > text)[:limit]
