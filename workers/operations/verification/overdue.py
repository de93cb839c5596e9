"""What instances must handle beside the log, deadlines and answers to their steps: nothing waits too long, and nothing
waits for an instance or a step that does not exist.
"""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.settle_timer import SettleTimer
from workers.operations.verification.sources import Sources
from workers.ports.verification.rows import OverdueAnswer, OverdueDeadline, StrayAnswer, StrayDeadline
from workers.ports.verification.steps import SagaLane

OVERDUE_SECONDS = 60.0
"""A lane finds what is due within a second or two, and leaves an instance alone for half a minute after its code has
raised.
"""

ROWS_AT_A_TIME = 1000

Overdue = TypeVar("Overdue", OverdueDeadline, OverdueAnswer)
OverdueReader = Callable[[str, int, float, int], Awaitable[Sequence[Overdue]]]
"""Reads what is overdue in a lane: topic, partition, seconds, limit."""


async def compare_overdue(
    sources: Sources, lanes: Sequence[SagaLane], sagas: AbstractSet[str], verdict: Verdict
) -> None:
    """Look at the deadlines and answers of `lanes`, which are up to date, and for strays. Raises Unavailable.

    What is due for a saga that this installation does not know is left alone: a newer release may have begun it.
    """
    timer, table = sources.settle_timer(), sources.table
    for context, partition in lanes:
        topic = sources.topics.events(context)
        for deadline in await _overdue(table.deadlines_overdue, topic, partition, sagas, timer):
            where = f"{deadline.saga} {deadline.instance_id} {deadline.name}"
            explanation = f"due at {deadline.due_at}, not passed yet"
            verdict.report(FindingKind.DEADLINE_OVERDUE, where, explanation)
        for answer in await _overdue(table.answers_overdue, topic, partition, sagas, timer):
            where = f"{answer.saga} {answer.instance_id} {answer.step}"
            outcome = "accepted without a change" if answer.code is None else "rejected"
            verdict.report(FindingKind.REJECTION_OVERDUE, where, f"{outcome} at {answer.handled_at}")
    await _report_stray_answers(sources, verdict)
    await _report_stray_deadlines(sources, verdict)


async def _overdue(
    read: OverdueReader[Overdue], topic: str, partition: int, sagas: AbstractSet[str], timer: SettleTimer
) -> Sequence[Overdue]:
    """What is overdue in a lane, after some time to handle it as long as there is progress."""
    before: set[Overdue] = set()
    while True:
        rows = await read(topic, partition, OVERDUE_SECONDS, ROWS_AT_A_TIME)
        overdue = [row for row in rows if row.saga in sagas]
        if before - set(overdue):
            timer.progress()
        before = set(overdue)
        if not overdue or not await timer.wait():
            return overdue


async def _report_stray_answers(sources: Sources, verdict: Verdict) -> None:
    last: StrayAnswer | None = None
    while answers := await sources.table.stray_answers(last, ROWS_AT_A_TIME):
        last = answers[-1]
        for topic, partition, position, code in answers:
            answer = "it changed nothing" if code is None else f"its code is {code}"
            where = f"{topic}/{partition} position {position}"
            verdict.report(FindingKind.REJECTION_LEFT_OVER, where, f"there is no such step; {answer}")


async def _report_stray_deadlines(sources: Sources, verdict: Verdict) -> None:
    last: StrayDeadline | None = None
    while deadlines := await sources.table.stray_deadlines(last, ROWS_AT_A_TIME):
        last = deadlines[-1]
        for saga, instance_id, name in deadlines:
            where = f"{saga} {instance_id} {name}"
            verdict.report(FindingKind.DEADLINE_LEFT_OVER, where, "there is no such instance")
