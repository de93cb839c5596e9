"""Who may do what stands in a table for each context, and nothing is missing in it."""

import re

from contracts.orders.commands import CancelOrder, PlaceOrder
from contracts.orders.examples import PLACE_ADAS_ORDER
from contracts.principal import Principal, saga_principal
from tests.scopes import scopes
from workers.core.access import KNOWN, NO_ACCESS, OWNER, Access, OfSaga, Scope, either
from workers.domain import contexts
from workers.domain.orders.access import access as orders
from workers.domain.orders.decider import OrderState
from workers.testing.laws import AccessLaws

SAGAS = [saga.name for context in contexts().values() for saga in context.sagas]
SCOPE = re.compile(r"[a-z_]+\.(read|write)")
ALL_POWERFUL = Principal("root", scopes())


class TestEveryRuleOfAccess(AccessLaws):
    contexts = tuple(contexts().values())


def test_names_sagas_that_there_are() -> None:
    rows = [row for context in contexts().values() for row in context.access.commands.values()]
    named = {who.name for row in rows for who in row if isinstance(who, OfSaga)}
    assert named == set(SAGAS), "each saga sends commands, and no other one is named"


def test_names_of_sagas_stay_different_as_principals() -> None:
    assert len({saga_principal(name) for name in SAGAS}) == len(SAGAS)


def test_a_row_for_those_who_are_known_is_for_all_of_them() -> None:
    access = Access(commands={PlaceOrder: (KNOWN,)})
    assert access.may_command(Principal("mallory"), PLACE_ADAS_ORDER, "o", OrderState())
    assert not access.may_command(None, PLACE_ADAS_ORDER, "o", OrderState())
    assert not access.may_command(Principal("mallory"), CancelOrder(order_id="o"), "o", OrderState())


def test_what_cannot_be_read_nobody_may_have_decided() -> None:
    assert not orders.may_command(ALL_POWERFUL, None, "o", OrderState())


def test_without_a_table_nobody_may_do_anything() -> None:
    assert not NO_ACCESS.may_command(ALL_POWERFUL, PLACE_ADAS_ORDER, "o", OrderState())
    assert NO_ACCESS.refusal(PLACE_ADAS_ORDER).message == "PlaceOrder is for nobody only."


def test_owners_sagas_and_scopes_are_told_apart() -> None:
    # Also by ==, which does not ask for the class of tuples: OWNER in a row would be true of KNOWN.
    assert len({OWNER, KNOWN, Scope("x"), OfSaga("x")}) == 4


def test_an_order_is_of_who_placed_it_whatever_a_later_command_says() -> None:
    placed = OrderState("placed", "ada")
    mallory, ada = Principal("mallory"), Principal(PLACE_ADAS_ORDER.user_id)
    assert orders.may_command(ada, PLACE_ADAS_ORDER, "o", OrderState())
    assert not orders.may_command(mallory, PLACE_ADAS_ORDER, "o", OrderState())
    theirs = PlaceOrder.model_validate({**PLACE_ADAS_ORDER.model_dump(), "user_id": "mallory"})
    assert not orders.may_command(mallory, theirs, "o", placed)
    assert orders.may_command(Principal("ada"), CancelOrder(order_id="o"), "o", placed)
    assert not orders.may_command(mallory, CancelOrder(order_id="o"), "o", placed)
    assert not orders.may_command(Principal(""), CancelOrder(order_id="o"), "o", OrderState())


def test_scopes_are_named_after_contexts() -> None:
    assert scopes() == {f"{name}.{what}" for name in contexts() for what in ("read", "write")}
    assert all(SCOPE.fullmatch(scope) for scope in scopes())


def test_whom_a_row_is_for_is_said_in_words() -> None:
    assert either(map(str, (Scope("a"), OWNER, OfSaga("b")))) == "the scope a, its owner or the saga b"
    assert str(KNOWN) == "anybody who is known"
