"""The table of an order's states: what the decider does, and what the documents draw."""

import re
from pathlib import Path
from typing import get_args

import pytest

from contracts.catalogue import catalogue
from contracts.message import Command
from contracts.orders.examples import (
    ADAS_ORDER_CONFIRMED,
    ADAS_ORDER_DELIVERED,
    ADAS_ORDER_PLACED,
    ADAS_ORDER_SHIPPED,
    CANCEL_ADAS_BIG_ORDER,
    CONFIRM_ADAS_ORDER,
    DELIVER_ADAS_ORDER,
    ORDER_ID,
    PLACE_ADAS_ORDER,
    SHIP_ADAS_ORDER,
)
from contracts.users.examples import USER_ID
from workers.core.decider import Decision, Rejection
from workers.domain import contexts
from workers.domain.orders.decider import OrderState, decider
from workers.domain.orders.states import STATUS_AFTER, TABLE, Answer, Status, diagram

README = Path(__file__).parents[3] / "contracts" / "README.md"
COMMANDS: dict[type[Command], Command] = {
    type(command): command.model_copy(update={"order_id": ORDER_ID})
    for command in (PLACE_ADAS_ORDER, CONFIRM_ADAS_ORDER, CANCEL_ADAS_BIG_ORDER, SHIP_ADAS_ORDER, DELIVER_ADAS_ORDER)
}


def test_has_a_cell_for_every_command_in_every_state() -> None:
    commands = {model for model in catalogue().commands.values() if model.context == "orders"}
    assert set(TABLE.cells) == {(status, command) for status in get_args(Status) for command in commands}


def test_leads_to_every_event_and_every_state() -> None:
    events = {model for model in catalogue().present.values() if model.context == "orders"}
    assert {answer for answer in TABLE.cells.values() if not isinstance(answer, str)} == events == set(STATUS_AFTER)
    assert {"unborn", *STATUS_AFTER.values()} == set(get_args(Status))


@pytest.mark.parametrize(
    ("cell", "answer"),
    TABLE.cells.items(),
    ids=[f"{command.__name__} when {status}" for status, command in TABLE.cells],
)
def test_is_what_the_decider_does(cell: tuple[Status, type[Command]], answer: Answer) -> None:
    status, model = cell
    state = OrderState() if status == "unborn" else OrderState(status, USER_ID)
    decided = decider.decide(state, COMMANDS[model])
    match answer:
        case "quiet":
            assert decided == Decision()
        case str(code):
            assert isinstance(decided, Rejection)
            assert decided.code == code
        case event:
            assert isinstance(decided, Decision)
            assert [type(happened) for happened in decided.events] == [event]
            assert decider.evolve(state, decided.events[0]) == OrderState(STATUS_AFTER[event], USER_ID)


def test_is_drawn_with_every_step_of_an_order() -> None:
    drawn = diagram().splitlines()
    assert drawn[0] == "stateDiagram-v2"
    for event in (ADAS_ORDER_PLACED, ADAS_ORDER_CONFIRMED, ADAS_ORDER_SHIPPED, ADAS_ORDER_DELIVERED):
        assert any(line.endswith(f" / {event.name}") for line in drawn)
    assert drawn[-2:] == ["    cancelled --> [*]", "    delivered --> [*]"]
    assert contexts()["orders"].diagram is diagram


def test_is_the_one_that_the_documents_show() -> None:
    shown = re.findall(r"^```mermaid\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert diagram() in shown, "put what `annals docs states` prints into contracts/README.md"
