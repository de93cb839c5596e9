"""A domain that raises: its command fails, is kept in the dead letters, and has no effect; the lane goes on."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from contracts.message import Command, Event
from contracts.users.examples import CREATE_ADA, CREATE_ADA_WITH_PASSWORD
from tests.command.installation import COMMANDS, Installation, record
from workers.core.decider import Decider, Decision, Rejection
from workers.domain import contexts

users = contexts()["users"].decider
BOB = CREATE_ADA_WITH_PASSWORD.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
CARL = CREATE_ADA.model_copy(update={"user_id": "carl", "email": "carl@example.org"})


def raising(
    *, deciding: Callable[[Any, Any], bool] | None = None, evolving: Callable[[Any], bool] | None = None
) -> Decider[Any]:
    """The users' decider with a bug in one place; what it says tells the command's content."""

    def decide(state: Any, command: Command) -> Decision | Rejection:
        if deciding is not None and deciding(state, command):
            raise ZeroDivisionError(f"while deciding {command.to_json()!r}")
        return users.decide(state, command)

    def evolve(state: Any, event: Event) -> Any:
        if evolving is not None and evolving(event):
            raise ZeroDivisionError(f"while evolving {event.to_json()!r}")
        return users.evolve(state, event)

    return Decider(users.initial, decide, evolve)


def statuses(installation: Installation, *numbers: int) -> list[str]:
    return [installation.outcome(number).status for number in numbers]


async def test_fails_the_one_command_and_the_batch_goes_on() -> None:
    installation = Installation(raising(deciding=lambda _, command: command.stream_id == "bob"))
    original = record(BOB, 2)
    await installation.handle([record(CREATE_ADA, 1), original, record(CARL, 3)])
    assert statuses(installation, 1, 2, 3) == ["accepted", "failed", "accepted"]
    assert [row.stream_id for row in installation.table.lane()] == [CREATE_ADA.user_id, "carl"]
    assert [key for _, key in installation.table.unique_claims] == ["ada@example.org", "carl@example.org"]
    (letter,) = installation.dead_letters
    assert (letter.key, letter.value) == (original.key, original.value)
    assert list(letter.headers[: len(original.headers)]) == list(original.headers)
    headers = dict(letter.headers)
    assert headers["dlq_reason"] == b"HandlerFailed"
    assert (headers["dlq_topic"], headers["dlq_partition"], headers["dlq_offset"]) == (COMMANDS.encode(), b"0", b"2")


async def test_is_reported_without_what_the_command_holds() -> None:
    installation = Installation(raising(deciding=lambda _, command: command.stream_id == "bob"))
    original = record(BOB, 1)
    await installation.handle([original])
    (letter,) = installation.dead_letters
    added = b" ".join(value for _, value in letter.headers[len(original.headers) :])
    published = added + installation.outcome(1).to_json()
    assert b"ZeroDivisionError" in added, "the kind of error helps to find the bug"
    for secret in ("argon2id", "bob@example.org", "Lovelace"):
        assert secret.encode() not in published


async def test_in_evolving_is_a_failure_too_and_leaves_nothing_behind() -> None:
    installation = Installation(raising(evolving=lambda event: event.stream_id == "bob"))
    successor = CARL.model_copy(update={"email": BOB.email})
    await installation.handle([record(BOB, 1), record(successor, 2)])
    assert installation.outcome(1).status == "failed"
    assert len(installation.dead_letters) == 1
    assert installation.outcome(2).status == "accepted", "the failed command has kept the address"
    assert installation.table.unique_claims == {("email", BOB.email): "carl"}
    assert installation.table.credentials == {}


async def test_that_shows_only_when_a_batch_is_decided_again_is_in_the_dead_letters_too() -> None:
    """The address is taken, so the batch is decided a second time; only then does the bug meet its state."""
    repeat = BOB.model_copy(update={"email": "bob2@example.org"})
    installation = Installation(
        raising(deciding=lambda state, command: command == repeat and state.existence == "unborn")
    )
    installation.table.reserve({("email", BOB.email): "somebody else"})
    await installation.handle([record(BOB, 1), record(repeat, 2)])
    assert statuses(installation, 1, 2) == ["rejected", "failed"]
    assert [dict(letter.headers)["dlq_offset"] for letter in installation.dead_letters] == [b"2"]


async def test_that_rejects_with_what_json_lacks_fails_the_one_command_too() -> None:
    """Its details may be anything."""

    def decide(state: Any, command: Command) -> Decision | Rejection:
        if command.stream_id == "bob":
            return Rejection("TooPoor", "not enough", {"balance": Decimal(1)})
        return users.decide(state, command)

    installation = Installation(Decider(users.initial, decide, users.evolve))
    await installation.handle([record(CREATE_ADA, 1), record(BOB, 2), record(CARL, 3)])
    assert statuses(installation, 1, 2, 3) == ["accepted", "failed", "accepted"]
    assert [letter.key for letter in installation.dead_letters] == [b"bob"]
