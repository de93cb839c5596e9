"""No money and no goods came from nowhere or went missing: the events on one side, the read models on the other.

The read models follow the events; the checks wait for them, within a bound.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from contracts.catalogue import stored_events
from contracts.inventory.events import StockReceived, StockShipped
from contracts.message import Event
from contracts.payments.events import FundsCaptured, FundsDeposited
from infra.measuring.demo.participants import Participants
from infra.measuring.demo.session import LOOK_INTERVAL_SECONDS, WAIT_SECONDS, DemoSession, NobodyAnswers
from infra.postgres.event_store import PostgresEventStore
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from workers.core.projection import Document
from workers.domain import contexts

MAX_EVENTS = 1000
NOTHING = Decimal("0.00")
LIVE = ("placed", "confirmed")
"""Orders whose goods are still in the shop, reserved for them."""


async def check_balances(session: DemoSession, participants: Participants, order_ids: Sequence[str]) -> None:
    """Show each balance and whether it holds. Raises NobodyAnswers or Unavailable."""
    async with client(session.settings) as redis:
        models = RedisReadModels(redis, Keys(session.settings.topic_prefix))
        payments = await _events(session, "payments", participants.users.values())
        inventory = await _events(session, "inventory", participants.skus.values())
        orders = await _cards(models, "orders", await _events(session, "orders", order_ids))
        accounts = await _cards(models, "payments", payments)
        stock = await _cards(models, "inventory", inventory)
    deposits, captured = (_amount(payments, kind) for kind in (FundsDeposited, FundsCaptured))
    balances, funds = (sum((Decimal(card[part]) for card in accounts), NOTHING) for part in ("balance", "reserved"))
    received, shipped = (_quantity(inventory, kind) for kind in (StockReceived, StockShipped))
    on_hand, reserved = (sum(card[part] for card in stock) for part in ("on_hand", "reserved"))
    for what, left, right in (
        ("deposits = balances + captured", [deposits], [balances, captured]),
        ("money reserved = that of open orders", [funds], [_open_total(orders)]),
        ("received = on hand + shipped", [received], [on_hand, shipped]),
        ("goods reserved = those of live orders", [reserved], [_live_quantity(orders)]),
    ):
        equation = f"{' + '.join(map(str, left))} = {' + '.join(map(str, right))}"
        session.narrator.result(what, equation, as_told=sum(left) == sum(right))


async def _events(session: DemoSession, context: str, stream_ids: Iterable[str]) -> dict[str, list[Event]]:
    """All events of these streams, by stream."""
    store, models = PostgresEventStore(session.database), stored_events()
    streams: dict[str, list[Event]] = {}
    for stream_id in stream_ids:
        rows = await store.stream_after(context, stream_id, 0, MAX_EVENTS)
        streams[stream_id] = [
            event for row in rows for event in models.read(f"{context}.{row.type}.v{row.schema_version}", row.data)
        ]
    return streams


async def _cards(models: RedisReadModels, context: str, streams: Mapping[str, Sequence[Event]]) -> list[Document]:
    """Each stream's card, with all of the stream's events applied."""
    (projection,) = contexts()[context].projections
    loop = asyncio.get_running_loop()
    end = loop.time() + WAIT_SECONDS
    while True:
        cards = await models.documents(projection.name, list(streams))
        if all(cards.get(stream_id, {}).get("version") == len(events) for stream_id, events in streams.items()):
            return list(cards.values())
        if loop.time() > end:
            raise NobodyAnswers(f"the last events of {context} in its read model")
        await asyncio.sleep(LOOK_INTERVAL_SECONDS)


def _amount(streams: Mapping[str, Sequence[Event]], kind: type[FundsDeposited | FundsCaptured]) -> Decimal:
    return sum((event.amount for events in streams.values() for event in events if isinstance(event, kind)), NOTHING)


def _quantity(streams: Mapping[str, Sequence[Event]], kind: type[StockReceived | StockShipped]) -> int:
    return sum(event.quantity for events in streams.values() for event in events if isinstance(event, kind))


def _live_quantity(orders: Iterable[Document]) -> int:
    return sum(_lines_quantity(order["lines"]) for order in orders if order["status"] in LIVE)


def _lines_quantity(lines: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(line["quantity"]) for line in lines)


def _open_total(orders: Iterable[Document]) -> Decimal:
    return sum((Decimal(order["total"]) for order in orders if order["status"] == "placed"), NOTHING)
