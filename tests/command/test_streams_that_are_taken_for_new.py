"""A stream that the lane does not know is taken for a new one, without a question; the commit proves it, or refuses."""

from typing import Any

import pytest

from contracts.message import Command
from contracts.users.commands import CreateUser, UpdateUser
from contracts.users.events import PasswordChanged
from contracts.users.examples import CREATE_ADA, MOVE_ADA_TO_TURIN
from tests.command.installation import Installation, record
from workers.command.new_streams import FIRST_PAUSE_BATCHES, LAST_PAUSE_BATCHES, NewStreams
from workers.core.decider import Decider, Decision, Rejection

ADA = CREATE_ADA.user_id


def create(number: int) -> CreateUser:
    return CreateUser(user_id=f"u{number}", first_name="Eve", last_name="Adams", email=f"e{number}@example.org")


def always(_: Any, command: Command) -> Decision | Rejection:
    return Decision((PasswordChanged(user_id=command.stream_id),))


def never_anything(_: Any, __: Command) -> Decision | Rejection:
    return Decision(())


async def installation_that_knows_the_time(**options: Any) -> Installation:
    """The first batch asks for it. It creates Ada; no lane knows her any more."""
    installation = Installation(**options)
    await installation.handle([record(CREATE_ADA, 1)])
    assert len(installation.table.looked_up) == 1
    return installation


async def test_and_their_first_commands_ask_the_table_nothing() -> None:
    installation = await installation_that_knows_the_time()
    await installation.handle(*([record(create(number), number)] for number in range(2, 50)))
    assert len(installation.table.looked_up) == 1
    assert [row.stream_version for row in installation.table.lane()] == [1] * 49


@pytest.mark.parametrize(
    ("command", "status", "version"), [(MOVE_ADA_TO_TURIN, "accepted", 2), (CREATE_ADA, "rejected", 1)]
)
async def test_but_exist_are_looked_up(command: Command, status: str, version: int) -> None:
    installation = await installation_that_knows_the_time()
    await installation.handle([record(create(2), 2), record(command, 3)])
    outcome = installation.outcome(3)
    assert (outcome.status, outcome.stream_version) == (status, version)
    assert installation.outcome(2).status == "accepted"
    assert len(installation.table.looked_up) == 2


async def test_but_exist_are_noticed_by_the_commit_when_the_command_does_not_show_it() -> None:
    installation = await installation_that_knows_the_time(decider=Decider(None, always, lambda state, _: state))
    await installation.handle([record(create(2), 2), record(MOVE_ADA_TO_TURIN, 3)])
    assert [(row.stream_id, row.stream_version) for row in installation.table.lane()] == [(ADA, 1), ("u2", 1), (ADA, 2)]
    assert len(installation.table.looked_up) == 2


@pytest.mark.parametrize("number", [1, 2], ids=["with the same id", "with another id"])
async def test_but_exist_answer_a_repeat_as_ever(number: int) -> None:
    installation = await installation_that_knows_the_time()
    await installation.handle([record(CREATE_ADA, number, offset=2)])
    assert len(installation.table.lane()) == 1
    first, second = (reply for _, reply in installation.replies)
    assert (first == second) == (number == 1)
    assert number == 1 or b"UserAlreadyExists" in second


async def test_and_get_no_event_are_looked_up_before_the_outcome_counts() -> None:
    installation = await installation_that_knows_the_time()
    await installation.handle([record(UpdateUser(user_id="nobody", city="Turin"), 2)])
    assert installation.outcome(2).error is not None
    assert len(installation.table.looked_up) == 2
    unchanged = await installation_that_knows_the_time(decider=Decider(None, never_anything, lambda state, _: state))
    await unchanged.handle([record(create(2), 2)])
    assert unchanged.outcome(2).status == "accepted"
    assert len(unchanged.table.looked_up) == 2


async def test_are_looked_up_for_a_while_after_a_wrong_guess() -> None:
    installation = await installation_that_knows_the_time(decider=Decider(None, always, lambda state, _: state))
    creates = ([record(create(number), number)] for number in range(3, 3 + 2 * FIRST_PAUSE_BATCHES))
    await installation.handle([record(MOVE_ADA_TO_TURIN, 2)], *creates)
    assert len(installation.table.looked_up) == 2 + FIRST_PAUSE_BATCHES


async def test_are_not_even_guessed_when_their_first_commands_begin_no_stream() -> None:
    installation = await installation_that_knows_the_time()
    creates = ([record(create(number), number)] for number in range(3, 3 + 2 * FIRST_PAUSE_BATCHES))
    await installation.handle([record(MOVE_ADA_TO_TURIN, 2)], *creates)
    assert len(installation.table.looked_up) == 2, "the next batches may be guessed"


def test_are_guessed_less_and_less_while_guesses_are_wrong() -> None:
    new = NewStreams()

    def batches_until_a_guess() -> int:
        return next(batches for batches in range(2 * LAST_PAUSE_BATCHES) if new.may_guess())

    pauses = []
    for _ in range(12):
        pauses.append(batches_until_a_guess())
        new.guess({"ada"})
        new.note_wrong()
    assert pauses[:4] == [0, FIRST_PAUSE_BATCHES, 2 * FIRST_PAUSE_BATCHES, 4 * FIRST_PAUSE_BATCHES]
    assert pauses[-1] == LAST_PAUSE_BATCHES
    assert batches_until_a_guess() == LAST_PAUSE_BATCHES
    new.guess({"ada"})
    new.note_right()
    new.note_wrong()
    assert batches_until_a_guess() == FIRST_PAUSE_BATCHES
