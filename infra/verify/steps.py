"""The outboxes of the saga lanes: no position is left out, every step is of an instance, and each has an outcome."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from infra.postgres.dead_letters import PostgresDeadLetterTable
from infra.postgres.lists import columns, listed
from infra.postgres.saga_store import PostgresSagaStore
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow
from workers.verification.findings import Verdict, What
from workers.verification.saga_consequences import place
from workers.verification.saga_journal import Lane

STEPS_AT_A_TIME = 1000


async def compare_steps(
    sources: Sources, until: Mapping[Lane, int], sagas: AbstractSet[str], verdict: Verdict, pace: Pace
) -> None:
    """Look at the outbox of each lane up to the position `until`. Raises Unavailable."""
    store, patience = PostgresSagaStore(sources.database), Patience()
    for (context, partition), last in until.items():
        topic, position = sources.topics.events(context), 0
        while position < last:
            limit = min(STEPS_AT_A_TIME, last - position)
            found = await store.outbox_after(LaneKey("saga", topic, partition), position, limit)
            steps = [step for step in found if step.position <= last]
            for step in steps:
                _follows(topic, partition, position, step.position, verdict)
                position = step.position
            if not steps:
                _follows(topic, partition, position, last + 1, verdict)
                break
            await _compare_instances(sources, [step for step in steps if step.saga in sagas], verdict)
            await _compare_outcomes(sources, (topic, partition), steps, patience, verdict)
            verdict.saw("saga steps compared with the events and the outcomes", len(steps))
            await pace(0)


def _follows(topic: str, partition: int, position: int, following: int, verdict: Verdict) -> None:
    first, last = position + 1, following - 1
    if first <= last:
        where = f"{topic}/{partition} position {first}" + ("" if first == last else f"-{last}")
        verdict.found(What.STEP_GAP, where, "positions must follow one another", count=last - first + 1)


async def _compare_instances(sources: Sources, steps: Sequence[StepRow], verdict: Verdict) -> None:
    """What the steps of an instance must be is compared with its journal; here are those of no instance at all."""
    keys = sorted({InstanceKey(step.saga, step.instance_id) for step in steps})
    rows = await sources.database.rows("unknown_instances", *columns(keys, 2)) if keys else []
    unknown = {InstanceKey(*row) for row in rows}
    for step in steps:
        if InstanceKey(step.saga, step.instance_id) in unknown:
            explanation = f"command {step.command_id}: there is no such instance"
            verdict.found(What.STEP_LEFT_OVER, place(step), explanation)


async def _compare_outcomes(
    sources: Sources, lane: tuple[str, int], steps: Sequence[StepRow], patience: Patience, verdict: Verdict
) -> None:
    """Every step has an outcome of its own, at the latest after some time, and it is not `failed`."""
    open_steps, taken = list(steps), frozenset[str]()
    while True:
        positions = listed([str(step.position) for step in open_steps])
        rows = await sources.database.rows("step_statuses", *lane, positions)
        statuses = {row["command_id"]: row["status"] for row in rows}
        taken = frozenset(row["command_id"] for row in rows if row["taken"])
        for step in open_steps:
            if statuses[step.command_id] == "failed" and not await _mended(sources, step.command_id):
                explanation = f"command {step.command_id}: see the dead letters of {step.command_type}"
                verdict.found(What.STEP_FAILED, place(step), explanation)
        waiting = [step for step in open_steps if statuses[step.command_id] is None]
        if len(waiting) < len(open_steps):
            patience.moved()
        open_steps = waiting
        if not open_steps or not await patience.waits():
            break
    for step in open_steps:
        other = "; another command was handled under its id" if step.command_id in taken else ""
        verdict.found(What.STEP_WITHOUT_OUTCOME, place(step), f"command {step.command_id}{other}")


async def _mended(sources: Sources, command_id: str) -> bool:
    """Whether the command's dead letter was sent again and came to an outcome that is no fault of ours."""
    again = (await PostgresDeadLetterTable(sources.database).attempts_of(command_id)).command_ids
    rows = await sources.database.rows("statuses", listed(again)) if again else []
    return any(row["status"] in ("accepted", "rejected") for row in rows)
