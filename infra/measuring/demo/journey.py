"""The journey, scene by scene. Each says what is to happen, lets it happen, and checks what came of it."""

import json
from contextlib import ExitStack, nullcontext

from contracts.client.identifiers import new_identifier
from contracts.inventory.events import StockShipped
from contracts.message import Command
from contracts.orders.commands import CancelOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.events import OrderCancelled
from contracts.users.commands import DeleteUser
from contracts.users.events import UserWelcomed
from infra.measuring.demo.cast import Cast, new_cast
from infra.measuring.demo.pausing import can_be_paused, paused
from infra.measuring.demo.stage import Condition, Stage, stage
from infra.measuring.demo.story import tell_story
from infra.measuring.demo.sums import check_sums
from infra.measuring.demo.telling import Teller
from infra.settings import Settings
from workers.core.saga import DeadlinePassed
from workers.domain.orders.fulfilment import fulfilment
from workers.ports.history import Correlated

FULFILMENT = fulfilment.name
DEADLINE_SECONDS = 2


async def play(settings: Settings, teller: Teller, *, may_pause: bool) -> bool:
    """The whole journey; whether all came out as told. Raises StackNotRunning, NobodyAnswers, Unavailable or a
    ClientError.
    """
    async with stage(settings, teller) as on_stage:
        journey = Journey(on_stage, new_cast(), may_pause=may_pause and can_be_paused(settings, "command", "saga"))
        await journey.all()
    return teller.wrong == 0


