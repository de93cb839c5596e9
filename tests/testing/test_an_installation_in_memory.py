"""Commands go through decider, sagas and read models in memory, as in production."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import pytest

from contracts.inventory.commands import ReceiveStock
from contracts.orders.commands import DeliverOrder, PlaceOrder, ShipOrder
from contracts.orders.events import OrderCancelled
from contracts.orders.lines import OrderLine
from contracts.payments.commands import DepositFunds
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser
from contracts.users.events import UserCreated
from infra.testing.installation import BEGIN, StreamParked, installation
from infra.testing.read_models import NotThere
from workers.core.projection import Document
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, DeadlinePassed, Saga, SagaState, SetDeadline, Step
from workers.domain import contexts

ADA = CreateUser(user_id="ada", first_name="Ada", last_name="Lovelace", email="ada@example.org")
FUNDS = DepositFunds(user_id="ada", amount=Decimal(100), currency="EUR")
TEA = ReceiveStock(sku="tea", quantity=5)
users = contexts()["users"]


def order(quantity: int = 2, deadline: int = 30) -> PlaceOrder:
    lines = (OrderLine(sku="tea", quantity=quantity, unit_price=Decimal("4.95")),)
    return PlaceOrder(order_id="o", user_id="ada", lines=lines, currency="EUR", confirm_within_seconds=deadline)


@pytest.mark.parametrize("partitions", [1, 3])
async def test_an_order_is_fulfilled_over_all_contexts(partitions: int) -> None:
    async with installation(partitions=partitions) as annals:
        for command in (ADA, FUNDS, TEA, order(), ShipOrder(order_id="o"), DeliverOrder(order_id="o")):
            assert (await annals.send(command)).status == "accepted"
        assert annals.read_model("orders")["o"]["status"] == "delivered"
        assert annals.saga("fulfilment", "o").status == "shipped"
        assert annals.read_model("users")["ada"]["total_spent"] == "9.90"
        assert [card["order_id"] for card in annals.read_model("orders").find("user", "ada")] == ["o"]
        assert list(annals.read_model("orders")) == ["o"]


async def test_a_rejection_is_an_outcome_and_a_repeat_is_answered_as_before() -> None:
    async with installation(users) as annals:
        first = await annals.send(ADA, command_id="0198c0de-0000-7000-8000-000000000001")
        again = await annals.send(ADA, command_id="0198c0de-0000-7000-8000-000000000001")
        assert first == again
        bob = ADA.model_copy(update={"user_id": "bob"})
        outcome = await annals.send(bob)
        assert outcome.error is not None
        assert (outcome.status, outcome.error.code) == ("rejected", "EmailTaken")
        late = await annals.send(UpdateUser(user_id="ada", city="Turin"), expected_version=7)
        assert late.error is not None
        assert late.error.code == "VersionConflict"
        old = await annals.send(UpdateUser(user_id="ada", city="Turin"), expires_at=BEGIN - timedelta(seconds=1))
        assert old.error is not None
        assert old.error.code == "Expired"


class TrialState(SagaState):
    """A user on trial."""

    has_begun: bool = False
    is_over: bool = False

    @property
    def status(self) -> Literal["unborn", "on trial", "over"]:
        return "over" if self.is_over else "on trial" if self.has_begun else "unborn"


def evolve_trial(state: TrialState, recorded: Recorded) -> TrialState:
    return state.with_facts(has_begun=True, is_over=isinstance(recorded.event, DeadlinePassed))


def decide_trial(_: TrialState, recorded: Recorded) -> tuple[Consequence, ...]:
    if isinstance(recorded.event, DeadlinePassed):
        return (Step("end", DeleteUser(user_id=recorded.stream_id)),)
    return (SetDeadline("trial", 60),)


TRIAL = Saga(
    "trial",
    frozenset({UserCreated}),
    TrialState(),
    lambda recorded: recorded.stream_id,
    evolve_trial,
    decide_trial,
    frozenset({"over"}),
)


async def test_a_deadline_passes_when_time_is_let_pass_and_not_before() -> None:
    async with installation(replace(users, sagas=(TRIAL,))) as annals:
        await annals.send(ADA)
        for _ in range(3):
            await annals.send(UpdateUser(user_id="ada", city="Turin"))
        await annals.let_pass(59)
        assert annals.saga("trial", "ada").status == "on trial"
        await annals.let_pass(1)
        assert annals.saga("trial", "ada").status == "over"
        assert "ada" not in annals.read_model("users")
        with pytest.raises(ValueError, match="time can't go back"):
            await annals.let_pass(-1)


async def test_an_order_that_nothing_is_in_stock_for_is_cancelled() -> None:
    async with installation() as annals:
        await annals.send(FUNDS)
        await annals.send(order(quantity=9))
        assert isinstance(annals.events("orders", "o")[-1], OrderCancelled)
        assert annals.read_model("accounts")["ada"]["reserved"] == "0.00"


async def test_a_read_model_that_cannot_apply_an_event_is_told_at_once() -> None:
    def evolve(_: Document | None, __: object) -> Document:
        raise ZeroDivisionError

    (card,) = users.projections
    broken = replace(users, projections=(replace(card, evolve=evolve, sections=(), complete=None),))
    async with installation(broken) as annals:
        with pytest.raises(
            StreamParked, match=r"cannot apply users\.UserCreated\.v2 of the stream ada: ZeroDivisionError"
        ):
            await annals.send(ADA)


async def test_events_and_commands_are_listed() -> None:
    async with installation(users) as annals:
        await annals.send(ADA)
        assert [event.name for event in annals.events("users")] == ["UserCreated", "UserWelcomed"]
        assert isinstance(annals.events("users", "ada")[0], UserCreated)
        assert [command.name for command in annals.commands("users")] == ["CreateUser", "WelcomeUser"]


async def test_what_is_not_there_is_named() -> None:
    async with installation(users) as annals:
        with pytest.raises(NotThere, match=r"there is no read model cards; there are: .*users"):
            annals.read_model("cards")
        with pytest.raises(NotThere, match="there is no document of users ada; there are: none"):
            annals.read_model("users")["ada"]
        with pytest.raises(NotThere, match="there is no index of users surname; there are: city, email"):
            annals.read_model("users").find("surname", "x")
        with pytest.raises(NotThere, match="there is no instance of the saga welcome eve"):
            annals.saga("welcome", "eve")
