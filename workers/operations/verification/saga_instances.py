"""A saga's instances against their journals, a page at a time: state, steps and deadlines.

Each event that an instance applies changes its row, its journal, its steps and its deadlines in one transaction. So as
of one moment they agree exactly, however busy the system is.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from contracts.envelope import MalformedMessage
from contracts.stored_events import StoredEvents
from contracts.topics import Topics
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.comparisons.journal_order import JournalOrder, LateEntry
from workers.operations.verification.comparisons.saga_consequences import (
    Positions,
    StoredStep,
    answer_difference,
    deadline_differences,
    step_difference,
    step_name,
)
from workers.operations.verification.comparisons.saga_journal import (
    ExpectedDeadline,
    JournalFold,
    SagaDifference,
    Seed,
    StoredSaga,
)
from workers.operations.verification.findings import FindingKind, Verdict
from workers.ports.sagas import DeadlineRow, InstanceKey
from workers.ports.verification.rows import JournalEntry, OutboxStep, SagaInstance
from workers.ports.verification.steps import SagaLane, StepScratch
from workers.ports.verification.table import ReadTransaction

INSTANCES_AT_A_TIME = 200
STEPS_AT_A_TIME = 1000


class Installation(NamedTuple):
    """What a page is compared with."""

    topics: Topics
    models: StoredEvents
    scratch: StepScratch


class InstancePage:
    """The next instances of a saga, all as of one moment.

    `late_entries` are entries of their journals that stand behind later ones of their lane: one of each
    instance and stream.
    """

    def __init__(
        self, transaction: ReadTransaction, saga: Saga[Any], installation: Installation, verdict: Verdict
    ) -> None:
        self._transaction = transaction
        self._saga = saga
        self._installation = installation
        self._verdict = verdict
        self._stored: dict[str, SagaInstance | None] = {}
        self._deadlines: dict[str, Mapping[str, ExpectedDeadline]] = {}
        self._older = 0
        self._order = JournalOrder()
        self._late_entries: dict[tuple[str, str], LateEntry] = {}

    @property
    def late_entries(self) -> Sequence[LateEntry]:
        return list(self._late_entries.values())

    async def compare(self, after: str) -> str | None:
        """Compare those after this instance; returns the last of them, or None when there are no more."""
        page = await self._transaction.instances_after(self._saga.name, after, INSTANCES_AT_A_TIME)
        if not page:
            return None
        self._stored = {instance.instance_id: instance.stored for instance in page}
        instance_ids = list(self._stored)
        await self._compare_journals(instance_ids)
        await self._compare_steps(instance_ids)
        await self._compare_deadlines(instance_ids)
        name = self._saga.name
        count = len(self._stored) - self._older
        self._verdict.compared(f"instances of the saga {name} compared with the events", count)
        older = f"instances of the saga {name} from before there was a journal: not verifiable"
        self._verdict.compared(older, self._older)
        return instance_ids[-1]

    async def _compare_journals(self, instance_ids: Sequence[str]) -> None:
        """Fold each journal; `_deadlines` then has those instances of which more can be said."""
        handled = await self._handled_sequences()
        without_journal = set(instance_ids)
        fold: JournalFold | None = None
        async for entry in self._transaction.journals(self._saga.name, instance_ids):
            instance_id = entry.row.instance_id
            if fold is None or fold.key.instance_id != instance_id:
                self._end(fold)
                fold, self._order = self._new_fold(instance_id), JournalOrder()
                without_journal.discard(instance_id)
                stored = self._stored[instance_id]
                if stored is not None and entry.row.version == 1 and stored.started_at < entry.applied_at:
                    self._older += 1
                    fold.broken = True
            if not fold.broken:
                self._apply(fold, entry, handled)
        self._end(fold)
        for instance_id in sorted(without_journal):
            stored = self._stored[instance_id]
            if stored is not None and stored.version == 0:
                self._older += 1
            else:
                self._end(self._new_fold(instance_id))

    def _new_fold(self, instance_id: str) -> JournalFold:
        stored = self._stored[instance_id]
        seed = None if stored is None else Seed(stored.seed, stored.seeded_to)
        return JournalFold(self._saga, instance_id, self._installation.scratch, seed)

    def _apply(self, fold: JournalFold, entry: JournalEntry, handled: Mapping[SagaLane, int]) -> None:
        row = entry.row
        try:
            recorded = self._recorded(entry)
        except MalformedMessage as error:
            fold.broken = True
            where = f"saga {row.saga}, {row.instance_id}, its event {row.version}"
            self._verdict.report(FindingKind.CODE_RAISES, where, str(error))
            return
        self._report(fold.apply(row, recorded))
        late_entry = self._order.late_entry(row, recorded)
        if late_entry is not None:
            key = (row.instance_id, late_entry.stream_id)
            if late_entry.of_stream or key not in self._late_entries:
                self._late_entries[key] = late_entry
        last_handled = handled.get((row.context, row.partition), 0)
        if not fold.broken and row.sequence > last_handled:
            where = f"{row.saga} {row.instance_id}@{row.version}"
            explanation = f"its event has the sequence {row.sequence}, and its lane has come to {last_handled}"
            self._verdict.report(FindingKind.JOURNAL_DIFFERS, where, explanation)

    def _recorded(self, entry: JournalEntry) -> Recorded | None:
        if entry.event is None:
            return None
        recorded = recorded_row(entry.event, self._installation.models)
        return next((part for part in recorded.parts if part.event_id == entry.row.event_id), recorded)

    def _end(self, fold: JournalFold | None) -> None:
        if fold is None or fold.broken:
            return
        stored = self._stored[fold.key.instance_id]
        self._report(fold.against(None if stored is None else _without_start(stored)))
        if stored is not None and not fold.broken and fold.version > 0:
            self._deadlines[fold.key.instance_id] = fold.deadlines

    async def _compare_steps(self, instance_ids: Sequence[str]) -> None:
        scratch, positions = self._installation.scratch, Positions()
        async for row in self._transaction.steps_of(self._saga.name, instance_ids):
            step = self._stored_step(row)
            if step.row.instance_id not in self._deadlines:
                continue
            expected = scratch.pop(InstanceKey(step.row.saga, step.row.instance_id), step.row.command_id)
            if expected is None:
                explanation = f"command {step.row.command_id} does not follow from the events"
                self._verdict.report(FindingKind.STEP_LEFT_OVER, step_name(step.row), explanation)
                continue
            in_order = positions.follows(step, expected.step)
            self._report(step_difference(step, expected.step, in_order=in_order))
            self._report(answer_difference(step, expected.answer))
        self._report_missing_steps()
        scratch.clear()

    def _report_missing_steps(self) -> None:
        """What is left in the scratch space is not in the outbox."""
        last = ""
        while missing := self._installation.scratch.steps_after(last, STEPS_AT_A_TIME):
            last = missing[-1].command_id
            for step in missing:
                if step.instance_id in self._deadlines:
                    explanation = f"command {step.command_id} is not in the outbox"
                    self._verdict.report(FindingKind.STEP_MISSING, step_name(step), explanation)

    def _stored_step(self, step: OutboxStep) -> StoredStep:
        lane = (self._installation.topics.context_of(step.topic), step.partition)
        return StoredStep(step.row, lane, step.status, step.code, step.handled_at, step.waits, step.unchanged)

    async def _compare_deadlines(self, instance_ids: Sequence[str]) -> None:
        stored: dict[str, dict[str, tuple[SagaLane, DeadlineRow]]] = {}
        async for topic, partition, row in self._transaction.deadlines_of(self._saga.name, instance_ids):
            lane = (self._installation.topics.context_of(topic), partition)
            stored.setdefault(row.instance_id, {})[row.name] = (lane, row)
        self._report_endless(stored.keys())
        for instance_id, expected in self._deadlines.items():
            stored_deadlines = stored.get(instance_id, {})
            for difference in deadline_differences(expected, stored_deadlines):
                self._report(difference)
            self._verdict.compared("saga deadlines compared with the events", len({*expected, *stored_deadlines}))

    def _report_endless(self, with_deadline: AbstractSet[str]) -> None:
        """Report those that wait for an answer and have no deadline: nothing ends the wait when the answer does not
        come. An instance and its deadlines are written together, so this holds at every moment.
        """
        saga, stuck = self._saga, 0
        unbound = saga.settled_statuses | saga.idle_statuses | {saga.initial.status}
        for instance_id, stored in self._stored.items():
            if stored is not None and stored.status not in unbound and instance_id not in with_deadline:
                explanation = f"it waits in {stored.status!r} without a deadline"
                self._verdict.report(FindingKind.ENDLESS, f"{saga.name} {instance_id}", explanation)
            stuck += stored is not None and stored.status == "stuck"
        self._verdict.compared(f"instances of the saga {saga.name} that are stuck, for a person to look at", stuck)

    async def _handled_sequences(self) -> dict[SagaLane, int]:
        handled: dict[SagaLane, int] = {}
        for context in self._saga.contexts:
            for position in await self._transaction.saga_lane_positions(self._installation.topics.events(context)):
                handled[context, position.partition] = position.input_sequence
        return handled

    def _report(self, difference: SagaDifference | None) -> None:
        if difference is not None:
            self._verdict.report(*difference)


def _without_start(stored: SagaInstance) -> StoredSaga:
    return StoredSaga(stored.version, stored.status, stored.state, stored.correlation_id)
