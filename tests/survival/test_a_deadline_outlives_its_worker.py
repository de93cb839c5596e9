"""A deadline is a row: it passes once, even if the worker that set it is killed and no command worker runs."""

import signal

import pytest

from tests.sent_commands import command
from tests.survival.folded_events import goods_add_up, money_adds_up, nothing_is_left_open, read_folded_events
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until

DEADLINE_SECONDS = 4


async def place(system: System) -> None:
    deposit = {"user_id": "ada", "amount": "100.00", "currency": "EUR"}
    order = {
        "order_id": "late",
        "user_id": "ada",
        "currency": "EUR",
        "lines": [{"sku": "tea", "quantity": 2, "unit_price": "9.90"}],
        "confirm_within_seconds": DEADLINE_SECONDS,
    }
    system.send([command("payments.DepositFunds.v1", "ada", deposit)], topic="payments.commands")
    receipt = command("inventory.ReceiveStock.v1", "tea", {"sku": "tea", "quantity": 5})
    system.send([receipt], topic="inventory.commands")
    system.send([command("orders.PlaceOrder.v1", "late", order)], topic="orders.commands")
    await system.handled(3)


@pytest.mark.timeout(240)
async def test_it_passes_once_by_the_databases_clock(system: System) -> None:
    contexts = await system.worker("command")
    await place(system)
    contexts.signal(signal.SIGSTOP)
    first = await system.worker("saga")

    async def is_set() -> bool:
        return bool(await system.value("SELECT count(*) FROM annals.deadlines WHERE instance_id = 'late'"))

    await until(is_set, "the saga has set its deadline", seconds=60)
    await first.kill()
    for _ in range(2):
        await system.worker("saga")
    passed = (
        "SELECT count(*) FROM annals.saga_journal"
        " WHERE type = 'core.DeadlinePassed.v1' AND data ->> 'deadline' = 'confirmation'"
    )

    async def has_passed() -> bool:
        return bool(await system.value(passed))

    await until(has_passed, "the deadline has passed", seconds=60)
    waited = await system.value(
        "SELECT extract(epoch FROM j.recorded_at - e.recorded_at) FROM annals.saga_journal j, annals.events e"
        " WHERE j.type = 'core.DeadlinePassed.v1' AND e.type = 'OrderPlaced'"
    )
    assert waited >= DEADLINE_SECONDS
    contexts.signal(signal.SIGCONT)

    async def is_undone() -> bool:
        status = "SELECT status FROM annals.sagas WHERE saga = 'fulfilment'"
        return bool(await system.value(status) == "cancelled")

    await until(is_undone, "the late reservations are released", seconds=60)
    assert await system.value(passed) == 1
    assert await system.value("SELECT count(*) FROM annals.deadlines") == 0
    folded = await read_folded_events(system)
    (cancelled,) = folded.named("orders", "OrderCancelled")
    assert cancelled.reason == "the deadline passed"
    assert len(folded.named("payments", "FundsReleased")) == len(folded.named("payments", "FundsReserved"))
    money_adds_up(folded)
    goods_add_up(folded)
    nothing_is_left_open(folded)
    await system.worker("projection")
    code, verdict = await verified(system)
    assert code == 0, verdict
