"""What instances are to hear besides the log: nothing waits too long, and nothing is there for nobody."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from contracts.envelope import rfc3339
from infra.verify.settling import Patience
from infra.verify.sources import Sources
from workers.verification.findings import Verdict, What
from workers.verification.saga_journal import Lane

OVERDUE_SECONDS = 60.0
"""A lane looks about twice a second, and leaves an instance alone for half a minute after its code has raised."""

ROWS_AT_A_TIME = 1000


async def compare_due(sources: Sources, lanes: Sequence[Lane], sagas: AbstractSet[str], verdict: Verdict) -> None:
    """Look at the deadlines and rejections of `lanes`, which are up to date, and for strays. Raises Unavailable.

    What is due for a saga that this installation does not know is left alone: a newer one may have begun it.
    """
    patience = Patience()
    for lane in lanes:
        for row in await _overdue(sources, "deadlines_overdue", lane, sagas, patience):
            where = f"{row['saga']} {row['instance_id']} {row['name']}"
            verdict.found(What.DEADLINE_OVERDUE, where, f"due at {rfc3339(row['due_at'])}, not passed yet")
        for row in await _overdue(sources, "rejections_overdue", lane, sagas, patience):
            where = f"{row['saga']} {row['instance_id']} {row['step']}"
            said = "accepted without a change" if row["code"] is None else "refused"
            verdict.found(What.REJECTION_OVERDUE, where, f"{said} at {rfc3339(row['handled_at'])}")
    await _rejections_without_step(sources, verdict)
    await _deadlines_without_instance(sources, verdict)


async def _overdue(
    sources: Sources, query: str, lane: Lane, sagas: AbstractSet[str], patience: Patience
) -> Sequence[Any]:
    """What is overdue in a lane, after some time to hear of it as long as there is progress."""
    before: set[tuple[Any, ...]] = set()
    while True:
        topic = sources.topics.events(lane[0])
        rows = await sources.database.rows(query, topic, lane[1], OVERDUE_SECONDS, ROWS_AT_A_TIME)
        found = [row for row in rows if row["saga"] in sagas]
        now = {tuple(row) for row in found}
        if before - now:
            patience.moved()
        before = now
        if not found or not await patience.waits():
            return found


async def _rejections_without_step(sources: Sources, verdict: Verdict) -> None:
    async for topic, partition, position, code in _each(sources, "rejections_without_step", ("", 0, 0)):
        explanation = f"there is no such step; {'it changed nothing' if code is None else f'its code is {code}'}"
        verdict.found(What.REJECTION_LEFT_OVER, f"{topic}/{partition} position {position}", explanation)


async def _deadlines_without_instance(sources: Sources, verdict: Verdict) -> None:
    async for saga, instance_id, name, _ in _each(sources, "deadlines_without_instance", ("", "", "")):
        verdict.found(What.DEADLINE_LEFT_OVER, f"{saga} {instance_id} {name}", "there is no such instance")


async def _each(sources: Sources, query: str, after: tuple[Any, ...]) -> AsyncIterator[Any]:
    """Each row of a query that goes on after the first three columns of the last one."""
    while rows := await sources.database.rows(query, *after, ROWS_AT_A_TIME):
        for row in rows:
            yield row
        after = tuple(rows[-1])[:3]
