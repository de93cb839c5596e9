"""What a command is answered, in each of the ways in which it can end."""

from datetime import timedelta

import orjson
import pytest

from contracts.outcome import Outcome
from contracts.users.examples import ADA_CREATED, CREATE_ADA, MOVE_ADA_TO_TURIN, WELCOME_ADA
from tests.command.installation import Installation, command_id, record
from tests.command.table import NOW, UNSTORABLE
from tests.lanes.recorded_rows import event_rows
from workers.ports.outcomes import CommandKey, OutcomeRow

BOB = CREATE_ADA.model_copy(update={"user_id": "bob", "email": "bob@example.org"})


async def test_are_the_published_model_in_json_whatever_the_status() -> None:
    installation = Installation()
    broken = CREATE_ADA.model_copy(update={"user_id": "eve", "email": "eve@example.org", "city": UNSTORABLE})
    await installation.handle(
        [
            record(CREATE_ADA, 1),
            record(WELCOME_ADA, 2),
            record(WELCOME_ADA, 3),
            record(CREATE_ADA, 4),
            record(BOB, 5, value=b'{"user_id": "bob", "first_name": 7, "x": "y"}'),
            record(broken, 6),
            record(BOB, 7, expected_version=3),
        ]
    )
    statuses = []
    for row in installation.table.handled.values():
        outcome = Outcome.model_validate_json(row.outcome, strict=True, extra="forbid")
        published = orjson.loads(outcome.to_json())
        assert orjson.loads(row.outcome) == published
        assert list(orjson.loads(row.outcome)) == list(published), "the fields come in another order"
        statuses.append((outcome.status, outcome.error and outcome.error.code, len(outcome.events)))
    assert statuses == [
        ("accepted", None, 1),
        ("accepted", None, 1),
        ("accepted", None, 0),
        ("rejected", "UserAlreadyExists", 0),
        ("rejected", "ValidationFailed", 0),
        ("rejected", "ValidationFailed", 0),
        ("rejected", "VersionConflict", 0),
    ]


async def test_tell_where_the_effect_stands() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(BOB, 2), record(MOVE_ADA_TO_TURIN, 3)])
    outcome = installation.outcome(3)
    assert (outcome.stream_version, outcome.partition, outcome.sequence) == (2, 0, 3)
    assert outcome.stream_id == CREATE_ADA.user_id
    assert outcome.correlation_id == "correlation 3"
    assert outcome.handled_at == NOW
    row = installation.table.lane()[2]
    assert (row.command_id, row.causation_id, row.correlation_id) == (command_id(3), command_id(3), "correlation 3")
    assert (row.actor, row.recorded_at) == ("tester", NOW)


@pytest.mark.parametrize(("expected", "code"), [(0, None), (1, "VersionConflict")])
async def test_of_a_command_for_another_version_are_conflicts(expected: int, code: str | None) -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1, expected_version=expected)])
    error = installation.outcome(1).error
    assert (error and error.code) == code
    assert error is None or error.details == {"expected": 1, "actual": 0}


@pytest.mark.parametrize(
    ("expected", "code"), [(0, "VersionConflict"), (1, "VersionConflict"), (2, None), (3, "VersionConflict")]
)
async def test_of_a_command_for_another_version_of_a_stream_that_is_there_are_conflicts(
    expected: int, code: str | None
) -> None:
    """Zero too: it says that nothing may be there yet."""
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(WELCOME_ADA, 2)])
    await installation.handle([record(MOVE_ADA_TO_TURIN, 3, expected_version=expected)])
    error = installation.outcome(3).error
    assert (error and error.code) == code
    assert error is None or error.details == {"expected": expected, "actual": 2}
    assert len(installation.table.lane()) == (3 if code is None else 2)


