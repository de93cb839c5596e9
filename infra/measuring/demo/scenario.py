"""The scenes of the demo. Each announces what is to happen, lets it happen, and checks the result."""

import json
from contextlib import ExitStack, nullcontext

from contracts.client.identifiers import new_identifier
from contracts.identity import IdentitySource
from contracts.inventory.events import StockShipped
from contracts.message import Command
from contracts.orders.commands import CancelOrder, DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.events import OrderCancelled
from contracts.principal import Principal
from contracts.users.commands import DeleteUser
from contracts.users.events import UserWelcomed
from infra.measuring.demo.balance_checks import check_balances
from infra.measuring.demo.narrator import Narrator
from infra.measuring.demo.order_history import show_history
from infra.measuring.demo.participants import Participants, new_participants
from infra.measuring.demo.pausing import can_be_paused, paused
from infra.measuring.demo.session import Condition, DemoSession, open_session
from infra.postgres.pool import Database
from infra.settings import Settings
from workers.core.saga import DeadlinePassed
from workers.domain.orders.fulfilment import fulfilment
from workers.ports.history import Correlated, StartedSaga

FULFILMENT = fulfilment.name
DEADLINE_SECONDS = 2


async def play(
    settings: Settings,
    database: Database,
    narrator: Narrator,
    identities: IdentitySource | None,
    sender: Principal,
    *,
    may_pause: bool,
) -> bool:
    """Play the whole scenario, for located settings and an open database; returns whether all results were as
    announced.

    Raises NobodyAnswers, Unavailable or a ClientError.
    """
    async with open_session(settings, database, narrator, identities, sender) as session:
        pauses = may_pause and can_be_paused(settings, "command", "saga")
        await Scenario(session, new_participants(), may_pause=pauses).play()
    return narrator.mismatches == 0


