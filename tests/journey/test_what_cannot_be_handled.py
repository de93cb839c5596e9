"""Bad input: the lane goes on; what cannot be a command is a dead letter, the rest gets an outcome with details."""

import json
import uuid
from typing import Any

import pytest

from tests.system import Sent, System, command, create_user
from tests.waiting import until

EIGHT_MEGABYTES = 8 * 1024 * 1024


def _without(sent: Sent, header: str) -> Sent:
    return sent._replace(headers=[each for each in sent.headers if each[0] != header])


def _with(sent: Sent, **headers: bytes) -> Sent:
    return sent._replace(headers=[each for each in sent.headers if each[0] not in headers] + list(headers.items()))


def _dead_letters(system: System) -> list[Any]:
    return [record for partition in system.records("users.commands.dlq") for record in partition]


async def _goes_on(system: System) -> None:
    """A good command after the bad one, on each lane, is handled."""
    good = [create_user() for _ in range(12)]
    system.send(good)

    async def handled() -> bool:
        ids = [each.command_id for each in good]
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(query, ids) == len(good))

    await until(handled, "the lanes go on")


DEAD = {
    "bytes that are no JSON": (create_user()._replace(value=b"\xff\xfe\x00 no json"), "MalformedJson"),
    "JSON that is no object": (create_user()._replace(value=b"[1, 2]"), "MalformedJson"),
    "no value": (create_user()._replace(value=b""), "EmptyValue"),
    "no id": (_without(create_user(), "ce_id"), "MissingHeader"),
    "no type": (_without(create_user(), "ce_type"), "MissingHeader"),
    "no key": (create_user()._replace(stream_id=""), "MissingKey"),
    "an id that is no UUID": (_with(create_user(), ce_id=b"seventeen"), "MalformedId"),
    "an unknown type": (_with(create_user(), ce_type=b"users.PromoteUser.v1"), "UnknownType"),
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

    async def found() -> Any:
        # in a list: a message without a value counts as false
        return [each for each in _dead_letters(system) if dict(each.headers()).get("mark") == mark]

    (letter,) = await until(found, f"{case} is in the dead letters", every=0.3)
    headers = dict(letter.headers())
    assert letter.value() == sent.value or (not sent.value and not letter.value())
    assert letter.headers()[: len(sent.headers)] == sent.headers
    assert headers["dlq_reason"].decode() == reason
    assert headers["dlq_topic"].decode() == system.topic("users.commands")
    assert headers["dlq_error"]
    assert int(headers["dlq_partition"]) < 6
    assert int(headers["dlq_offset"]) >= 0
    assert headers["dlq_time"].endswith(b"Z")
    await _goes_on(system)


def _refused_users() -> dict[str, tuple[Sent, str, str]]:
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


REFUSED = _refused_users()


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_accepted_gets_a_rejected_outcome_with_details(system: System, case: str) -> None:
    sent, code, field = REFUSED[case]
    system.send([sent])

    async def outcome() -> Any:
        found = await system.value("SELECT outcome FROM annals.commands WHERE command_id = $1", sent.command_id)
        return found and json.loads(found)

    found = await until(outcome, f"{case} has an outcome")
    assert found["status"] == "rejected"
    assert found["error"]["code"] == code
    assert found["events"] == []
    if field:
        assert field in [detail["field"] for detail in found["error"]["details"]]
    assert "hunter2" not in json.dumps(found)
    await _goes_on(system)


async def test_a_second_user_with_the_same_email_is_refused_and_frees_it_when_deleted(system: System) -> None:
    first = create_user(email=f"{uuid.uuid4()}@Example.org")
    email = json.loads(first.value)["email"]
    second = create_user(email=email.lower())

    async def status(sent: Sent) -> Any:
        return await system.value("SELECT outcome FROM annals.commands WHERE command_id = $1", sent.command_id)

    system.send([first])
    await until(lambda: status(first), "the first is handled")
    system.send([second])
    refused = json.loads(await until(lambda: status(second), "the second is handled"))
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "EmailTaken")

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
