"""The sagas of a context folded from the event table, lane by lane, into scratch: memory stays as it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.envelope import MalformedMessage
from infra.postgres.event_store import PostgresEventStore
from infra.postgres.session import snapshot
from infra.verify.scratch import Scratch
from infra.verify.sources import Pace, Sources
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import recorded_row
from workers.ports.event_store import EventRow
from workers.ports.sagas import InstanceKey
from workers.saga.following import concerned, follow
from workers.verification.findings import Verdict, What
from workers.verification.read_model import Raised

EVENTS_AT_A_TIME = 1000
MAX_NOTED = 10_000

Waiting = Mapping[tuple[str, str], int]
"""The first version that waits, of each parked (saga, stream id)."""


class SagaFold:
    """Follows each lane with the code that the saga workers run. An event that it cannot take is passed over."""

    def __init__(
        self, sources: Sources, context: str, sagas: Sequence[Saga[Any]], scratch: Scratch, verdict: Verdict
    ) -> None:
        self.names = frozenset(saga.name for saga in sagas)
        self.scratch = scratch
        self.raised: dict[InstanceKey, Raised] = {}
        self.keeps_steps = True
        self._sources = sources
        self._context = context
        self._sagas = sagas
        self._verdict = verdict
        self._positions: dict[int, int] = {}

    async def advance(self, reached: Mapping[int, int], waiting: Waiting, pace: Pace) -> None:
        """Fold each lane up to the sequence that it has reached. Raises Unavailable."""
        table = PostgresEventStore(self._sources.database)
        for partition, until in reached.items():
            while (position := self._positions.get(partition, 0)) < until:
                limit = min(EVENTS_AT_A_TIME, until - position)
                rows = await table.events_after(self._context, partition, position, limit)
                if not rows:
                    break
                self._positions[partition] = rows[-1].sequence
                self._follow(self._recorded(rows), waiting)
                await pace(len(rows))

    async def without(self, key: InstanceKey, versions: frozenset[int], reached: Mapping[int, int]) -> str | None:
        """The state, as JSON, of an instance that follows the stream of its own name, without these of its events.

        None when there is none, or when the code raises. Raises Unavailable.
        """
        async with snapshot(self._sources.database) as session:
            rows = [row async for row in session.events_of(self._context, [key.instance_id])]
        taken = [row for row in rows if row.sequence <= reached.get(row.partition, 0)]
        events = self._recorded([row for row in taken if row.stream_version not in versions])
        followed = follow([saga for saga in self._sagas if saga.name == key.saga], events, {}, 0)
        states = {InstanceKey(each.saga, each.instance_id): each.state.decode() for each in followed.instances}
        return None if followed.parked else states.get(key)

    def _recorded(self, rows: Sequence[EventRow]) -> list[Recorded]:
        found = []
        for row in rows:
            try:
                found.append(recorded_row(row, self._sources.models))
            except MalformedMessage as error:
                where = f"sagas of {self._context}, {row.stream_id}@{row.stream_version}"
                self._verdict.found(What.CODE_RAISES, where, str(error))
        return found

    def _follow(self, events: Sequence[Recorded], waiting: Waiting) -> None:
        for saga in self._sagas:
            mine = [each for each in events if type(each.event) in saga.reacts_to]
            waits = {
                each.sequence
                for each in mine
                if each.stream_version >= waiting.get((saga.name, each.stream_id), each.stream_version + 1)
            }
            if waits:
                self.scratch.excuse(concerned([saga], [each for each in mine if each.sequence in waits]))
            self._take(saga, [each for each in mine if each.sequence not in waits])

    def _take(self, saga: Saga[Any], events: Sequence[Recorded]) -> None:
        while events:
            stored = self.scratch.states(concerned([saga], events))
            followed = follow([saga], events, stored, 0)
            self.scratch.keep(followed.instances)
            if self.keeps_steps:
                self.scratch.keep_steps(followed.steps)
            stopped = {each.stream_id: each for each in followed.parked}
            for each in events:
                parked = stopped.get(each.stream_id)
                if parked is not None and each.stream_version == parked.stream_version:
                    self._note(concerned([saga], [each]), Raised(parked.stream_version, parked.error))
            # What comes after an event that the code cannot take: as if an operator had had it passed over.
            events = [
                each
                for each in events
                if each.stream_id in stopped and each.stream_version > stopped[each.stream_id].stream_version
            ]

    def _note(self, keys: Sequence[InstanceKey], raised: Raised) -> None:
        for key in keys:
            if len(self.raised) < MAX_NOTED:
                self.raised.setdefault(key, raised)
