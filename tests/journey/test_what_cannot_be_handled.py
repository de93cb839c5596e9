"""Bad input: the lane continues. A record that is no command becomes a dead letter; others get a detailed outcome."""

import json
import uuid
from typing import Any

import pytest

from tests.sent_commands import Sent, command, create_user
from tests.system import System
from tests.waiting import until

EIGHT_MEGABYTES = 8 * 1024 * 1024


def _without(sent: Sent, header: str) -> Sent:
    return sent._replace(headers=[pair for pair in sent.headers if pair[0] != header])


def _with(sent: Sent, **headers: bytes) -> Sent:
    return sent._replace(headers=[pair for pair in sent.headers if pair[0] not in headers] + list(headers.items()))


def _dead_letters(system: System) -> list[Any]:
    return [record for partition in system.records("users.commands.dlq") for record in partition]


async def _lanes_continue(system: System) -> None:
    """Send valid commands after the bad one, and wait until they are handled."""
    good = [create_user() for _ in range(12)]
    system.send(good)

    async def handled() -> bool:
        ids = [command.command_id for command in good]
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(query, ids) == len(good))

    await until(handled, "the lanes continue")


DEAD = {
    "bytes that are no JSON": (create_user()._replace(value=b"\xff\xfe\x00 no json"), "MalformedJson"),
    "JSON that is no object": (create_user()._replace(value=b"[1, 2]"), "MalformedJson"),
    "no value": (create_user()._replace(value=b""), "EmptyValue"),
    "no id": (_without(create_user(), "ce_id"), "MissingHeader"),
    "no type": (_without(create_user(), "ce_type"), "MissingHeader"),
    "no key": (create_user()._replace(stream_id=""), "MissingKey"),
    "an id that is no UUID": (_with(create_user(), ce_id=b"seventeen"), "MalformedId"),
    "an unknown type": (_with(create_user(), ce_type=b"users.PromoteUser.v1"), "UnknownType"),
    "a future version of a command": (_with(create_user(), ce_type=b"users.CreateUser.v9"), "NewerRelease"),
    "an event": (_with(create_user(), ce_type=b"users.UserCreated.v2"), "UnknownType"),
    "a type of another context": (_with(create_user(), ce_type=b"orders.PlaceOrder.v1"), "UnknownType"),
    "a header that is no text": (_with(create_user(), ce_correlationid=b"\xff\x00"), "MalformedHeader"),
    "an expiry that is no time": (_with(create_user(), ce_expiresat=b"tomorrow"), "MalformedHeader"),
    "a future version of CloudEvents": (_with(create_user(), ce_specversion=b"2.0"), "UnknownSpecVersion"),
}


@pytest.mark.parametrize("case", DEAD)
async def test_what_is_no_command_is_in_the_dead_letters_with_reason_bytes_and_headers(
    system: System, case: str
) -> None:
    sent, reason = DEAD[case]
    mark = uuid.uuid4().hex.encode()
    sent = sent._replace(headers=[*sent.headers, ("mark", mark)])
    system.send([sent])

    async def matching_letters() -> Any:
        # As a list, because a message without a value is false.
        return [letter for letter in _dead_letters(system) if dict(letter.headers()).get("mark") == mark]

    (letter,) = await until(matching_letters, f"{case} is in the dead letters", every=0.3)
    headers = dict(letter.headers())
    assert letter.value() == sent.value or (not sent.value and not letter.value())
    assert letter.headers()[: len(sent.headers)] == sent.headers
    assert headers["dlq_reason"].decode() == reason
    assert headers["dlq_topic"].decode() == system.topic("users.commands")
    assert headers["dlq_error"]
    assert int(headers["dlq_partition"]) < 6
    assert int(headers["dlq_offset"]) >= 0
    assert headers["dlq_time"].endswith(b"Z")
    await _lanes_continue(system)


def _rejected_commands() -> dict[str, tuple[Sent, str, str]]:
    """Name of the case: the command, the code, and the field that the details name."""
    plain = create_user()
    other_id = str(uuid.uuid4())
    lone_surrogate = plain.value.replace(b'"Ada"', b'"\\ud800"')
    return {
        "a field that fails validation": (create_user(email="nobody"), "ValidationFailed", "email"),
        "a missing field": (
            command("users.CreateUser.v1", "u-1", {"user_id": "u-1"}),
            "ValidationFailed",
            "first_name",
        ),
        "an unknown field": (create_user(shoe_size=44), "ValidationFailed", "shoe_size"),
        "a NUL in a string": (create_user(first_name="A\x00da"), "ValidationFailed", "first_name"),
        "a lone surrogate": (plain._replace(value=lone_surrogate), "ValidationFailed", ""),
        "a number out of range": (create_user(first_name=10**400), "ValidationFailed", "first_name"),
        "a password in the clear": (create_user(password_hash="hunter2"), "ValidationFailed", "password_hash"),
        "a key that is another's": (create_user()._replace(stream_id=other_id), "ValidationFailed", "user_id"),
        "eight megabytes": (create_user(first_name="x" * EIGHT_MEGABYTES), "ValidationFailed", ""),
        "an expired command": (_with(create_user(), ce_expiresat=b"2020-01-01T00:00:00Z"), "Expired", ""),
        "a stale expected version": (_with(create_user(), ce_expectedversion=b"7"), "VersionConflict", ""),
    }


REJECTED = _rejected_commands()


@pytest.mark.parametrize("case", REJECTED)
async def test_what_cannot_be_accepted_gets_a_rejected_outcome_with_details(system: System, case: str) -> None:
    sent, code, field = REJECTED[case]
    system.send([sent])

    async def outcome() -> Any:
        text = await system.value("SELECT outcome FROM annals.outcomes WHERE command_id = $1", sent.command_id)
        return text and json.loads(text)

    stored = await until(outcome, f"{case} has an outcome")
    assert stored["status"] == "rejected"
    assert stored["error"]["code"] == code
    assert stored["events"] == []
    if field:
        assert field in [detail["field"] for detail in stored["error"]["details"]]
    assert "hunter2" not in json.dumps(stored)
    await _lanes_continue(system)


async def test_a_second_user_with_the_same_email_is_rejected_until_the_first_is_deleted(system: System) -> None:
    first = create_user(email=f"{uuid.uuid4()}@Example.org")
    email = json.loads(first.value)["email"]
    second = create_user(email=email.lower())

    async def status(sent: Sent) -> Any:
        return await system.value("SELECT outcome FROM annals.outcomes WHERE command_id = $1", sent.command_id)

    system.send([first])
    await until(lambda: status(first), "the first is handled")
    system.send([second])
    rejected = json.loads(await until(lambda: status(second), "the second is handled"))
    assert (rejected["status"], rejected["error"]["code"]) == ("rejected", "EmailTaken")

    deletion = command("users.DeleteUser.v1", first.stream_id, {"user_id": first.stream_id})
    system.send([deletion])
    await until(lambda: status(deletion), "the deletion is handled")
    third = create_user(email=email)
    system.send([third])
    accepted = json.loads(await until(lambda: status(third), "the third is handled"))
    assert accepted["status"] == "accepted"


async def test_the_table_of_events_refuses_update_delete_and_truncate(system: System) -> None:
    await system.handled(1)
    for statement in (
        "UPDATE annals.events SET actor = 'me'",
        "DELETE FROM annals.events",
        "TRUNCATE annals.events",
    ):
        with pytest.raises(Exception, match="append-only"):
            await system.database.execute(statement)
