"""Sagas against the log: every event is applied, instances are the fold of their journals, steps have outcomes."""

from collections.abc import Sequence
from typing import Any

from workers.core.saga import Saga
from workers.operations.verification.event_coverage import EventCoverage
from workers.operations.verification.findings import Verdict
from workers.operations.verification.journal_order import report_late_entries
from workers.operations.verification.lane_positions import lane_positions, lanes_behind, report_lanes_ahead
from workers.operations.verification.lanes_set_back import report_saga_lanes_set_back
from workers.operations.verification.overdue import compare_overdue
from workers.operations.verification.saga_instances import Installation, InstancePage
from workers.operations.verification.saga_steps import compare_steps
from workers.operations.verification.sources import Pace, Sources


async def compare_sagas(sources: Sources, sagas: Sequence[Saga[Any]], verdict: Verdict, pace: Pace) -> None:
    """Compare all sagas of this installation. Raises Unavailable."""
    contexts = sorted({context for saga in sagas for context in saga.contexts})
    names = {saga.name for saga in sagas}
    await report_saga_lanes_set_back(sources, contexts, verdict)
    behind = await lanes_behind(sources, contexts, verdict)
    await report_lanes_ahead(sources, contexts, verdict)
    positions = await lane_positions(sources, contexts)
    journals_since = await sources.table.journals_kept_since()
    await EventCoverage(sources, sagas, positions, journals_since, verdict).compare(pace)
    await _compare_instances(sources, sagas, verdict, pace)
    await compare_steps(sources, positions.steps, names, verdict, pace)
    await compare_overdue(sources, [lane for lane in positions.handled if lane not in behind], names, verdict)


async def _compare_instances(sources: Sources, sagas: Sequence[Saga[Any]], verdict: Verdict, pace: Pace) -> None:
    with sources.scratch_space() as scratch:
        installation = Installation(sources.topics, sources.models, scratch)
        for saga in sagas:
            last: str | None = ""
            while last is not None:
                async with sources.table.read_transaction() as transaction:
                    page = InstancePage(transaction, saga, installation, verdict)
                    last = await page.compare(last)
                # Only now: the transaction may use the database's only connection.
                await report_late_entries(sources.interventions, saga.name, page.late_entries, verdict)
                await pace(0)
