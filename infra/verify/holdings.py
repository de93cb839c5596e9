"""What streams keep for the instances of a saga, money and stock for orders: each is to have a live instance that
answers for it. What has none would be kept for ever, and nothing else tells of it.

Streams and instances are read one after the other while the system goes on, so what has no owner is looked at again for
a while: an order takes it, or gives it back, in a moment.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from infra.postgres.saga_store import PostgresSagaStore
from infra.postgres.session import read_transaction
from infra.verify.settling import Patience
from infra.verify.sources import Pace, Sources, storable
from workers.core.context import Context
from workers.core.holding import Holding
from workers.core.saga import Saga
from workers.ports.sagas import InstanceKey
from workers.verification.findings import Verdict, What
from workers.verification.states import StateFold

STREAMS_AT_A_TIME = 500
OWNERS_AT_A_TIME = 500
MAX_UNOWNED = 10_000
"""More are named in a next run."""


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
            verdict.saw(f"reservations of {context.name} for orders compared with their sagas", len(kept))
            unowned += [(context, each) for each in await _without_owner(sources, owners, kept)]
            del unowned[MAX_UNOWNED:]
            await pace(0)
    for context, holding in await _settled(sources, owners, unowned):
        end = f"{context.name}.{holding.ended_by}"
        explanation = f"no live order answers for {holding.amount} {holding.unit}; {end} ends it"
        where = f"{context.name} {holding.stream_id} for {holding.owner}"
        verdict.found(What.HELD_FOR_NOBODY, where, explanation)


async def _settled(
    sources: Sources, owners: Sequence[Saga[Any]], unowned: Sequence[tuple[Context, Holding]]
) -> Sequence[tuple[Context, Holding]]:
    """Those that are still kept, and still for nobody, after some time to settle."""
    patience = Patience()
    while unowned and await patience.waits():
        still: list[tuple[Context, Holding]] = []
        for context in {each.name: each for each, _ in unowned}.values():
            before = [holding for each, holding in unowned if each.name == context.name]
            streams = sorted({holding.stream_id for holding in before})
            for first in range(0, len(streams), STREAMS_AT_A_TIME):
                kept = set(await _kept(sources, context, streams[first : first + STREAMS_AT_A_TIME]))
                same = [holding for holding in before if holding in kept]
                still += [(context, each) for each in await _without_owner(sources, owners, same)]
        if len(still) < len(unowned):
            patience.moved()
        unowned = still
    return unowned


async def _streams(sources: Sources, context: Context, after: str) -> list[str]:
    rows = await sources.database.rows("streams_after", context.name, after, STREAMS_AT_A_TIME)
    return [row["stream_id"] for row in rows]


async def _kept(sources: Sources, context: Context, stream_ids: list[str]) -> list[Holding]:
    """What these streams keep now. A stream whose code raises is named elsewhere."""
    assert context.holdings is not None
    fold = StateFold(context.decider, sources.models)
    async with read_transaction(sources.database) as session:
        async for row in session.events_of(context.name, stream_ids):
            fold.apply(row)
    readable = [stream_id for stream_id in stream_ids if stream_id not in fold.raised]
    return [each for stream_id in readable for each in context.holdings(stream_id, fold.state(stream_id))]


async def _without_owner(sources: Sources, sagas: Sequence[Saga[Any]], kept: Sequence[Holding]) -> list[Holding]:
    store = PostgresSagaStore(sources.database)
    found: list[Holding] = []
    for first in range(0, len(kept), OWNERS_AT_A_TIME):
        some = kept[first : first + OWNERS_AT_A_TIME]
        keys = sorted({InstanceKey(saga.name, each.owner) for saga in sagas for each in some if storable(each.owner)})
        stored = await store.instances(keys) if keys else {}
        for holding in some:
            instances = [(saga, stored.get(InstanceKey(saga.name, holding.owner))) for saga in sagas]
            if not any(row is not None and _owns(saga, row.state, holding) for saga, row in instances):
                found.append(holding)
    return found


def _owns(saga: Saga[Any], state: bytes, holding: Holding) -> bool:
    """An instance whose state cannot be read is named elsewhere: nobody can say that it does not."""
    assert saga.owns is not None
    try:
        return saga.owns(type(saga.initial).model_validate_json(state), holding)
    except Exception:  # noqa: BLE001  # a bug in a saga, or a state of another release, is a finding of its instance
        return True
