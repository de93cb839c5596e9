"""Commands that another client sends under an order's id, on the real servers: no order is paid short or with another's
money, none waits for what is reserved already, and `annals verify` names what stays reserved for no order.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence

import pytest

from tests.sent_commands import Sent, command
from tests.system import System
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.verification.orders import accepted, place_order, placed, settled, stocked
from tests.waiting import until
from workers.command.deciding import derived_event_id
from workers.saga.instances import derived_command_id

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

USERS, SKUS = ["mary", "bob"], ["jam", "bread"]
HELD = "reserved for no live order"
SAGA = "fulfilment"


def of_funds(name: str, user_id: str, order_id: str, **fields: str) -> Sent:
    return command(f"payments.{name}.v1", user_id, {"user_id": user_id, "order_id": order_id, **fields})


def of_stock(name: str, sku: str, order_id: str, **fields: int) -> Sent:
    return command(f"inventory.{name}.v1", sku, {"sku": sku, "order_id": order_id, **fields})


async def sent(system: System, funds: Sequence[Sent] = (), stock: Sequence[Sent] = ()) -> None:
    """All of these commands are accepted."""
    await asyncio.to_thread(system.send, funds, topic="payments.commands")
    await asyncio.to_thread(system.send, stock, topic="inventory.commands")
    await accepted(system, [*funds, *stock])


async def history(system: System, order_id: str) -> Sequence[str]:
    """The types of all events about an order, as they were recorded."""
    rows = await system.database.fetch(
        "SELECT type, data ->> 'amount' AS amount FROM annals.events"
        " WHERE data ->> 'order_id' = $1 ORDER BY recorded_at, context, sequence",
        order_id,
    )
    return [row["type"] + (f" {row['amount']}" if row["amount"] else "") for row in rows]


async def test_are_not_paid_with_a_cent_or_with_anothers_money(system: System) -> None:
    await stocked(system, USERS, SKUS)
    short, poor = place_order("mary", "jam", "bread"), place_order("nobody", "jam")
    cent = of_funds("ReserveFunds", "mary", short.stream_id, amount="0.01")
    anothers = of_funds("ReserveFunds", "bob", poor.stream_id, amount="2.50", currency="EUR")
    await sent(system, [cent, anothers])
    await placed(system, [short, poor])
    await settled(system, [short, poor])
    assert sorted(await history(system, short.stream_id)) == [
        "FundsReleased 0.01",
        "FundsReserved 0.01",
        "OrderCancelled",
        "OrderPlaced",
    ]
    assert sorted(await history(system, poor.stream_id)) == ["FundsReserved 2.50", "OrderCancelled", "OrderPlaced"]
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert (code, verdict["found"]) == (1, {HELD: 1})
    assert named(verdict, HELD) == [f"payments bob for {poor.stream_id}"]
    await sent(system, [of_funds("ReleaseFunds", "bob", poor.stream_id)])
    assert (await verified(system))[1]["found"] == {}


async def test_go_their_way_when_exactly_what_they_need_is_reserved_already(system: System) -> None:
    await stocked(system, USERS, SKUS)
    order = place_order("mary", "jam", "bread")
    funds = of_funds("ReserveFunds", "mary", order.stream_id, amount="5.00")
    await sent(system, [funds], [of_stock("ReserveStock", "jam", order.stream_id, quantity=1)])
    await placed(system, [order])
    await settled(system, [order])
    events = await history(system, order.stream_id)
    assert {"FundsReserved 5.00", "OrderConfirmed", "FundsCaptured 5.00"} <= set(events), events
    handled_events = (
        "SELECT data ->> 'step' FROM annals.saga_journal WHERE instance_id = $1 AND type = 'core.StepUnchanged.v1'"
    )
    steps = {row[0] for row in await system.database.fetch(handled_events, order.stream_id)}
    assert "reserve_funds" in steps or "reserve_stock" in steps
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict


async def test_that_do_not_exist_or_are_over_hold_nothing_that_is_not_named(system: System) -> None:
    await stocked(system, USERS, SKUS)
    (over,), unborn = [place_order("mary", "jam")], str(uuid.uuid4())
    await placed(system, [over])
    await settled(system, [over])
    funds = [
        of_funds("ReserveFunds", "bob", unborn, amount="1.00"),
        of_funds("ReserveFunds", "mary", over.stream_id, amount="2.50"),
    ]
    await sent(system, funds, [of_stock("ReserveStock", "bread", unborn, quantity=3)])

    async def given_back() -> bool:
        handled_events = (
            "SELECT count(*) FROM annals.saga_journal WHERE instance_id = $1 AND type = 'payments.FundsReleased.v1'"
        )
        return bool(await system.value(handled_events, over.stream_id))

    await until(given_back, "what was reserved again for an order that is paid is given back")
    endless = "UPDATE annals.sagas SET status = $2 WHERE saga = 'fulfilment' AND instance_id = $1 RETURNING status"
    await system.database.execute(endless, over.stream_id, "compensate")
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert verdict["found"] == {HELD: 2, "saga instance differs": 1, "saga instance that nothing can end": 1}
    assert sorted(named(verdict, HELD)) == [f"inventory bread for {unborn}", f"payments bob for {unborn}"]
    (bread,) = [
        example["explanation"] for example in verdict["examples"] if example["where"].startswith("inventory bread")
    ]
    assert bread == "no live order answers for 3 pieces; inventory.ReleaseStock ends it"
    assert named(verdict, "saga instance that nothing can end") == [f"fulfilment {over.stream_id}"]
    await system.database.execute(endless, over.stream_id, "completed")
    await sent(system, [of_funds("ReleaseFunds", "bob", unborn)], [of_stock("ReleaseStock", "bread", unborn)])
    assert (await verified(system))[1]["found"] == {}


async def test_do_not_burn_the_ids_of_steps_when_they_are_about_other_streams(idle_system: System) -> None:
    """Should somebody know the ids of a saga's commands, as they could be computed before there were seeds: whoever may
    write the users' commands uses those of the first and of the last step before the order is placed.
    """
    system = idle_system
    await system.worker("command")
    await system.worker("projection")
    await system.worker("saga", entry=("tests.verification.predictable_ids",))
    await stocked(system, USERS, SKUS)
    order = place_order("mary", "jam")
    reserve = derived_command_id(
        derived_event_id(order.command_id, "orders", order.stream_id, 0), SAGA, "reserve_funds"
    )
    reserved = derived_event_id(reserve, "payments", "mary", 0)
    stock = derived_event_id(derived_command_id(reserved, SAGA, "reserve_stock", "jam"), "inventory", "jam", 0)
    confirmed = derived_event_id(derived_command_id(stock, SAGA, "confirm"), "orders", order.stream_id, 0)
    capture = derived_command_id(confirmed, SAGA, "capture_funds")
    mallory = {"user_id": "mallory", "first_name": "M", "last_name": "M", "email": f"{order.stream_id}@example.org"}
    burnt = [
        command("users.CreateUser.v1", "mallory", mallory, ce_id=reserve),
        command("users.WelcomeUser.v1", "mallory", {"user_id": "mallory"}, ce_id=capture),
    ]
    await asyncio.to_thread(system.send, burnt, topic="users.commands")
    await accepted(system, burnt)
    await placed(system, [order])
    await settled(system, [order])
    sent = "SELECT step, command_id::text FROM annals.saga_outbox WHERE instance_id = $1"
    steps = {row["step"]: row["command_id"] for row in await system.database.fetch(sent, order.stream_id)}
    assert (steps["reserve_funds"], steps["capture_funds"]) == (reserve, capture), "as computed before"
    assert "FundsCaptured 2.50" in await history(system, order.stream_id)
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), verdict


IN_THE_STREAM = ({"saga step without outcome": 1}, "; another command was handled under its id")
ELSEWHERE = ({"saga step without outcome": 1, "event without command": 1, "command never handled": 1}, "")


@pytest.mark.parametrize(
    ("column", "found", "what"),
    [("type", *IN_THE_STREAM), ("stream_id", *ELSEWHERE), ("causation_id", *IN_THE_STREAM)],
    ids=["type", "stream", "cause"],
)
async def test_have_no_answer_to_a_step_under_whose_id_another_command_was_handled(
    system: System, column: str, found: Mapping[str, int], what: str
) -> None:
    await stocked(system, USERS, SKUS)
    order = place_order("mary", "jam")
    await placed(system, [order])
    await settled(system, [order])
    asked = (
        "SELECT c.command_id, c.type, c.stream_id, c.causation_id FROM annals.commands AS c"
        " JOIN annals.saga_outbox USING (command_id) WHERE instance_id = $1 AND step = 'confirm'"
    )
    confirm = await system.database.fetchrow(asked, order.stream_id)
    change = f"UPDATE annals.commands SET {column} = $2 WHERE command_id = $1"  # noqa: S608  # a column of this test
    await system.database.execute(change, confirm["command_id"], "another")
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert (code, verdict["found"]) == (1, found)
    (example,) = [example for example in verdict["examples"] if example["what"] == "saga step without outcome"]
    assert example["where"] == f"fulfilment {order.stream_id} confirm"
    assert example["explanation"] == f"command {confirm['command_id']}{what}"
    await system.database.execute(change, confirm["command_id"], confirm[column])
    assert (await verified(system))[1]["found"] == {}
