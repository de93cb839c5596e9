"""Sagas against the log: every instance is the fold of its journal, every event is taken, every step has an outcome."""

from collections.abc import Sequence
from typing import Any

from infra.postgres.session import read_transaction
from infra.verify.due import compare_due
from infra.verify.instances import Installation, Page
from infra.verify.moment import caught_up, moment
from infra.verify.scratch import scratch
from infra.verify.sources import Pace, Sources
from infra.verify.steps import compare_steps
from infra.verify.taken import Completeness
from workers.core.saga import Saga
from workers.verification.findings import Verdict


async def compare_sagas(sources: Sources, sagas: Sequence[Saga[Any]], verdict: Verdict, pace: Pace) -> None:
    """Compare all sagas of this installation. Raises Unavailable."""
    contexts = sorted({context for saga in sagas for context in saga.contexts})
    names = {saga.name for saga in sagas}
    behind = await caught_up(sources, contexts, verdict)
    at = await moment(sources, contexts)
    since = await sources.database.value("journals_since")
    await Completeness(sources, sagas, at, since, verdict).compare(pace)
    await _compare_instances(sources, sagas, verdict, pace)
    await compare_steps(sources, at.steps, names, verdict, pace)
    await compare_due(sources, [lane for lane in at.reached if lane not in behind], names, verdict)


async def _compare_instances(sources: Sources, sagas: Sequence[Saga[Any]], verdict: Verdict, pace: Pace) -> None:
    with scratch() as kept:
        known = Installation(sources.topics, sources.models, kept)
        for saga in sagas:
            last: str | None = ""
            while last is not None:
                async with read_transaction(sources.database) as session:
                    last = await Page(session, saga, known, verdict).compare(last)
                await pace(0)
