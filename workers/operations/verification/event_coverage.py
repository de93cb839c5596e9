"""Every event that a saga reacts to is in the journal of the instance that it is about, once.

The lanes are compared as far as they had come at one moment; what they had applied by then is in the journals at every
later moment. Not expected there: events of parked streams, which wait; events that an operator had skipped; events that
were recorded before there were journals; events that the lane had passed before the saga began to follow it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from contracts.envelope import MalformedMessage
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.lane_positions import LanePositions
from workers.operations.verification.skipped_events import skipped_events
from workers.operations.verification.sources import Pace, Sources
from workers.parking import described
from workers.ports.event_store import EventRow
from workers.ports.sagas import Following, InstanceKey

EVENTS_AT_A_TIME = 1000


class ExpectedEvent(NamedTuple):
    """An event that an instance must have applied."""

    key: InstanceKey
    event: EventRow


class EventCoverage:
    """What these sagas have applied of the contexts that they follow. `journals_since`: when journals began."""

    def __init__(
        self,
        sources: Sources,
        sagas: Sequence[Saga[Any]],
        positions: LanePositions,
        journals_since: datetime,
        verdict: Verdict,
    ) -> None:
        self._sources = sources
        self._sagas = sagas
        self._positions = positions
        self._journals_since = journals_since
        self._verdict = verdict

    async def compare(self, pace: Pace) -> None:
        """Compare every lane. Raises Unavailable."""
        for (context, partition), until in self._positions.handled.items():
            followers = [saga for saga in self._sagas if context in saga.contexts]
            sequence = 0
            while sequence < until:
                limit = min(EVENTS_AT_A_TIME, until - sequence)
                rows = await self._sources.table.events_after(context, partition, sequence, limit)
                if not rows:
                    break
                sequence = rows[-1].sequence
                await self._compare([expected for row in rows for expected in self._expected(row, followers)])
                await pace(len(rows))

    def _expected(self, row: EventRow, sagas: Sequence[Saga[Any]]) -> list[ExpectedEvent]:
        """Which instances must have applied an event."""
        models = self._sources.models.becomes(f"{row.context}.{row.type}.v{row.schema_version}")
        if models and all(models.isdisjoint(saga.reacts_to) for saga in sagas):
            return []
        try:
            recorded = recorded_row(row, self._sources.models)
        except MalformedMessage as error:
            where = f"sagas of {row.context}, {row.stream_id}@{row.stream_version}"
            self._verdict.report(FindingKind.CODE_RAISES, where, str(error))
            return []
        expected = []
        for saga in sagas:
            for part in recorded.parts:
                if type(part.event) not in saga.reacts_to or self._is_parked(saga.name, row):
                    continue
                if self._is_from_before(Following(saga.name, part.event.name), row):
                    self._verdict.compared(f"events from before the saga {saga.name} followed them")
                    continue
                key = self._correlated(saga, part, row)
                if key is not None:
                    expected.append(ExpectedEvent(key, row._replace(event_id=part.event_id)))
        return expected

    def _is_parked(self, saga: str, row: EventRow) -> bool:
        first = self._positions.parked.get((saga, row.context, row.stream_id))
        return first is not None and row.stream_version >= first

    def _is_from_before(self, following: Following, row: EventRow) -> bool:
        return row.sequence <= self._positions.beginnings.get(((row.context, row.partition), following), 0)

    def _correlated(self, saga: Saga[Any], recorded: Recorded, row: EventRow) -> InstanceKey | None:
        try:
            instance_id = saga.correlate(recorded)
        except Exception as error:  # noqa: BLE001  # a bug in a saga is a finding, not the end of the verification
            where = f"saga {saga.name}, {row.context} {row.stream_id}@{row.stream_version}"
            self._verdict.report(FindingKind.CODE_RAISES, where, described(error))
            return None
        return None if instance_id is None else InstanceKey(saga.name, instance_id)

    async def _compare(self, expected: Sequence[ExpectedEvent]) -> None:
        times = await self._times_applied(expected)
        for key, event in expected:
            count = times.get((*key, event.event_id), 0)
            if count > 1:
                explanation = f"{count} times by {key.instance_id}"
                self._verdict.report(FindingKind.EVENT_APPLIED_TWICE, _where(key, event), explanation)
            self._verdict.compared(f"events compared with the journals of the saga {key.saga}")
        missing = [absent for absent in expected if (*absent.key, absent.event.event_id) not in times]
        if missing:
            await self._report(missing)

    async def _times_applied(self, expected: Sequence[ExpectedEvent]) -> Mapping[tuple[str, str, str], int]:
        if not expected:
            return {}
        keys = sorted({key for key, _ in expected})
        first, last = expected[0].event, expected[-1].event
        stretch = (first.context, first.partition, first.sequence, last.sequence)
        applied = await self._sources.table.event_coverage(keys, *stretch)
        return {(row.saga, row.instance_id, row.event_id): row.times for row in applied}

    async def _report(self, missing: Sequence[ExpectedEvent]) -> None:
        """Report what is missing without a reason."""
        young = [expected for expected in missing if expected.event.recorded_at >= self._journals_since]
        keys = sorted({key for key, _ in young})
        older = await self._sources.table.instances_older_than_journal(keys) if keys else frozenset()
        for saga in sorted({key.saga for key in keys}):
            of_saga = [expected for expected in young if expected.key.saga == saga and expected.key not in older]
            stream_ids = sorted({event.stream_id for _, event in of_saga})
            skipped = await skipped_events(self._sources, "saga", saga, stream_ids)
            for key, event in of_saga:
                if event.stream_version in skipped.get(event.stream_id, ()):
                    self._verdict.compared(f"events that {saga} has skipped at an operator's request")
                else:
                    explanation = f"by {key.instance_id}"
                    self._verdict.report(FindingKind.EVENT_NOT_APPLIED, _where(key, event), explanation)


def _where(key: InstanceKey, event: EventRow) -> str:
    return f"{key.saga} {event.context} {event.partition}/{event.sequence}, {event.stream_id}@{event.stream_version}"
