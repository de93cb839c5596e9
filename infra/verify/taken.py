"""Every event that a saga reacts to stands in the journal of the instance that it is about, once.

The lanes are looked at as far as they had come at one moment; what they took by then is in the journals at every later
one. What is parked waits, what an operator had passed over is left out by his wish, what was recorded before there was
a journal is in none, and what the lane had taken before the saga began to follow it is not the saga's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from contracts.envelope import MalformedMessage
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.lists import columns
from infra.verify.moment import Moment
from infra.verify.passed_over import passed_over
from infra.verify.sources import Pace, Sources, storable
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import recorded_row
from workers.parking import described
from workers.ports.event_store import EventRow
from workers.ports.sagas import Following, InstanceKey
from workers.verification.findings import Verdict, What

EVENTS_AT_A_TIME = 1000


class Wanted(NamedTuple):
    """An event that an instance is to have taken."""

    key: InstanceKey
    event: EventRow


class Completeness:
    """What these sagas have taken of the contexts that they follow. `since`: when instances began to keep journals."""

    def __init__(
        self, sources: Sources, sagas: Sequence[Saga[Any]], at: Moment, since: datetime, verdict: Verdict
    ) -> None:
        self._sources = sources
        self._sagas = sagas
        self._at = at
        self._since = since
        self._verdict = verdict

    async def compare(self, pace: Pace) -> None:
        """Compare every lane. Raises Unavailable."""
        table = PostgresEventStore(self._sources.database)
        for (context, partition), until in self._at.reached.items():
            followers = [saga for saga in self._sagas if context in saga.contexts]
            position = 0
            while position < until:
                limit = min(EVENTS_AT_A_TIME, until - position)
                rows = await table.events_after(context, partition, position, limit)
                if not rows:
                    break
                position = rows[-1].sequence
                await self._compare([each for row in rows for each in self._wanted(row, followers)])
                await pace(len(rows))

    def _wanted(self, row: EventRow, sagas: Sequence[Saga[Any]]) -> list[Wanted]:
        """Which instances are to have taken an event."""
        model = self._sources.models.get(f"{row.context}.{row.type}.v{row.schema_version}")
        if model is not None and not any(model in saga.reacts_to for saga in sagas):
            return []
        try:
            recorded = recorded_row(row, self._sources.models)
        except MalformedMessage as error:
            where = f"sagas of {row.context}, {row.stream_id}@{row.stream_version}"
            self._verdict.found(What.CODE_RAISES, where, str(error))
            return []
        found = []
        for saga in sagas:
            if type(recorded.event) not in saga.reacts_to or self._waits(saga.name, row):
                continue
            if self._is_from_before(Following(saga.name, recorded.event.name), row):
                self._verdict.saw(f"events from before the saga {saga.name} followed them")
            else:
                key = self._correlated(saga, recorded, row)
                if key is not None:
                    found.append(Wanted(key, row))
        return found

    def _waits(self, saga: str, row: EventRow) -> bool:
        first = self._at.waiting.get((saga, row.context, row.stream_id))
        return first is not None and row.stream_version >= first

    def _is_from_before(self, following: Following, row: EventRow) -> bool:
        return row.sequence <= self._at.beginnings.get(((row.context, row.partition), following), 0)

    def _correlated(self, saga: Saga[Any], recorded: Recorded, row: EventRow) -> InstanceKey | None:
        try:
            instance_id = saga.correlate(recorded)
        except Exception as error:  # noqa: BLE001  # a bug in a saga is a finding, not the end of the verification
            where = f"saga {saga.name}, {row.context} {row.stream_id}@{row.stream_version}"
            self._verdict.found(What.CODE_RAISES, where, described(error))
            return None
        return None if instance_id is None else InstanceKey(saga.name, instance_id)

    async def _compare(self, wanted: Sequence[Wanted]) -> None:
        times = await self._times([each for each in wanted if storable(each.key.instance_id)])
        for key, event in wanted:
            count = times.get((*key, event.event_id), 0)
            if count > 1:
                explanation = f"{count} times by {key.instance_id}"
                self._verdict.found(What.EVENT_TAKEN_TWICE, _where(key, event), explanation)
            self._verdict.saw(f"events compared with the journals of the saga {key.saga}")
        missing = [each for each in wanted if (*each.key, each.event.event_id) not in times]
        if missing:
            await self._report(missing)

    async def _times(self, wanted: Sequence[Wanted]) -> Mapping[tuple[str, str, str], int]:
        if not wanted:
            return {}
        instances = columns(sorted({each.key for each in wanted}), 2)
        first, last = wanted[0].event, wanted[-1].event
        stretch = (first.context, first.partition, first.sequence, last.sequence)
        rows = await self._sources.database.rows("taken", *instances, *stretch)
        return {(row["saga"], row["instance_id"], row["event_id"]): row["times"] for row in rows}

    async def _report(self, missing: Sequence[Wanted]) -> None:
        """What is missing, but for what has a reason to be."""
        young = [each for each in missing if each.event.recorded_at >= self._since]
        keys = sorted({each.key for each in young if storable(each.key.instance_id)})
        rows = await self._sources.database.rows("older_than_journal", *columns(keys, 2)) if keys else []
        older = {InstanceKey(*row) for row in rows}
        for saga in sorted({each.key.saga for each in young}):
            mine = [each for each in young if each.key.saga == saga and each.key not in older]
            skipped = await passed_over(self._sources, "saga", saga, sorted({each.event.stream_id for each in mine}))
            for key, event in mine:
                if event.stream_version in skipped.get(event.stream_id, ()):
                    self._verdict.saw(f"events that {saga} has passed over by an operator's wish")
                else:
                    self._verdict.found(What.EVENT_NOT_TAKEN, _where(key, event), f"by {key.instance_id}")


def _where(key: InstanceKey, event: EventRow) -> str:
    return f"{key.saga} {event.context} {event.partition}/{event.sequence}, {event.stream_id}@{event.stream_version}"
