"""The outboxes of the saga lanes: no position is left out, every step is of an instance, and each has an outcome."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from workers.operations.verification.comparisons.saga_consequences import step_name
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.settle_timer import SettleTimer
from workers.operations.verification.sources import Pace, Sources
from workers.ports.lanes import LaneKey
from workers.ports.sagas import InstanceKey, StepRow
from workers.ports.verification.rows import StepOutcome
from workers.ports.verification.steps import SagaLane

STEPS_AT_A_TIME = 1000


async def compare_steps(
    sources: Sources, until: Mapping[SagaLane, int], sagas: AbstractSet[str], verdict: Verdict, pace: Pace
) -> None:
    """Look at the outbox of each lane up to the position `until`. Raises Unavailable."""
    timer = sources.settle_timer()
    for (context, partition), last in until.items():
        topic, position = sources.topics.events(context), 0
        while position < last:
            limit = min(STEPS_AT_A_TIME, last - position)
            page = await sources.table.outbox_after(LaneKey("saga", topic, partition), position, limit)
            steps = [step for step in page if step.position <= last]
            for step in steps:
                _report_gap(topic, partition, position, step.position, verdict)
                position = step.position
            if not steps:
                _report_gap(topic, partition, position, last + 1, verdict)
                break
            await _compare_instances(sources, [step for step in steps if step.saga in sagas], verdict)
            await _compare_outcomes(sources, topic, partition, steps, timer, verdict)
            verdict.compared("saga steps compared with the events and the outcomes", len(steps))
            await pace(0)


def _report_gap(topic: str, partition: int, position: int, following: int, verdict: Verdict) -> None:
    first, last = position + 1, following - 1
    if first <= last:
        where = f"{topic}/{partition} position {first}" + ("" if first == last else f"-{last}")
        explanation = "positions must follow one another"
        verdict.report(FindingKind.STEP_GAP, where, explanation, count=last - first + 1)


async def _compare_instances(sources: Sources, steps: Sequence[StepRow], verdict: Verdict) -> None:
    """Report steps of no instance at all. The steps of an instance are compared with its journal elsewhere."""
    keys = sorted({InstanceKey(step.saga, step.instance_id) for step in steps})
    unknown = await sources.table.unknown_instances(keys) if keys else frozenset()
    for step in steps:
        if InstanceKey(step.saga, step.instance_id) in unknown:
            explanation = f"command {step.command_id}: there is no such instance"
            verdict.report(FindingKind.STEP_LEFT_OVER, step_name(step), explanation)


async def _compare_outcomes(
    sources: Sources,
    topic: str,
    partition: int,
    steps: Sequence[StepRow],
    timer: SettleTimer,
    verdict: Verdict,
) -> None:
    """Every step has an outcome of its own, at the latest after some time, and it is not `failed`."""
    open_steps, outcomes = list(steps), dict[str, StepOutcome]()
    while True:
        positions = [step.position for step in open_steps]
        rows = await sources.table.step_outcomes(topic, partition, positions)
        outcomes = {outcome.command_id: outcome for outcome in rows}
        for step in open_steps:
            if outcomes[step.command_id].status == "failed" and not await _succeeded_later(sources, step):
                explanation = f"command {step.command_id}: see the dead letters of {step.command_type}"
                verdict.report(FindingKind.STEP_FAILED, step_name(step), explanation)
        still_open = [step for step in open_steps if outcomes[step.command_id].status is None]
        if len(still_open) < len(open_steps):
            timer.progress()
        open_steps = still_open
        if not open_steps or not await timer.wait():
            break
    for step in open_steps:
        is_used = outcomes[step.command_id].id_used_by_another
        other = "; another command was handled under its id" if is_used else ""
        verdict.report(FindingKind.STEP_WITHOUT_OUTCOME, step_name(step), f"command {step.command_id}{other}")


async def _succeeded_later(sources: Sources, step: StepRow) -> bool:
    """Whether the command's dead letter was sent again and came to an outcome that is no fault of the installation."""
    attempts = await sources.table.later_attempts(step.command_id)
    context, stream_id, _ = step.command_key
    statuses = await sources.table.command_statuses(context, stream_id, attempts) if attempts else {}
    return any(status in ("accepted", "rejected") for status in statuses.values())
