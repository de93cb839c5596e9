"""The sums: no money and no goods have come from nowhere or gone, by the events on one side and the cards on the other.

The cards are read models and follow the events; they are waited for, within a bound.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from contracts.catalogue import catalogue
from contracts.inventory.events import StockReceived, StockShipped
from contracts.message import Event
from contracts.payments.events import FundsCaptured, FundsDeposited
from infra.measuring.demo.cast import Cast
from infra.measuring.demo.stage import LOOK_INTERVAL_SECONDS, WAIT_SECONDS, NobodyAnswers, Stage
from infra.postgres.event_store import PostgresEventStore
from infra.redis.connection import client
from infra.redis.keys import Keys
from infra.redis.read_models import RedisReadModels
from workers.core.projection import Document
from workers.domain import contexts

MAX_EVENTS = 1000
NOTHING = Decimal("0.00")
LIVE = ("placed", "confirmed")
"""Orders whose goods are in the shop still, set aside for them."""


async def check_sums(stage: Stage, cast: Cast, order_ids: Sequence[str]) -> None:
    """Tell each sum and whether it holds. Raises NobodyAnswers or Unavailable."""
    async with client(stage.settings) as redis:
        models = RedisReadModels(redis, Keys(stage.settings.topic_prefix))
        money = await _events(stage, "payments", cast.users.values())
        goods = await _events(stage, "inventory", cast.skus.values())
        orders = await _cards(models, "orders", await _events(stage, "orders", order_ids))
        accounts = await _cards(models, "payments", money)
        stock = await _cards(models, "inventory", goods)
    deposits, captured = (_money(money, kind) for kind in (FundsDeposited, FundsCaptured))
    balances, held = (sum((Decimal(card[part]) for card in accounts), NOTHING) for part in ("balance", "reserved"))
    received, shipped = (_pieces(goods, kind) for kind in (StockReceived, StockShipped))
    on_hand, reserved = (sum(card[part] for card in stock) for part in ("on_hand", "reserved"))
    for what, left, right in (
        ("deposits = balances + captured", [deposits], [balances, captured]),
        ("money reserved = that of open orders", [held], [_open_total(orders)]),
        ("received = on hand + shipped", [received], [on_hand, shipped]),
        ("goods reserved = those of live orders", [reserved], [_held(orders)]),
    ):
        found = f"{' + '.join(map(str, left))} = {' + '.join(map(str, right))}"
        stage.teller.result(what, found, as_told=sum(left) == sum(right))


async def _events(stage: Stage, context: str, stream_ids: Iterable[str]) -> dict[str, list[Event]]:
    """All events of these streams, by stream."""
    store = PostgresEventStore(stage.database)
    found: dict[str, list[Event]] = {}
    for stream_id in stream_ids:
        rows = await store.stream_after(context, stream_id, 0, MAX_EVENTS)
        known = catalogue().events
        found[stream_id] = [
            known[f"{context}.{row.type}.v{row.schema_version}"].model_validate_json(row.data) for row in rows
        ]
    return found


async def _cards(models: RedisReadModels, context: str, streams: Mapping[str, Sequence[Event]]) -> list[Document]:
    """Each stream's card, with all of its events in it."""
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


def _money(streams: Mapping[str, Sequence[Event]], kind: type[FundsDeposited | FundsCaptured]) -> Decimal:
    return sum((event.amount for events in streams.values() for event in events if isinstance(event, kind)), NOTHING)


def _pieces(streams: Mapping[str, Sequence[Event]], kind: type[StockReceived | StockShipped]) -> int:
    return sum(event.quantity for events in streams.values() for event in events if isinstance(event, kind))


def _held(orders: Iterable[Document]) -> int:
    return sum(_quantity(order["lines"]) for order in orders if order["status"] in LIVE)


def _quantity(lines: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(line["quantity"]) for line in lines)


def _open_total(orders: Iterable[Document]) -> Decimal:
    return sum((Decimal(order["total"]) for order in orders if order["status"] == "placed"), NOTHING)
