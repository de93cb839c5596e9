"""Sagas against the log: every instance, every step and every step's outcome.

A saga lane's instances, steps, parked streams and its place in the log change in one transaction. So within a snapshot
they must equal the fold up to that place, and the fold goes on as the lane does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from infra.postgres.lists import columns
from infra.postgres.session import Session, snapshot
from infra.verify.passed_over import passed_over
from infra.verify.saga_fold import SagaFold, Waiting
from infra.verify.scratch import Instance, scratch
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources
from infra.verify.steps import compare_steps
from workers.core.context import Context
from workers.ports.sagas import InstanceKey
from workers.verification.findings import Verdict, What

INSTANCES_AT_A_TIME = 500


class Moment(NamedTuple):
    """How far each lane of the sagas is in the log, how many steps it has, and what waits."""

    reached: Mapping[int, int]
    steps: Mapping[int, int]
    waiting: Waiting


async def compare_sagas(sources: Sources, context: Context, verdict: Verdict, pace: Pace) -> None:
    """Compare the sagas that follow a context's events. Raises Unavailable."""
    topic = sources.topics.events(context.name)
    await _caught_up(sources, context.name, topic, verdict)
    with scratch() as kept:
        fold = SagaFold(sources, context.name, context.sagas, kept, verdict)
        async with snapshot(sources.database) as session:
            moment = await _moment(session, topic)
        await fold.advance(moment.reached, moment.waiting, pace)
        await compare_steps(sources, topic, moment.steps, fold, verdict, pace)
        fold.keeps_steps = False
        for saga in sorted(fold.names):
            comparison = _Instances(sources, topic, saga, fold, verdict)
            await comparison.compare_stored(pace)
            await comparison.compare_expected(pace)


class _Instances:
    """The instances of one saga, from both sides."""

    def __init__(self, sources: Sources, topic: str, saga: str, fold: SagaFold, verdict: Verdict) -> None:
        self._sources = sources
        self._topic = topic
        self._saga = saga
        self._fold = fold
        self._kept = fold.scratch
        self._verdict = verdict

    async def compare_stored(self, pace: Pace) -> None:
        """Every instance that is stored."""
        last: str | None = ""
        while last is not None:
            async with snapshot(self._sources.database) as session:
                moment = await _moment(session, self._topic)
                rows = await session.rows("sagas_after", self._saga, last, INSTANCES_AT_A_TIME)
            await self._fold.advance(moment.reached, moment.waiting, pace)
            keys = [InstanceKey(self._saga, row["instance_id"]) for row in rows]
            for key, row in zip(keys, rows, strict=True):
                await self._compare(key, moment, row["state"], row["status"])
            self._kept.saw(keys)
            self._verdict.saw(f"instances of the saga {self._saga} compared with the events", len(keys))
            last = keys[-1].instance_id if keys else None
            await pace(0)

    async def compare_expected(self, pace: Pace) -> None:
        """Every instance that should be, and that was not met among those that are stored."""
        last = ""
        while keys := self._kept.unseen_after(self._saga, last, INSTANCES_AT_A_TIME):
            last = keys[-1].instance_id
            async with snapshot(self._sources.database) as session:
                moment = await _moment(session, self._topic)
                rows = await session.rows("saga_states", *columns(keys, 2))
            await self._fold.advance(moment.reached, moment.waiting, pace)
            states = {InstanceKey(row[0], row[1]): row[2] for row in rows}
            for key in keys:
                await self._compare(key, moment, states.get(key))
            await pace(0)

    async def _compare(self, key: InstanceKey, moment: Moment, state: str | None, status: str | None = None) -> None:
        if self._kept.is_excused(key):
            return
        found, raised = _difference(self._kept.instance(key), state, status), self._fold.raised.get(key)
        if found is None and raised is None:
            return
        skipped = (await passed_over(self._sources, "saga", key.saga, [key.instance_id])).get(key.instance_id)
        if skipped and _same(await self._fold.without(key, skipped, moment.reached), state):
            self._verdict.saw(f"events that {key.saga} has passed over by an operator's wish")
        elif raised is not None:
            where = f"saga {key.saga}, {key.instance_id}, its event {raised.stream_version}"
            self._verdict.found(What.CODE_RAISES, where, raised.explanation)
        elif found is not None:
            self._verdict.found(found[0], f"{key.saga} {key.instance_id}", found[1])


def _difference(expected: Instance | None, state: str | None, status: str | None) -> tuple[What, str] | None:
    """What is wrong with a stored instance; `status` None: only the one in its state is looked at."""
    if state is None:
        return None if expected is None else (What.INSTANCE_MISSING, "its events lead to one")
    if expected is None:
        return What.INSTANCE_LEFT_OVER, "no event leads to it"
    if orjson.loads(state) == orjson.loads(expected.state) and status in (None, expected.status):
        return None
    stored_status = orjson.loads(state).get("status") if status is None else status
    return What.INSTANCE_DIFFERS, f"its status is {stored_status!r}, its events lead to {expected.status!r}"


def _same(one: str | None, other: str | None) -> bool:
    return one == other if one is None or other is None else bool(orjson.loads(one) == orjson.loads(other))


async def _moment(session: Session, topic: str) -> Moment:
    lanes = await session.rows("saga_lanes", topic)
    parked = await session.rows("parked_of_topic", topic)
    return Moment(
        {row["partition"]: row["input_sequence"] for row in lanes},
        {row["partition"]: row["sequence"] for row in lanes},
        {(row["saga"], row["stream_id"]): row["stream_version"] for row in parked},
    )


async def _caught_up(sources: Sources, context: str, topic: str, verdict: Verdict) -> None:
    """Wait, while there is progress, until the sagas have every event that there was at the start."""
    wanted = await sources.reached(context)
    patience, before = Patience(), -1
    while True:
        rows: Sequence[Any] = await sources.database.rows("saga_lanes", topic)
        reached = {row["partition"]: row["input_sequence"] for row in rows}
        behind = {partition: last for partition, last in wanted.items() if reached.get(partition, 0) < last}
        if sum(reached.values()) > before:
            before = sum(reached.values())
            patience.moved()
        if not behind or not await patience.waits():
            break
    for partition, last in behind.items():
        explanation = f"stands at {reached.get(partition, 0)} of {last}; is a saga worker running?"
        verdict.found(What.SAGA_BEHIND, f"{topic}/{partition}", explanation)
