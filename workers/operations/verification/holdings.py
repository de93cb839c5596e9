"""What streams keep for the instances of a saga, money and stock for orders. Each must have a live instance that
answers for it. Without one it would be kept for ever, and nothing else would show it.

Streams and instances are read one after the other while the system works. So what has no owner is looked at again for a
while: an order uses it, or gives it back, in a moment.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from workers.core.context import Context
from workers.core.holding import Holding
from workers.core.saga import Saga
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.operations.verification.findings import FindingKind, Verdict
from workers.operations.verification.sources import Pace, Sources
from workers.ports.sagas import InstanceKey

STREAMS_AT_A_TIME = 500
OWNERS_AT_A_TIME = 500
MAX_UNOWNED = 10_000
"""Reported in one run; a next run reports others."""


async def compare_holdings(
    sources: Sources, contexts: Iterable[Context], sagas: Sequence[Saga[Any]], verdict: Verdict, pace: Pace
) -> None:
    """Look at all that is kept by streams of these contexts. Raises Unavailable."""
    owners = [saga for saga in sagas if saga.owns is not None]
    unowned: list[tuple[Context, Holding]] = []
    for context in contexts:
        last = ""
        while context.holdings is not None and owners and (streams := await _streams(sources, context, last)):
            last = streams[-1]
            kept = await _kept(sources, context, streams)
            verdict.compared(f"reservations of {context.name} for orders compared with their sagas", len(kept))
            unowned += [(context, holding) for holding in await _without_owner(sources, owners, kept)]
            del unowned[MAX_UNOWNED:]
            await pace(0)
    for context, holding in await _settled(sources, owners, unowned):
        command = f"{context.name}.{holding.ended_by}"
        explanation = f"no live order answers for {holding.amount} {holding.unit}; {command} ends it"
        where = f"{context.name} {holding.stream_id} for {holding.owner}"
        verdict.report(FindingKind.HELD_WITHOUT_OWNER, where, explanation)


async def _settled(
    sources: Sources, owners: Sequence[Saga[Any]], unowned: Sequence[tuple[Context, Holding]]
) -> Sequence[tuple[Context, Holding]]:
    """Those that are still kept, and still without an owner, after some time to settle."""
    timer = sources.settle_timer()
    while unowned and await timer.wait():
        still_unowned: list[tuple[Context, Holding]] = []
        for context in {context.name: context for context, _ in unowned}.values():
            before = [holding for of_context, holding in unowned if of_context.name == context.name]
            streams = sorted({holding.stream_id for holding in before})
            for first in range(0, len(streams), STREAMS_AT_A_TIME):
                kept = set(await _kept(sources, context, streams[first : first + STREAMS_AT_A_TIME]))
                same = [holding for holding in before if holding in kept]
                still_unowned += [(context, holding) for holding in await _without_owner(sources, owners, same)]
        if len(still_unowned) < len(unowned):
            timer.progress()
        unowned = still_unowned
    return unowned


async def _streams(sources: Sources, context: Context, after: str) -> Sequence[str]:
    return await sources.table.stream_ids_after(context.name, after, STREAMS_AT_A_TIME)


async def _kept(sources: Sources, context: Context, stream_ids: Sequence[str]) -> list[Holding]:
    """What these streams keep now. A stream whose code raises is reported elsewhere."""
    assert context.holdings is not None
    fold = StateFold(context.decider, sources.models)
    async with sources.table.read_transaction() as transaction:
        async for row in transaction.events_of(context.name, stream_ids):
            fold.apply(row)
    readable = [stream_id for stream_id in stream_ids if stream_id not in fold.raised]
    return [holding for stream_id in readable for holding in context.holdings(stream_id, fold.state(stream_id))]


async def _without_owner(sources: Sources, sagas: Sequence[Saga[Any]], holdings: Sequence[Holding]) -> list[Holding]:
    unowned: list[Holding] = []
    for first in range(0, len(holdings), OWNERS_AT_A_TIME):
        page = holdings[first : first + OWNERS_AT_A_TIME]
        keys = sorted({InstanceKey(saga.name, holding.owner) for saga in sagas for holding in page})
        stored = await sources.table.stored_instances(keys)
        for holding in page:
            instances = [(saga, stored.get(InstanceKey(saga.name, holding.owner))) for saga in sagas]
            if not any(row is not None and _owns(saga, row.state, holding) for saga, row in instances):
                unowned.append(holding)
    return unowned


def _owns(saga: Saga[Any], state: bytes, holding: Holding) -> bool:
    """Whether the instance in this state answers for it; True also when its state cannot be read. That is reported
    elsewhere, and nobody can say that the instance does not.
    """
    assert saga.owns is not None
    try:
        return saga.owns(type(saga.initial).model_validate_json(state), holding)
    except Exception:  # noqa: BLE001  # a bug in a saga, or a state of another release, is a finding of its instance
        return True
