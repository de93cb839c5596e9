"""A command id that comes again with other content, type or stream is no repeat: it is refused, and changes nothing."""

import json
from uuid import UUID

import orjson
import pytest

from contracts.message import Command
from contracts.outcome import Outcome, content_digest
from contracts.users.commands import DeleteUser, WelcomeUser
from contracts.users.examples import CREATE_ADA, MOVE_ADA_TO_TURIN
from tests.command.installation import Installation, command_id, record
from tests.counted import Counted
from workers.ports.outcomes import CommandKey

ADA = CREATE_ADA.user_id
BOB = CREATE_ADA.model_copy(update={"user_id": "bob", "email": "bob@example.org"})
OTHERS: dict[str, Command] = {
    "another field": CREATE_ADA.model_copy(update={"city": "Turin"}),
    "another type": MOVE_ADA_TO_TURIN,
}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "later"])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_is_refused_and_answered_and_stored_nowhere(other: Command, together: bool) -> None:
    installation = Installation()
    reused = Counted(annals_commands_reused_ids_total={"context": "users"})
    first, second = record(CREATE_ADA, 1), record(other, 1, offset=2)
    await installation.handle(*([[first, second]] if together else [[first], [second]]))
    answers = [Outcome.model_validate_json(reply) for _, reply in installation.replies]
    assert [answer.status for answer in answers] == ["accepted", "rejected"]
    assert answers[1].error is not None
    assert answers[1].error.code == "IdempotencyKeyReused"
    assert (answers[1].type, answers[1].stream_id, answers[1].events) == (other.type, other.stream_id, ())
    assert answers[1].is_of(other)
    assert not answers[1].is_of(CREATE_ADA)
    assert installation.outcome(1) == answers[0]
    assert [row.stream_id for row in installation.table.lane()] == [ADA]
    assert reused.grown() == {"annals_commands_reused_ids_total": 1}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "later"])
async def test_about_another_stream_is_another_command(together: bool) -> None:
    """So nobody can take the id of a command before it comes, nor see what became of it."""
    installation = Installation()
    first, second = record(BOB, 1), record(CREATE_ADA, 1, offset=2)
    await installation.handle(*([[first, second]] if together else [[first], [second]]))
    outcomes = [Outcome.model_validate_json(reply) for _, reply in installation.replies]
    assert [(outcome.stream_id, outcome.status) for outcome in outcomes] == [("bob", "accepted"), (ADA, "accepted")]
    assert outcomes[0].events[0].event_id != outcomes[1].events[0].event_id
    reply_ids = [dict(reply.headers)["ce_id"] for _, _, reply in installation.sender.posted]
    assert len(set(reply_ids)) == 2, "readers of replies may drop what has an id that they know"
    await installation.handle([record(BOB, 1, offset=3), record(CREATE_ADA, 1, offset=4)])
    assert installation.replies[2:] == installation.replies[:2], "each is known by its stream"


async def test_of_the_same_fields_but_another_type_is_refused() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(WelcomeUser(user_id=ADA), 2)])
    await installation.handle([record(DeleteUser(user_id=ADA), 2, offset=3)])
    assert [row.type for row in installation.table.lane()] == ["UserCreated", "UserWelcomed"]
    assert Outcome.model_validate_json(installation.replies[-1][1]).status == "rejected"


async def test_that_is_the_same_in_another_spelling_is_a_repeat() -> None:
    """A step of a saga, sent again from its outbox, may come back so; a foreign client's repeat too."""
    installation = Installation()
    respelt = json.dumps(dict(reversed(json.loads(CREATE_ADA.to_json()).items())), indent=1).encode()
    await installation.handle([record(CREATE_ADA, 1), record(CREATE_ADA, 1, offset=2, value=respelt)])
    assert len(set(installation.replies)) == 1


async def test_after_a_rejection_is_refused_too() -> None:
    """Whatever became of the first one: the id is its own."""
    installation = Installation()
    broken = record(CREATE_ADA, 1, value=b'{"first_name": 7}')
    await installation.handle([broken, record(CREATE_ADA, 1, offset=2), broken._replace(offset=3)])
    codes = [orjson.loads(reply)["error"]["code"] for _, reply in installation.replies]
    assert codes == ["ValidationFailed", "IdempotencyKeyReused", "ValidationFailed"]
    assert installation.table.lane() == []


async def test_under_an_outcome_of_an_earlier_release_is_recognised_by_its_type() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1)])
    row = installation.table.handled[command_id(1)]
    installation.table.table.commands[CommandKey("users", ADA, command_id(1))] = row._replace(content_digest=None)
    others = [OTHERS["another field"], OTHERS["another type"]]
    await installation.handle([record(command, 1, offset=place) for place, command in enumerate(others, start=2)])
    statuses = [orjson.loads(reply)["status"] for _, reply in installation.replies]
    assert statuses == ["accepted", "accepted", "rejected"]


def test_has_another_digest() -> None:
    assert content_digest(b"a") != content_digest(b"b")
    assert UUID(content_digest(b"a")), "of 128 bits"
