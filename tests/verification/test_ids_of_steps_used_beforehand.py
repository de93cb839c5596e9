"""Commands under the ids that the steps of an order would have if they followed from public things, sent to the very
streams of the steps before the order is placed: the order goes its way all the same.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.sent_commands import Sent, command
from tests.system import System
from tests.verification.command import verified
from tests.verification.orders import place_order, placed, settled, stocked
from tests.waiting import until
from workers.command.deciding import derived_event_id
from workers.saga.instances import derived_command_id

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

SAGA = "fulfilment"


class Step(NamedTuple):
    """Where a step of the order goes, and the id that it has if it follows from public things."""

    context: str
    stream_id: str
    command_id: str


def public_steps(order: Sent) -> dict[str, Step]:
    """The steps of an order of mary's for one piece of jam, computed from the id of its command."""

    def step(cause: str, name: str, context: str, stream_id: str, about: str = "") -> Step:
        return Step(context, stream_id, derived_command_id(cause, SAGA, name, about))

    def event_of(context: str, stream_id: str, command_id: str) -> str:
        return derived_event_id(command_id, context, stream_id, 0)

    reserve = step(event_of("orders", order.stream_id, order.command_id), "reserve_funds", "payments", "mary")
    stock = step(event_of(*reserve), "reserve_stock", "inventory", "jam", "jam")
    confirm = step(event_of(*stock), "confirm", "orders", order.stream_id)
    capture = step(event_of(*confirm), "capture_funds", "payments", "mary")
    return {"reserve_funds": reserve, "reserve_stock": stock, "confirm": confirm, "capture_funds": capture}


def harmless(step: Step) -> Sent:
    """Another command for the step's stream under the step's id."""
    others: dict[str, tuple[str, dict[str, Any]]] = {
        "payments": ("payments.DepositFunds.v1", {"user_id": step.stream_id, "amount": "0.01", "currency": "EUR"}),
        "inventory": ("inventory.ReceiveStock.v1", {"sku": step.stream_id, "quantity": 1}),
        "orders": ("orders.DeliverOrder.v1", {"order_id": step.stream_id}),
    }
    name, fields = others[step.context]
    return command(name, step.stream_id, fields, ce_id=step.command_id)


async def used_beforehand(system: System, steps: Mapping[str, Step]) -> None:
    """Somebody sends other commands under the ids of these steps, and all of them are handled."""
    for step in steps.values():
        await asyncio.to_thread(system.send, [harmless(step)], topic=f"{step.context}.commands")
    ids = [step.command_id for step in steps.values()]

    async def handled() -> bool:
        count = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(count, ids) == len(ids))

    await until(handled, "the other commands are handled", seconds=60)


async def ends(system: System, order: Sent, status: str) -> None:
    """Wait until the saga of the order has this status."""

    async def has_ended() -> bool:
        stored = "SELECT status FROM annals.sagas WHERE saga = 'fulfilment' AND instance_id = $1"
        return bool(await system.value(stored, order.stream_id) == status)

    await until(has_ended, f"the order is {status}", seconds=60)


async def ids_sent(system: System, order: Sent) -> dict[str, str]:
    """The id of each step of the order."""
    sent = "SELECT step, command_id::text FROM annals.saga_outbox WHERE instance_id = $1"
    return {row["step"]: row["command_id"] for row in await system.database.fetch(sent, order.stream_id)}


async def test_change_nothing_for_the_order(system: System) -> None:
    await stocked(system, ["mary"], ["jam"])
    order = place_order("mary", "jam")
    steps = public_steps(order)
    await used_beforehand(system, steps)
    await placed(system, [order])
    await settled(system, [order])
    await ends(system, order, "completed")
    captured = "SELECT count(*) FROM annals.events WHERE type = 'FundsCaptured' AND data ->> 'order_id' = $1"
    assert await system.value(captured, order.stream_id) == 1
    ids = await ids_sent(system, order)
    assert ids.keys() == steps.keys()
    assert not ids.items() & {name: step.command_id for name, step in steps.items()}.items()
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict


async def test_cancel_the_order_of_a_worker_that_derives_them_from_public_things(idle_system: System) -> None:
    """The control of the test above: the attack, without what stops it."""
    system = idle_system
    await system.worker("command")
    await system.worker("saga", entry=("tests.verification.predictable_ids", "impatient"))
    await stocked(system, ["mary"], ["jam"])
    order = place_order("mary", "jam", confirm_within_seconds=3)
    steps = public_steps(order)
    await used_beforehand(system, {"reserve_funds": steps["reserve_funds"]})
    await placed(system, [order])
    await ends(system, order, "cancelled")
    assert (await ids_sent(system, order)).items() & {("reserve_funds", steps["reserve_funds"].command_id)}
