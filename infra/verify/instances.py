"""A saga's instances against their journals, a page at a time: state, steps and deadlines.

Whatever an instance takes changes its row, its journal, its steps and its deadlines in one transaction. So within one
snapshot they must agree exactly, however busy the system is.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, NamedTuple

from contracts.envelope import MalformedMessage, rfc3339
from contracts.message import Event
from contracts.topics import Topics
from infra.postgres.event_store import event_row
from infra.postgres.lists import listed
from infra.postgres.session import Session
from infra.verify.scratch import Scratch
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import recorded_row
from workers.ports.sagas import DeadlineRow, InstanceKey, JournalRow, StepRow
from workers.verification.findings import Verdict, What
from workers.verification.saga_consequences import (
    Positions,
    StoredStep,
    deadline_differences,
    hearing_difference,
    place,
    step_difference,
)
from workers.verification.saga_journal import ExpectedDeadline, JournalFold, Lane, StoredSaga, Wrong

INSTANCES_AT_A_TIME = 200
STEPS_AT_A_TIME = 1000
# The columns of queries/journals.sql are these fields, when the entry was taken, and the event in its place.
STEP_FIELDS, JOURNAL_FIELDS = len(StepRow._fields), len(JournalRow._fields)


class Installation(NamedTuple):
    """What a page is read with."""

    topics: Topics
    models: Mapping[str, type[Event]]
    scratch: Scratch


class _Stored(NamedTuple):
    """An instance as it is stored, None when it is not, and when it began."""

    saga: StoredSaga | None
    started_at: datetime | None


class Page:
    """The next instances of a saga, in one snapshot."""

    def __init__(self, session: Session, saga: Saga[Any], known: Installation, verdict: Verdict) -> None:
        self._session = session
        self._saga = saga
        self._known = known
        self._verdict = verdict
        self._stored: dict[str, _Stored] = {}
        self._deadlines: dict[str, Mapping[str, ExpectedDeadline]] = {}
        self._older = 0

    async def compare(self, after: str) -> str | None:
        """Compare those after this instance; returns the last of them, or None when there are no more."""
        for row in await self._session.rows("instances_after", self._saga.name, after, INSTANCES_AT_A_TIME):
            stored = None
            if row["version"] is not None:
                stored = StoredSaga(row["version"], row["status"], row["state"].encode(), row["correlation_id"])
            self._stored[row["instance_id"]] = _Stored(stored, row["started_at"])
        if not self._stored:
            return None
        ids = listed(list(self._stored))
        await self._compare_journals(ids)
        await self._compare_steps(ids)
        await self._compare_deadlines(ids)
        name = self._saga.name
        self._verdict.saw(f"instances of the saga {name} compared with the events", len(self._stored) - self._older)
        self._verdict.saw(f"instances of the saga {name} from before there was a journal: not verifiable", self._older)
        return list(self._stored)[-1]

    async def _compare_journals(self, ids: str) -> None:
        """Fold each journal; `_deadlines` has then those instances of which more can be said."""
        reached = await self._reached()
        without = set(self._stored)
        fold: JournalFold | None = None
        async for row in self._session.stream("journals", self._saga.name, ids):
            entry = _entry(row)
            if fold is None or fold.key.instance_id != entry.instance_id:
                self._end(fold)
                fold = JournalFold(self._saga, entry.instance_id, self._known.scratch)
                without.discard(entry.instance_id)
                started_at = self._stored[entry.instance_id].started_at
                if started_at is not None and entry.version == 1 and started_at < row[JOURNAL_FIELDS]:
                    self._older += 1
                    fold.broken = True
            if not fold.broken:
                self._take(fold, entry, row, reached)
        self._end(fold)
        for instance_id in sorted(without):
            stored = self._stored[instance_id].saga
            if stored is not None and stored.version == 0:
                self._older += 1
            else:
                self._end(JournalFold(self._saga, instance_id, self._known.scratch))

    def _take(self, fold: JournalFold, entry: JournalRow, row: Any, reached: Mapping[Lane, int]) -> None:
        try:
            found = self._event(row)
        except MalformedMessage as error:
            fold.broken = True
            where = f"saga {entry.saga}, {entry.instance_id}, its event {entry.version}"
            self._verdict.found(What.CODE_RAISES, where, str(error))
            return
        self._note(fold.apply(entry, found))
        stands_at = reached.get((entry.context, entry.partition), 0)
        if not fold.broken and entry.sequence > stands_at:
            where = f"{entry.saga} {entry.instance_id}@{entry.version}"
            explanation = f"its event has the sequence {entry.sequence}, and its lane has come to {stands_at}"
            self._verdict.found(What.JOURNAL_DIFFERS, where, explanation)

    def _event(self, row: Any) -> Recorded | None:
        found = row[JOURNAL_FIELDS + 1 :]
        return None if found[0] is None else recorded_row(event_row(found), self._known.models)

    def _end(self, fold: JournalFold | None) -> None:
        if fold is None or fold.broken:
            return
        wrong = fold.against(self._stored[fold.key.instance_id].saga)
        self._note(wrong)
        if not fold.broken and fold.version > 0:
            self._deadlines[fold.key.instance_id] = fold.deadlines

    async def _compare_steps(self, ids: str) -> None:
        scratch, positions = self._known.scratch, Positions()
        async for row in self._session.stream("steps_of", self._saga.name, ids):
            step = self._step(row)
            if step.row.instance_id not in self._deadlines:
                continue
            expected = scratch.take(InstanceKey(step.row.saga, step.row.instance_id), step.row.command_id)
            if expected is None:
                explanation = f"command {step.row.command_id} does not follow from the events"
                self._verdict.found(What.STEP_LEFT_OVER, place(step.row), explanation)
                continue
            self._note(step_difference(step, expected[0], in_order=positions.follows(step, expected[0])))
            self._note(hearing_difference(step, expected[1]))
        last = ""
        while left := scratch.after(last, STEPS_AT_A_TIME):
            last = left[-1].command_id
            for missing in left:
                if missing.instance_id in self._deadlines:
                    explanation = f"command {missing.command_id} is not in the outbox"
                    self._verdict.found(What.STEP_MISSING, place(missing), explanation)
        scratch.clear()

    def _step(self, row: Any) -> StoredStep:
        values = dict(zip(StepRow._fields, row[:STEP_FIELDS], strict=True))
        step = StepRow(**{**values, "data": row["data"].encode(), "caused_at": rfc3339(row["caused_at"])})
        lane = (self._known.topics.context_of(row["topic"]), row["partition"])
        handled_at = None if row["handled_at"] is None else rfc3339(row["handled_at"])
        return StoredStep(step, lane, row["status"], row["code"], handled_at, row["waits"], row["unchanged"])

    async def _compare_deadlines(self, ids: str) -> None:
        stored: dict[str, dict[str, tuple[Lane, DeadlineRow]]] = {}
        async for row in self._session.stream("deadlines_of", self._saga.name, ids):
            values = dict(zip(DeadlineRow._fields, row, strict=False))
            deadline = DeadlineRow(**{**values, "due_at": rfc3339(row["due_at"])})
            lane = (self._known.topics.context_of(row["topic"]), row["partition"])
            stored.setdefault(deadline.instance_id, {})[deadline.name] = (lane, deadline)
        self._find_endless(stored.keys())
        for instance_id, expected in self._deadlines.items():
            there = stored.get(instance_id, {})
            for wrong in deadline_differences(expected, there):
                self._note(wrong)
            self._verdict.saw("saga deadlines compared with the events", len({*expected, *there}))

    def _find_endless(self, with_deadline: AbstractSet[str]) -> None:
        """Those that wait for an answer, and will never be woken when it does not come. An instance and its deadlines
        are written together, so this holds at every moment.
        """
        saga, stuck = self._saga, 0
        unbound = saga.settled_statuses | saga.idle_statuses | {saga.initial.status}
        for instance_id, (stored, _) in self._stored.items():
            if stored is not None and stored.status not in unbound and instance_id not in with_deadline:
                explanation = f"it waits in {stored.status!r} without a deadline"
                self._verdict.found(What.ENDLESS, f"{saga.name} {instance_id}", explanation)
            stuck += stored is not None and stored.status == "stuck"
        self._verdict.saw(f"instances of the saga {saga.name} that are stuck, for a person to look at", stuck)

    async def _reached(self) -> dict[Lane, int]:
        found: dict[Lane, int] = {}
        for context in self._saga.contexts:
            for row in await self._session.rows("saga_lanes", self._known.topics.events(context)):
                found[context, row["partition"]] = row["input_sequence"]
        return found

    def _note(self, wrong: Wrong | None) -> None:
        if wrong is not None:
            self._verdict.found(*wrong)


def _entry(row: Any) -> JournalRow:
    values = dict(zip(JournalRow._fields, row[:JOURNAL_FIELDS], strict=True))
    data = None if values["data"] is None else values["data"].encode()
    return JournalRow(**{**values, "recorded_at": rfc3339(values["recorded_at"]), "data": data})