class Scenario:
    """One run."""

    def __init__(self, session: DemoSession, participants: Participants, *, may_pause: bool) -> None:
        self._session = session
        self._participants = participants
        self._narrator = session.narrator
        self._may_pause = may_pause
        self._scenes = 0
        self._placed: list[str] = []

    async def play(self) -> None:
        """Play every scene, then show the history of one order and check the balances."""
        await self._sign_up_and_stock()
        await self._succeeds()
        await self._is_declined(
            "Bob wants more than he can pay", self._participants.order("costly", "Bob", {"teapot": 2}), "funds declined"
        )
        goods = {"tea": 1, "honey": 2, "teapot": 1}
        await self._is_declined(
            "The second of three lines is out of stock", self._participants.order("short", "Ada", goods), "stock of"
        )
        await self._runs_out_of_time()
        await self._is_cancelled_at_once()
        await self._account_is_closed()
        self._scene("The story of the order that was short of honey")
        await show_history(self._session, fulfilment, self._participants.order_id("short"))
        self._scene("The sums")
        await check_balances(self._session, self._participants, self._placed)

    async def _sign_up_and_stock(self) -> None:
        participants = self._participants
        self._scene("Two users sign up and pay in, and the shop gets its goods")
        for name, amount in (("Ada", "100.00"), ("Bob", "40.00")):
            request = new_identifier()
            await self._session.ask(participants.sign_up(name), request)
            await self._session.follow(request, lambda correlated: _count(correlated, UserWelcomed.__name__) == 1)
            await self._accepted(participants.deposit(name, amount))
        for goods in participants.skus:
            await self._accepted(participants.receive(goods))

    async def _succeeds(self) -> None:
        self._scene("Ada orders tea and a teapot, and gets them")
        order = self._participants.order("good", "Ada", {"tea": 2, "teapot": 1})
        self._check(await self._place(order), order, "completed")
        request = new_identifier()
        await self._session.ask(ShipOrder(order_id=order.order_id, tracking="PARCEL-1"), request)
        shipped = len(order.lines)
        await self._session.follow(request, lambda correlated: _count(correlated, StockShipped.__name__) == shipped)
        await self._accepted(DeliverOrder(order_id=order.order_id))

    async def _accepted(self, command: Command) -> None:
        """Send a command that nothing follows from, and expect that it is accepted."""
        request = new_identifier()
        outcome = await self._session.ask(command, request)
        if outcome.status == "accepted":
            await self._session.follow(request, lambda correlated: len(correlated.events) == len(outcome.events))
        else:
            self._narrator.result(command.name, outcome.status, as_told=False)

    async def _is_declined(self, title: str, order: PlaceOrder, reason: str) -> None:
        self._scene(title)
        self._check(await self._place(order), order, "cancelled", reason)

    async def _runs_out_of_time(self) -> None:
        self._scene(f"Bob's order must be confirmed within {DEADLINE_SECONDS} s, and nobody is there to do it")
        if not self._may_pause:
            self._narrator.note("left out: it pauses workers, those of an `annals up` with this ANNALS_HOME")
            return
        order, request = self._participants.order("late", "Bob", {"tea": 1}, DEADLINE_SECONDS), new_identifier()
        settings = self._session.settings
        with ExitStack() as away:
            with paused(settings, "saga"):
                self._narrator.note("the worker that runs the sagas is paused until the other one is, too")
                await self._send(order, request)
                away.enter_context(paused(settings, "command"))
                self._narrator.note("the worker that handles commands is paused (SIGSTOP): every context is away")
            await self._session.follow_at_least(request, _is_overdue)
            self._narrator.note("it goes on (SIGCONT): what waited is handled, and what comes too late is compensated")
        correlated = await self._session.follow(request, _ended(order))
        self._check(correlated, order, "cancelled", "the deadline passed")

    async def _is_cancelled_at_once(self) -> None:
        self._scene("Bob orders and changes his mind at once; the order's stream says which came first")
        order, request = self._participants.order("regretted", "Bob", {"tea": 1}), new_identifier()
        self._placed.append(order.order_id)
        await self._session.send(order, request)
        outcome = await self._session.ask(CancelOrder(order_id=order.order_id, reason="changed his mind"), request)
        correlated = await self._session.follow(request, _ended(order))
        if outcome.status == "accepted":
            self._check(correlated, order, "cancelled", "changed his mind")
        else:
            self._check(correlated, order, "completed")

    async def _account_is_closed(self) -> None:
        self._scene("Bob has an open order and deletes his account")
        order, request = self._participants.order("open", "Bob", {"teapot": 1}), new_identifier()
        with paused(self._session.settings, "saga") if self._may_pause else nullcontext():
            if self._may_pause:
                self._narrator.note("the worker that runs the sagas is paused meanwhile, so that the order stays open")
            await self._send(order, request)
            await self._session.ask(DeleteUser(user_id=order.user_id, reason="moves on"), request)
        correlated = await self._session.follow(request, _ended(order))
        if _count(correlated, "OrderConfirmed"):
            self._narrator.note("the order was confirmed before it could be cancelled: then it is final")
            self._check(correlated, order, "completed")
        else:
            self._check(correlated, order, "cancelled", "the account was closed")

    async def _place(self, order: PlaceOrder) -> Correlated:
        """Place an order and follow it to its end."""
        request = new_identifier()
        await self._send(order, request)
        return await self._session.follow(request, _ended(order))

    async def _send(self, order: PlaceOrder, request: str) -> None:
        self._placed.append(order.order_id)
        await self._session.ask(order, request)

    def _check(self, correlated: Correlated, order: PlaceOrder, status: str, reason: str = "") -> None:
        """Compare the fulfilment's end, and the reason of the order's cancellation, with what was announced."""
        (ended,) = [instance for instance in correlated.sagas if _is_fulfilment_of(order, instance)]
        reasons = [json.loads(row.data)["reason"] for row in correlated.events if row.type == OrderCancelled.__name__]
        as_told = ended.status == status and bool(reasons) == bool(reason) and all(reason in text for text in reasons)
        seconds = (ended.updated_at - ended.started_at).total_seconds()
        because = f" ({', '.join(reasons)})" if reasons else ""
        self._narrator.result(order.order_id, f"{ended.status}{because} after {seconds:.2f} s", as_told=as_told)

    def _scene(self, title: str) -> None:
        self._scenes += 1
        self._narrator.scene(self._scenes, title)


def _count(correlated: Correlated, event: str) -> int:
    return sum(row.type == event for row in correlated.events)


def _is_overdue(correlated: Correlated) -> bool:
    return any(notice.type == DeadlinePassed.type for notice in correlated.notices)


def _is_fulfilment_of(order: PlaceOrder, instance: StartedSaga) -> bool:
    return (instance.saga, instance.instance_id) == (FULFILMENT, order.order_id)


def _ended(order: PlaceOrder) -> Condition:
    """Whether nothing remains to be done for this order."""
    return lambda correlated: any(
        _is_fulfilment_of(order, instance) and instance.status in fulfilment.settled_statuses
        for instance in correlated.sagas
    )
