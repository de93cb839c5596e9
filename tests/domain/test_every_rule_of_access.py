"""Who may do what stands in a table for each context, and nothing is missing in it."""

import re

import pytest

from contracts.catalogue import catalogue
from contracts.examples import examples_of
from contracts.message import Command
from contracts.orders.commands import CancelOrder, PlaceOrder
from contracts.orders.examples import PLACE_ADAS_ORDER
from contracts.principal import Principal, saga_principal
from tests.scopes import scopes
from workers.core.access import KNOWN, NO_ACCESS, OWNER, Access, OfSaga, Read, Scope, allows, either, is_owner
from workers.core.context import Context
from workers.domain import contexts
from workers.domain.orders.access import access as orders
from workers.domain.orders.decider import OrderState

EVERY_CONTEXT = pytest.mark.parametrize("context", contexts().values(), ids=contexts().keys())
SAGAS = [saga.name for context in contexts().values() for saga in context.sagas]
SCOPE = re.compile(r"[a-z_]+\.(read|write)")
ALL_POWERFUL = Principal("root", scopes())


def commands_of(context: Context) -> set[type[Command]]:
    return {model for model in catalogue().commands.values() if model.context == context.name}


@EVERY_CONTEXT
def test_has_a_row_for_each_command_and_each_way_of_reading(context: Context) -> None:
    assert set(context.access.commands) == commands_of(context)
    assert set(context.access.reads) == set(Read)
    for row in [*context.access.commands.values(), *context.access.reads.values()]:
        assert row, "an empty row: leave nobody out by mistake, name whom it is for"
        assert len(set(row)) == len(row)


@EVERY_CONTEXT
def test_writing_and_reading_need_scopes_of_their_own(context: Context) -> None:
    for row in context.access.commands.values():
        assert {who.name for who in row if isinstance(who, Scope)} <= {f"{context.name}.write"}
        assert KNOWN not in row
    for row in context.access.reads.values():
        assert {who.name for who in row if isinstance(who, Scope)} <= {f"{context.name}.read"}
        assert not any(isinstance(who, OfSaga) for who in row)


def test_names_sagas_that_there_are() -> None:
    rows = [row for context in contexts().values() for row in context.access.commands.values()]
    named = {who.name for row in rows for who in row if isinstance(who, OfSaga)}
    assert named == set(SAGAS), "each saga sends commands, and no other one is named"


def test_names_of_sagas_stay_different_as_principals() -> None:
    assert len({saga_principal(name) for name in SAGAS}) == len(SAGAS)


@EVERY_CONTEXT
def test_allows_nobody_who_is_not_known_anything(context: Context) -> None:
    for row in [*context.access.commands.values(), *context.access.reads.values()]:
        assert not allows(row, None)
    for model in commands_of(context):
        for command in examples_of(model).values():
            assert isinstance(command, Command)
            assert not context.access.may_command(None, command, command.stream_id, context.decider.initial)


@EVERY_CONTEXT
def test_allows_whom_a_row_names_and_nobody_else(context: Context) -> None:
    """The table is asked in another form, in which it is quicker: it says what the rows say."""
    access, state = context.access, context.decider.initial
    for model, row in access.commands.items():
        for command in examples_of(model).values():
            assert isinstance(command, Command)
            stream_id = command.stream_id
            owner = access.owner(stream_id, state) or access.founder(command)
            names = {stream_id, owner or "", "mallory", *(saga_principal(name).name for name in SAGAS)}
            granted = [frozenset[str](), scopes(), *({scope} for scope in sorted(scopes()))]
            for principal in [Principal(name, frozenset(has)) for name in sorted(names) for has in granted]:
                may = any(is_owner(principal, owner) if who is OWNER else who.allows(principal) for who in row)
                assert access.may_command(principal, command, stream_id, state) == may, (model, principal)


def test_a_row_for_those_who_are_known_is_for_all_of_them() -> None:
    access = Access(commands={PlaceOrder: (KNOWN,)})
    assert access.may_command(Principal("mallory"), PLACE_ADAS_ORDER, "o", OrderState())
    assert not access.may_command(None, PLACE_ADAS_ORDER, "o", OrderState())
    assert not access.may_command(Principal("mallory"), CancelOrder(order_id="o"), "o", OrderState())


def test_what_cannot_be_read_nobody_may_have_decided() -> None:
    assert not orders.may_command(ALL_POWERFUL, None, "o", OrderState())


def test_what_only_sagas_may_no_scope_allows() -> None:
    for context in contexts().values():
        for model, row in context.access.commands.items():
            if all(isinstance(who, OfSaga) for who in row):
                for command in examples_of(model).values():
                    assert isinstance(command, Command)
                    assert not context.access.may_command(
                        ALL_POWERFUL, command, command.stream_id, context.decider.initial
                    )


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
