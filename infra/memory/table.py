"""An in-memory Postgres: lanes, events, outcomes, unique claims, credentials, snapshots, and the sagas. Plain state.

What `annals.commit_commands` refuses, `commit` refuses, in the same order; what it writes, `commit` writes. Everything
is checked before anything is written, so a batch is written as a whole or not at all.
"""

import copy
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from infra.memory.lane_rows import LaneRow, LaneRows
from infra.memory.ordered_rows import has, insert
from infra.memory.saga_rows import SagaRows
from infra.memory.values import (
    MAX_BIGINT,
    MAX_INTEGER,
    as_jsonb,
    check_json,
    check_lists,
    check_number,
    identifier,
)
from workers.ports.event_store import (
    Batch,
    BatchLookup,
    ClaimConflict,
    EventRow,
    Repeated,
    SnapshotRow,
    StoredSnapshot,
    StreamEvent,
    StreamExists,
)
from workers.ports.lanes import LaneSetBack
from workers.ports.outcomes import CommandKey, OutcomeRow

UniqueClaim = tuple[str, str, str]
_sequence, _version = attrgetter("sequence"), attrgetter("stream_version")


class Table(SagaRows, LaneRows):
    """The server. `now` is its time of day.

    `streams` are the events of a (context, stream id) by version.
    `commands` are the outcomes in the order of their commits, `unique_claims` the holders of (context, scope, key).
    `credentials` are the secrets and `snapshots` the snapshots of (context, stream id). `attempts`: under which command
    ids the command of a dead letter was sent again. `journals_kept_since`: as if sagas had kept journals always.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.streams: dict[tuple[str, str], list[EventRow]] = {}
        self.commands: dict[CommandKey, OutcomeRow] = {}
        self.unique_claims: dict[UniqueClaim, str] = {}
        self.credentials: dict[tuple[str, str], str] = {}
        self.snapshots: dict[tuple[str, str], SnapshotRow] = {}
        self.attempts: dict[str, list[str]] = {}
        self.journals_kept_since = datetime.min.replace(tzinfo=UTC)

    def copied(self) -> "Table":
        """The table as it is now; what is written later, this copy does not have."""
        copied = copy.copy(self)
        for name, rows in vars(self).items():
            if isinstance(rows, dict):
                setattr(copied, name, _copied(rows))
        copied.open_interruptions = list(self.open_interruptions)
        return copied

    def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        check_lists([*commands, stream_ids])
        asked = [CommandKey(context, stream_id, identifier(command_id)) for stream_id, command_id in commands]
        usable = (self._snapshot(context, stream_id, fingerprint) for stream_id in stream_ids)
        snapshots = {snapshot.stream_id: snapshot for snapshot in usable if snapshot is not None}
        events = [
            StreamEvent(row.stream_id, row.stream_version, row.type, row.schema_version, row.data)
            for stream_id in sorted(stream_ids)
            for row in self.streams.get((context, stream_id), ())
            if stream_id not in snapshots or row.stream_version > snapshots[stream_id].stream_version
        ]
        outcomes = {key[1:]: self.commands[key].outcome for key in asked if key in self.commands}
        return BatchLookup(self.now(), outcomes, events, list(snapshots.values()))

    def _snapshot(self, context: str, stream_id: str, fingerprint: str | None) -> StoredSnapshot | None:
        """The stream's snapshot, if it has this fingerprint and the last of its events exists."""
        row = self.snapshots.get((context, stream_id))
        if row is None or row.fingerprint != fingerprint:
            return None
        behind = self.stream_after(context, stream_id, row.stream_version - 1, 1)
        if not behind or behind[0].stream_version != row.stream_version:
            return None
        return StoredSnapshot(stream_id, row.stream_version, behind[0].event_id, row.digest, row.state)

    def outcome(self, key: CommandKey) -> bytes | None:
        row = self.commands.get(key._replace(command_id=identifier(key.command_id)))
        return None if row is None else row.outcome

    def outcomes(self, command_id: str, limit: int) -> Sequence[bytes]:
        wanted = identifier(command_id)
        return [row.outcome for key, row in self.commands.items() if key.command_id == wanted][:limit]

    def events_after(self, context: str, partition: int, sequence: int, limit: int) -> Sequence[EventRow]:
        rows = self.events.get((context, partition), [])
        begin = bisect_right(rows, sequence, key=_sequence)
        return rows[begin : begin + limit]

    def stream_after(self, context: str, stream_id: str, version: int, limit: int) -> Sequence[EventRow]:
        rows = self.streams.get((context, stream_id), [])
        begin = bisect_right(rows, version, key=_version)
        return rows[begin : begin + limit]

    def streams_of(self, context: str, stream_ids: Sequence[str]) -> Sequence[EventRow]:
        """All events of these streams, each stream's together and in order."""
        return [row for stream_id in stream_ids for row in self.streams.get((context, stream_id), ())]

    def streams_begun(self, context: str, partition: int, after: int, until: int) -> Sequence[str]:
        """The streams whose first event has a sequence above `after`, `until` at most."""
        rows = self.events_after(context, partition, after, max(until - after, 0))
        return [row.stream_id for row in rows if row.stream_version == 1 and row.sequence <= until]

    def first_events(self, context: str, stream_ids: Sequence[str], limit: int) -> Sequence[EventRow]:
        """Of each of these streams its first events."""
        return [row for stream_id in stream_ids for row in self.streams.get((context, stream_id), ())[:limit]]

    def commit(self, batch: Batch) -> None:
        """Raises as the port does, or LaneLocked."""
        for rows in (
            batch.outcomes,
            batch.events,
            batch.claims_to_acquire,
            batch.claims_to_settle,
            batch.credentials,
            batch.snapshots,
        ):
            check_lists(rows)
        for snapshot in batch.snapshots:
            check_number(snapshot.stream_version, MAX_BIGINT)
            check_json(snapshot.state)
        lane = self.fence(batch.lane, batch.epoch)
        refused = frozenset(
            (scope, key)
            for scope, key, _ in batch.claims_to_acquire
            if (batch.context, scope, key) in self.unique_claims
        )
        if refused:
            raise ClaimConflict(refused)
        unheld = frozenset(self._not_held_by_former(batch))
        if unheld:
            raise ClaimConflict(frozenset(), unheld)
        outcomes = self._new_outcomes(batch)
        events = self._new_events(batch)
        lane.consumed, lane.sequence, lane.mark = batch.consumed, batch.sequence, batch.mark
        lane.last_offset, lane.last_timestamp = batch.consumed - 1, batch.last_timestamp
        self._settle(batch)
        self.commands |= outcomes
        self.tell_sagas(outcomes.values())
        for event in events:
            insert(self.events.setdefault((event.context, event.partition), []), event, _sequence)
            insert(self.streams.setdefault((event.context, event.stream_id), []), event, _version)

    def _new_outcomes(self, batch: Batch) -> dict[CommandKey, OutcomeRow]:
        outcomes: dict[CommandKey, OutcomeRow] = {}
        place = (batch.context, batch.lane.partition, batch.time)
        for given in batch.outcomes:
            command_id = identifier(given.command_id)
            key = CommandKey(batch.context, given.stream_id, command_id)
            if key in self.commands or key in outcomes:
                raise Repeated
            check_number(given.sequence, MAX_BIGINT)
            row = given
            if command_id != row.command_id or place != (row.context, row.partition, row.handled_at):
                row = row._replace(
                    command_id=command_id, context=batch.context, partition=place[1], handled_at=batch.time
                )
            outcomes[key] = row
        return outcomes

    def _new_events(self, batch: Batch) -> list[EventRow]:
        events: list[EventRow] = []
        sequences: set[int] = set()
        versions: set[tuple[str, int]] = set()
        for given in batch.events:
            check_number(given.schema_version, MAX_INTEGER)
            check_number(max(given.sequence, given.stream_version), MAX_BIGINT)
            row = given._replace(
                context=batch.context,
                partition=batch.lane.partition,
                event_id=identifier(given.event_id),
                command_id=identifier(given.command_id),
                data=as_jsonb(given.data),
                recorded_at=batch.time,
            )
            place, version = (row.context, row.partition), (row.stream_id, row.stream_version)
            if row.sequence in sequences or has(self.events.get(place, ()), row.sequence, _sequence):
                raise LaneSetBack(f"the event ({row.context}, {row.partition}, {row.sequence})")
            stream = self.streams.get((row.context, row.stream_id), ())
            if version in versions or has(stream, row.stream_version, _version):
                raise StreamExists((row.context, *version))
            sequences.add(row.sequence)
            versions.add(version)
            events.append(row)
        return events

    def _not_held_by_former(self, batch: Batch) -> Iterator[tuple[str, str, str]]:
        """The claims that a stream is to hand on without holding them: scope, key, stream id."""
        acquired = {(scope, key): stream_id for scope, key, stream_id in batch.claims_to_acquire}
        for scope, key, holder, former in batch.claims_to_settle:
            present_holder = acquired.get((scope, key), self.unique_claims.get((batch.context, scope, key)))
            if holder is not None and present_holder != former:
                yield scope, key, former

    def _settle(self, batch: Batch) -> None:
        """Write unique claims, credentials and snapshots. Settling changes only what the former holder holds."""
        for scope, key, stream_id in batch.claims_to_acquire:
            self.unique_claims.setdefault((batch.context, scope, key), stream_id)
        for scope, key, holder, former in batch.claims_to_settle:
            if self.unique_claims.get((batch.context, scope, key)) != former:
                continue
            if holder is None:
                del self.unique_claims[batch.context, scope, key]
            else:
                self.unique_claims[batch.context, scope, key] = holder
        for stream_id, secret in batch.credentials:
            self.credentials.pop((batch.context, stream_id), None)
            if secret is not None:
                self.credentials[batch.context, stream_id] = secret
        self.snapshots |= {(batch.context, snapshot.stream_id): snapshot for snapshot in batch.snapshots}


def _copied(rows: dict[Any, Any]) -> dict[Any, Any]:
    """Rows that are tuples never change; the lists and dicts of them do, and so do the rows of lanes."""
    first = next(iter(rows.values()), None)
    if isinstance(first, list | dict):
        return {key: several.copy() for key, several in rows.items()}
    if isinstance(first, LaneRow):
        return {key: replace(row) for key, row in rows.items()}
    return dict(rows)
