"""The steps of sagas: each that the events lead to is in the outbox, no other is, and each has an outcome."""

from collections.abc import Mapping, Sequence

import orjson

from infra.postgres.attempts import CommandAttempts
from infra.postgres.lists import listed
from infra.postgres.saga_store import PostgresSagaStore
from infra.verify.passed_over import passed_over
from infra.verify.saga_fold import SagaFold
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow
from workers.verification.findings import Verdict, What

STEPS_AT_A_TIME = 1000


async def compare_steps(
    sources: Sources,
    topic: str,
    until: Mapping[int, int],
    fold: SagaFold,
    verdict: Verdict,
    pace: Pace,
) -> None:
    """Compare the outbox of each lane up to the position `until` with what `fold` expects. Raises Unavailable."""
    store, patience = PostgresSagaStore(sources.database), Patience()
    for partition, last in until.items():
        position = 0
        while position < last:
            limit = min(STEPS_AT_A_TIME, last - position)
            found = await store.outbox_after(LaneKey("saga", topic, partition), position, limit)
            steps = [step for step in found if step.position <= last]
            if not steps:
                break
            position = steps[-1].position
            for step in steps:
                _compare(step, fold, verdict)
            await _compare_outcomes(sources, steps, patience, verdict)
            verdict.saw("saga steps compared with the events and the outcomes", len(steps))
            await pace(len(steps))
    await _report_missing(sources, fold, verdict)


async def _report_missing(sources: Sources, fold: SagaFold, verdict: Verdict) -> None:
    """What is expected and was not met; but for instances of which an operator has had events passed over."""
    last = ""
    while left := fold.scratch.steps_after(last, STEPS_AT_A_TIME):
        last = left[-1].command_id
        for saga in sorted({step.saga for step in left}):
            mine = [step for step in left if step.saga == saga]
            excused = await passed_over(sources, "saga", saga, sorted({step.instance_id for step in mine}))
            for _, instance_id, step_name, command_id in mine:
                if instance_id not in excused:
                    where, explanation = (
                        f"{saga} {instance_id} {step_name}",
                        f"command {command_id} is not in the outbox",
                    )
                    verdict.found(What.STEP_MISSING, where, explanation)


def _compare(step: StepRow, fold: SagaFold, verdict: Verdict) -> None:
    if step.saga not in fold.names:
        return  # of a saga that is no more
    expected = fold.scratch.take_step(step.command_id)
    stored = (
        *(step.saga, step.instance_id, step.step, step.command_type, step.stream_id, step.data, step.causation_id),
    )
    if expected is None and InstanceKey(step.saga, step.instance_id) in fold.raised:
        return  # it may follow from the event that our code cannot take: that is a finding of its own
    if expected is None:
        explanation = f"command {step.command_id} does not follow from the events"
        verdict.found(What.STEP_LEFT_OVER, _where(step), explanation)
        return
    names = ("saga", "instance", "step", "type", "stream", "data", "causation id")
    wrong = [
        name
        for name, one, other in zip(names, stored, expected, strict=True)
        if (orjson.loads(one) != orjson.loads(other) if name == "data" else one != other)  # type: ignore[arg-type]
    ]
    if wrong:
        verdict.found(What.STEP_DIFFERS, _where(step), f"command {step.command_id}, in {', '.join(wrong)}")


async def _compare_outcomes(sources: Sources, steps: Sequence[StepRow], patience: Patience, verdict: Verdict) -> None:
    """Every step has an outcome, at the latest after some time, and it is not `failed`."""
    open_steps = list(steps)
    while True:
        ids = listed([step.command_id for step in open_steps])
        rows = await sources.database.rows("statuses", ids)
        statuses = {row["command_id"]: row["status"] for row in rows}
        for step in open_steps:
            if statuses[step.command_id] == "failed" and not await _mended(sources, step.command_id):
                explanation = f"command {step.command_id}: see the dead letters of {step.command_type}"
                verdict.found(What.STEP_FAILED, _where(step), explanation)
        waiting = [step for step in open_steps if statuses[step.command_id] is None]
        if len(waiting) < len(open_steps):
            patience.moved()
        open_steps = waiting
        if not open_steps or not await patience.waits():
            break
    for step in open_steps:
        verdict.found(What.STEP_WITHOUT_OUTCOME, _where(step), f"command {step.command_id}")


async def _mended(sources: Sources, command_id: str) -> bool:
    """Whether the command's dead letter was sent again and came to an outcome that is no fault of ours."""
    again = (await CommandAttempts(sources.database).of(command_id)).command_ids
    rows = await sources.database.rows("statuses", listed(again)) if again else []
    return any(row["status"] in ("accepted", "rejected") for row in rows)


def _where(step: StepRow) -> str:
    return f"{step.saga} {step.instance_id} {step.step}"