@pytest.mark.parametrize(("seconds", "code"), [(-0.000001, "Expired"), (0, None), (1, None)])
async def test_of_a_command_past_its_time_are_rejections(seconds: float, code: str | None) -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1, expires_at=NOW + timedelta(seconds=seconds))])
    error = installation.outcome(1).error
    assert (error and error.code) == code
    assert len(installation.table.lane()) == (code is None)


async def test_are_given_again_to_repeats_within_a_batch_later_and_by_another_owner() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(CREATE_ADA, 1, offset=2)], [record(CREATE_ADA, 1)])
    await installation.handle([record(CREATE_ADA, 1, offset=4)] * 2)
    assert len(installation.table.lane()) == 1
    assert len(installation.replies) == 5
    assert len(set(installation.replies)) == 1


async def test_of_a_command_that_another_lane_has_handled_meanwhile_are_the_other_lanes() -> None:
    installation = Installation()
    other = OutcomeRow(
        command_id(1),
        CREATE_ADA.type,
        "users",
        CREATE_ADA.user_id,
        "rejected",
        7,
        1,
        0,
        (),
        b"{}",
        "c",
        "c",
        None,
        NOW,
        None,
    )
    installation.table.line.meanwhile = [
        lambda: installation.table.table.commands.update(
            {CommandKey("users", other.stream_id, other.command_id): other}
        )
    ]
    await installation.handle([record(CREATE_ADA, 1), record(BOB, 2)])
    assert installation.replies[0] == (command_id(1), other.outcome)
    assert installation.outcome(2).status == "accepted"
    assert [row.stream_id for row in installation.table.lane()] == ["bob"]
    assert installation.table.unique_claims == {("email", "bob@example.org"): "bob"}


async def test_of_a_command_whose_address_is_taken_meanwhile_are_rejections() -> None:
    installation = Installation()
    key = ("email", CREATE_ADA.email.lower())
    installation.table.line.meanwhile = [lambda: installation.table.reserve({key: "somebody else"})]
    await installation.handle([record(CREATE_ADA, 1), record(BOB, 2), record(WELCOME_ADA, 3)])
    codes = [error and error.code for error in (installation.outcome(number).error for number in (1, 2, 3))]
    assert codes == ["EmailTaken", None, "UserNotFound"]
    assert installation.table.unique_claims[key] == "somebody else"


async def test_of_a_few_rejections_that_follow_from_one_another_are_one_transaction() -> None:
    installation = Installation()
    tries = [CREATE_ADA.model_copy(update={"email": f"taken{number}@example.org"}) for number in range(4)]
    installation.table.reserve({("email", command.email): "somebody else" for command in tries})
    await installation.handle([record(command, number) for number, command in enumerate([*tries, BOB])])
    errors = [installation.outcome(number).error for number in range(5)]
    assert [error and error.code for error in errors] == [*["EmailTaken"] * 4, None]
    assert installation.table.line.commits == 1


async def test_never_stop_a_lane_however_many_addresses_are_taken() -> None:
    """Each rejection may open the way to the next: a client that tries one address after the other."""
    installation = Installation()
    tries = [CREATE_ADA.model_copy(update={"email": f"taken{number}@example.org"}) for number in range(60)]
    installation.table.reserve({("email", command.email): "somebody else" for command in tries})
    await installation.handle([record(command, number) for number, command in enumerate(tries)])
    errors = [installation.outcome(number).error for number in range(60)]
    assert {error and error.code for error in errors} == {"EmailTaken"}


async def test_are_decided_upon_what_the_table_has_when_the_owner_is_new() -> None:
    installation = Installation()
    installation.table.write(event_rows(ADA_CREATED))
    lane = installation.lane()
    await lane.acquire()
    lane.abandon()
    row = next(iter(installation.table.rows.values()))
    row.sequence = 1
    await installation.handle([record(CREATE_ADA, 1), record(WELCOME_ADA, 2)])
    assert [installation.outcome(number).status for number in (1, 2)] == ["rejected", "accepted"]
    assert [(row.sequence, row.stream_version) for row in installation.table.lane()] == [(1, 1), (2, 2)]