class Journey:
    """One run."""

    def __init__(self, stage: Stage, cast: Cast, *, may_pause: bool) -> None:
        self._stage = stage
        self._cast = cast
        self._teller = stage.teller
        self._may_pause = may_pause
        self._scenes = 0
        self._placed: list[str] = []

    async def all(self) -> None:
        """Every scene, then the story of one order and the sums."""
        await self._opening()
        await self._succeeds()
        await self._is_declined(
            "Bob wants more than he can pay", self._cast.order("costly", "Bob", {"teapot": 2}), "funds declined"
        )
        goods = {"tea": 1, "honey": 2, "teapot": 1}
        await self._is_declined(
            "The second of three lines is out of stock", self._cast.order("short", "Ada", goods), "stock of"
        )
        await self._runs_out_of_time()
        await self._is_cancelled_at_once()
        await self._account_is_closed()
        self._scene("The story of the order that was short of honey")
        await tell_story(self._stage, fulfilment, self._cast.order_id("short"))
        self._scene("The sums")
        await check_sums(self._stage, self._cast, self._placed)

    async def _opening(self) -> None:
        cast = self._cast
        self._scene("Two users sign up and pay in, and the shop gets its goods")
        for name, amount in (("Ada", "100.00"), ("Bob", "40.00")):
            request = new_identifier()
            await self._stage.send(cast.sign_up(name), request)
            await self._stage.follow(request, lambda found: _count(found, UserWelcomed.__name__) == 1)
            await self._accepted(cast.deposit(name, amount))
        for goods in cast.skus:
            await self._accepted(cast.receive(goods))

    async def _succeeds(self) -> None:
        self._scene("Ada orders tea and a teapot, and gets them")
        order = self._cast.order("good", "Ada", {"tea": 2, "teapot": 1})
        self._came_out(await self._place(order), order, "completed")
        request = new_identifier()
        await self._stage.send(ShipOrder(order_id=order.order_id, tracking="PARCEL-1"), request)
        shipped = len(order.lines)
        await self._stage.follow(request, lambda found: _count(found, StockShipped.__name__) == shipped)
        await self._accepted(DeliverOrder(order_id=order.order_id))

    async def _accepted(self, command: Command) -> None:
        """Send a command that nothing follows from, and expect that it is accepted."""
        request = new_identifier()
        outcome = await self._stage.send(command, request)
        if outcome.status == "accepted":
            await self._stage.follow(request, lambda found: len(found.events) == len(outcome.events))
        else:
            self._teller.result(command.name, outcome.status, as_told=False)

    async def _is_declined(self, title: str, order: PlaceOrder, reason: str) -> None:
        self._scene(title)
        self._came_out(await self._place(order), order, "cancelled", reason)

    async def _runs_out_of_time(self) -> None:
        self._scene(f"Bob's order must be confirmed within {DEADLINE_SECONDS} s, and nobody is there to do it")
        if not self._may_pause:
            self._teller.note("left out: it pauses workers, those of an `annals up` with this ANNALS_HOME")
            return
        order, request = self._cast.order("late", "Bob", {"tea": 1}, DEADLINE_SECONDS), new_identifier()
        settings = self._stage.settings
        with ExitStack() as away:
            with paused(settings, "saga"):
                self._teller.note("the worker that runs the sagas is paused until the other one is, too")
                await self._send(order, request)
                away.enter_context(paused(settings, "command"))
                self._teller.note("the worker that handles commands is paused (SIGSTOP): every context is away")
            await self._stage.happens(request, _is_overdue)
            self._teller.note("it goes on (SIGCONT): what waited is handled, and what comes too late is given back")
        found = await self._stage.follow(request, _ended(order))
        self._came_out(found, order, "cancelled", "the deadline passed")

    async def _is_cancelled_at_once(self) -> None:
        self._scene("Bob orders and changes his mind at once; the order's stream says which came first")
        order, request = self._cast.order("regretted", "Bob", {"tea": 1}), new_identifier()
        self._placed.append(order.order_id)
        await self._stage.post(order, request)
        outcome = await self._stage.send(CancelOrder(order_id=order.order_id, reason="changed his mind"), request)
        found = await self._stage.follow(request, _ended(order))
        if outcome.status == "accepted":
            self._came_out(found, order, "cancelled", "changed his mind")
        else:
            self._came_out(found, order, "completed")

    async def _account_is_closed(self) -> None:
        self._scene("Bob has an open order and deletes his account")
        order, request = self._cast.order("open", "Bob", {"teapot": 1}), new_identifier()
        with paused(self._stage.settings, "saga") if self._may_pause else nullcontext():
            if self._may_pause:
                self._teller.note("the worker that runs the sagas is paused meanwhile, so that the order stays open")
            await self._send(order, request)
            await self._stage.send(DeleteUser(user_id=order.user_id, reason="moves on"), request)
        found = await self._stage.follow(request, _ended(order))
        if _count(found, "OrderConfirmed"):
            self._teller.note("the order was confirmed before it could be cancelled: then it is final")
            self._came_out(found, order, "completed")
        else:
            self._came_out(found, order, "cancelled", "the account was closed")

    async def _place(self, order: PlaceOrder) -> Correlated:
        """Place an order and follow it to its end."""
        request = new_identifier()
        await self._send(order, request)
        return await self._stage.follow(request, _ended(order))

    async def _send(self, order: PlaceOrder, request: str) -> None:
        self._placed.append(order.order_id)
        await self._stage.send(order, request)

    def _came_out(self, found: Correlated, order: PlaceOrder, status: str, reason: str = "") -> None:
        """Compare how the fulfilment ended, and the reason that the order's cancellation gives, with what was told."""
        (ended,) = [each for each in found.sagas if (each.saga, each.instance_id) == (FULFILMENT, order.order_id)]
        cancelled = [json.loads(row.data)["reason"] for row in found.events if row.type == OrderCancelled.__name__]
        as_told = ended.status == status and bool(cancelled) == bool(reason) and all(reason in why for why in cancelled)
        seconds = (ended.updated_at - ended.started_at).total_seconds()
        because = f" ({', '.join(cancelled)})" if cancelled else ""
        self._teller.result(order.order_id, f"{ended.status}{because} after {seconds:.2f} s", as_told=as_told)

    def _scene(self, title: str) -> None:
        self._scenes += 1
        self._teller.scene(self._scenes, title)


def _count(found: Correlated, event: str) -> int:
    return sum(row.type == event for row in found.events)


def _is_overdue(found: Correlated) -> bool:
    return any(each.type == DeadlinePassed.type for each in found.notices)


def _ended(order: PlaceOrder) -> Condition:
    """Whether nothing more is to be done for this order."""
    return lambda found: any(
        (each.saga, each.instance_id) == (FULFILMENT, order.order_id) and each.status in fulfilment.settled_statuses
        for each in found.sagas
    )
