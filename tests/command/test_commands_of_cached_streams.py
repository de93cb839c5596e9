"""Commands about streams that a lane has cached are decided without a look-up: the commit refuses a repeat."""

from typing import Any

import pytest

from contracts.message import Command
from contracts.users.commands import UpdateUser
from contracts.users.examples import CREATE_ADA, MOVE_ADA_TO_TURIN, WELCOME_ADA
from tests.command.installation import Installation, command_id, record
from workers.command.loading import BATCHES_WITH_REPEATS
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts

ADA = CREATE_ADA.user_id
USERS = contexts()["users"].decider


def moves(first: int, count: int) -> list[list[Any]]:
    """So many batches of one command each."""
    return [[record(UpdateUser(user_id=ADA, city=f"city {number}"), number)] for number in range(first, first + count)]


async def test_ask_the_table_nothing() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1)], [record(MOVE_ADA_TO_TURIN, 2)], [record(WELCOME_ADA, 3)])
    assert len(installation.table.looked_up) == 1
    assert [row.stream_version for row in installation.table.lane()] == [1, 2, 3]


async def test_that_are_repeats_get_their_first_outcome() -> None:
    installation = Installation()
    first = record(MOVE_ADA_TO_TURIN, 2)
    await installation.handle([record(CREATE_ADA, 1)], [first], [record(WELCOME_ADA, 3)], [first._replace(offset=4)])
    assert len(installation.table.lane()) == 3
    assert installation.replies[3] == installation.replies[1]


async def test_are_looked_up_for_a_while_after_a_repeat() -> None:
    installation = Installation()
    repeat = record(CREATE_ADA, 1, offset=2)
    await installation.handle([record(CREATE_ADA, 1)], [repeat], *moves(3, BATCHES_WITH_REPEATS + 3))
    assert len(installation.table.looked_up) == 1 + BATCHES_WITH_REPEATS


async def test_that_the_code_fails_on_are_no_dead_letters_when_they_are_repeats() -> None:
    """A repeat is decided on the state as it is now, on which the code may fail: its outcome stands nevertheless."""

    def decide(state: Any, command: Command) -> Decision | Rejection:
        if state != USERS.initial:
            raise ZeroDivisionError
        return USERS.decide(state, command)

    installation = Installation(decider=Decider(USERS.initial, decide, USERS.evolve))
    await installation.handle([record(CREATE_ADA, 1)], [record(CREATE_ADA, 1, offset=2)])
    assert installation.dead_letters == []
    assert installation.replies[0] == installation.replies[1]
    await installation.handle([record(WELCOME_ADA, 3)])
    assert [letter.key for letter in installation.dead_letters] == [ADA.encode()]
    assert installation.outcome(3).status == "failed"


@pytest.mark.parametrize("second", [MOVE_ADA_TO_TURIN, WELCOME_ADA])
async def test_with_the_id_of_another_command_are_rejected(second: Command) -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1)], [record(second, 1, offset=2)])
    assert len(installation.table.lane()) == 1
    assert installation.replies[1][0] == command_id(1)
    assert b"IdempotencyKeyReused" in installation.replies[1][1]
