"""Events that somebody else has written to the log, on the real servers: no saga acts on what the event table lacks.

The forger has the key by which events are signed, as a process has that may only read the log. Without it, no lane
would take the records for events (tests/lanes/test_sequenced_events.py).
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from contracts.message import Event
from contracts.orders.events import OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.partitioner import partition_for
from contracts.payments.events import FundsReserved
from contracts.signatures import FixedSignatures, SigningKey
from infra.kafka.event_log import KafkaEventLog
from tests.sent_commands import Sent, command
from tests.system import System
from tests.verification.orders import accepted, place_order, placed, settled, stocked
from tests.waiting import until
from workers.command.deciding import derived_event_id
from workers.command.records import event_record
from workers.ports.event_store import EventRow

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

CREDULOUS = ("tests.verification.credulous_sagas",)


async def forge(system: System, event: Event, version: int, event_id: str | None = None, ahead: int = 1) -> None:
    """Write an event to the log with a sequence so far behind the last one of its partition in the table."""
    partition = partition_for(event.stream_id.encode(), system.settings.partitions)
    last = "SELECT coalesce(max(sequence), 0) FROM annals.events WHERE context = $1 AND partition = $2"
    row = EventRow(
        context=event.context,
        partition=partition,
        sequence=await system.value(last, event.context, partition) + ahead,
        stream_id=event.stream_id,
        stream_version=version,
        event_id=event_id or str(uuid.uuid4()),
        type=event.name,
        schema_version=event.schema_version,
        data=event.to_json(),
        command_id=str(uuid.uuid4()),
        correlation_id="forged",
        causation_id="forged",
        actor=None,
        traceparent=None,
        recorded_at=datetime.now(UTC),
    )
    record, topic = event_record(row), system.topic(f"{event.context}.events")
    key = await system.database.fetchrow("SELECT key_id, secret FROM annals.signing_keys WHERE purpose = 'events'")
    signed_by = FixedSignatures([SigningKey(key["key_id"], key["secret"])])
    log = KafkaEventLog(system.settings, signed_by=signed_by)
    await log.append(topic, partition, [record])
    await log.stop()


async def types_of(system: System, order_id: str) -> Sequence[str]:
    """The types of the events about an order."""
    rows = await system.database.fetch("SELECT type FROM annals.events WHERE data ->> 'order_id' = $1", order_id)
    return [row["type"] for row in rows]


async def outcome_of_a_forged_answer(system: System, *, entry: Sequence[str] = ()) -> Sequence[str]:
    """An order of 9,999.00 by somebody who has 1.00. While nobody handles its ReserveFunds, a FundsReserved is forged
    with the next sequence. Returns the types of the order's events once it is confirmed or cancelled.
    """
    first = await system.worker("command")
    deposit = command("payments.DepositFunds.v1", "mary", {"user_id": "mary", "amount": "1.00", "currency": "EUR"})
    await asyncio.to_thread(system.send, [deposit], topic="payments.commands")
    receipt = command("inventory.ReceiveStock.v1", "jam", {"sku": "jam", "quantity": 9})
    await asyncio.to_thread(system.send, [receipt], topic="inventory.commands")
    order_id = str(uuid.uuid4())
    line = {"sku": "jam", "quantity": 1, "unit_price": "9999.00"}
    fields = {"order_id": order_id, "user_id": "mary", "lines": [line], "currency": "EUR"}
    order = command("orders.PlaceOrder.v1", order_id, fields)
    await placed(system, [order])
    await accepted(system, [deposit, receipt, order])
    assert await first.stop() == 0

    await system.worker("saga", entry=entry)

    async def has_asked() -> bool:
        asked = "SELECT count(*) FROM annals.saga_outbox WHERE instance_id = $1 AND step = 'reserve_funds'"
        return bool(await system.value(asked, order_id))

    await until(has_asked, "the saga has asked for the money", seconds=60)
    reserved = FundsReserved(user_id="mary", order_id=order_id, amount=Decimal("9999.00"), currency="EUR")
    await forge(system, reserved, 2)
    await system.sagas_have_read("payments")
    await system.worker("command")

    async def has_ended() -> bool:
        return bool({"OrderConfirmed", "OrderCancelled"} & {*await types_of(system, order_id)})

    await until(has_ended, "the order is confirmed or cancelled", seconds=120)
    return await types_of(system, order_id)


async def test_with_the_next_sequence_confirm_no_order(idle_system: System) -> None:
    types = await outcome_of_a_forged_answer(idle_system)
    assert "OrderCancelled" in types
    assert "OrderConfirmed" not in types
    steps = "SELECT count(*) FROM annals.saga_journal WHERE type = 'payments.FundsReserved.v1'"
    assert await idle_system.value(steps) == 0
    assert any("the log has events that the table has not" in worker.log() for worker in idle_system.workers)


async def test_confirm_the_order_of_a_saga_worker_that_compares_nothing(idle_system: System) -> None:
    """The control of the test above: the attack, without what stops it."""
    assert "OrderConfirmed" in await outcome_of_a_forged_answer(idle_system, entry=CREDULOUS)


def placed_event(order: Sent, unit_price: str) -> OrderPlaced:
    """The event of an order of mary's for one piece of jam, at another price than she pays."""
    line = OrderLine(sku="jam", quantity=1, unit_price=Decimal(unit_price))
    return OrderPlaced(
        order_id=order.stream_id,
        user_id="mary",
        lines=(line,),
        currency="EUR",
        total=Decimal(unit_price),
        confirm_within_seconds=60,
    )


async def test_of_no_stream_and_under_the_ids_of_true_ones_change_nothing(system: System) -> None:
    """`copied`: its event is known beforehand, but for its time: forged with its id and place and another price, it
    stands in the log before the true one. `renamed`: with its place alone. `ghost`: an order that nobody has placed.
    """
    await stocked(system, ["mary"], ["jam"])
    copied, renamed, ghost = (place_order("mary", "jam") for _ in range(3))
    same_id = derived_event_id(copied.command_id, "orders", copied.stream_id, 0)
    await forge(system, placed_event(copied, "0.01"), 1, same_id)
    await placed(system, [copied])
    await accepted(system, [copied])
    await forge(system, placed_event(renamed, "0.01"), 1)
    await placed(system, [renamed])
    await forge(system, placed_event(ghost, "2.50"), 1)
    await settled(system, [copied, renamed])
    await system.sagas_have_read("orders")
    captured = "SELECT data ->> 'amount' FROM annals.events WHERE type = 'FundsCaptured' AND data ->> 'order_id' = $1"
    for order in (copied, renamed):
        assert await system.value(captured, order.stream_id) == "2.50"
    instances = "SELECT count(*) FROM annals.sagas WHERE instance_id = $1"
    assert await system.value(instances, ghost.stream_id) == 0
    assert await types_of(system, ghost.stream_id) == []
