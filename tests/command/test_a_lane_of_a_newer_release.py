"""What a command worker does about events and commands of a newer release: it leaves them to it and loses nothing."""

import pytest

from contracts.stored_events import NewerRelease
from contracts.users.examples import ADA_CREATED, ADA_MOVED_TO_TURIN, CREATE_ADA, MOVE_ADA_TO_TURIN
from infra.memory.lane_rows import LaneRow
from infra.memory.table import Table
from tests.command.installation import LANE, Installation, record
from tests.lanes.recorded_rows import event_rows
from workers.ports.lanes import LaneKey, Mark
from workers.ports.log import InboundRecord

BOB = CREATE_ADA.model_copy(update={"user_id": "b", "email": "b@example.org"})
NEWER_EVENT = "users.UserUpdated.v9"
NEWER_COMMAND = "users.CreateUser.v9"


CREATED, UPDATED = ADA_CREATED.type, ADA_MOVED_TO_TURIN.type


async def test_the_types_of_events_are_stored_before_the_events() -> None:
    installation = Installation()
    stored: list[frozenset[str]] = []
    installation.table.line.meanwhile = [lambda: stored.append(installation.table.rows[LANE].event_types)] * 2
    await installation.handle([record(CREATE_ADA, 1)], [record(MOVE_ADA_TO_TURIN, 2)])
    assert stored == [{CREATED}, {CREATED, UPDATED}]


async def test_types_that_are_stored_already_are_not_stored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[set[str]] = []
    note = Table.note_event_types

    def noting(table: Table, lane: LaneKey, epoch: int, types: set[str]) -> None:
        noted.append(types)
        note(table, lane, epoch, types)

    monkeypatch.setattr(Table, "note_event_types", noting)
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1)], [record(BOB, 2)])
    await installation.handle([record(MOVE_ADA_TO_TURIN, 3)])
    assert noted == [{CREATED}, {UPDATED}]


async def test_a_lane_with_an_event_that_this_release_does_not_know_is_not_begun() -> None:
    installation = Installation()
    installation.table.rows[LANE] = LaneRow(event_types=frozenset({ADA_CREATED.type, NEWER_EVENT}))
    lane = installation.lane()
    with pytest.raises(NewerRelease, match=rf"{NEWER_EVENT} was written by a newer release"):
        await lane.acquire()
    assert NEWER_EVENT in lane.required_types, "the next owner is told"
    assert not installation.published


async def test_a_stream_with_such_an_event_is_not_decided_on() -> None:
    """Written before types were noted, or by a restored table."""
    rows = event_rows(ADA_CREATED, ADA_CREATED)
    installation = Installation()
    installation.table.write([rows[0], rows[1]._replace(type="UserUpdated", schema_version=9)])
    installation.table.rows[LANE] = LaneRow(sequence=2, mark=Mark(0, -1))
    lane = installation.lane()
    await lane.acquire()
    with pytest.raises(NewerRelease, match=NEWER_EVENT):
        await lane.handle([record(MOVE_ADA_TO_TURIN, 1)])
    lane.abandon()
    assert not installation.table.handled
    assert len(installation.published) == 2, "what the newer release has committed is published all the same"


def newer_command(wire_type: str) -> list[InboundRecord]:
    original = record(CREATE_ADA, 1)
    headers = [(name, wire_type.encode() if name == "ce_type" else value) for name, value in original.headers]
    return [original._replace(headers=headers)]


@pytest.mark.parametrize("wire_type", [NEWER_COMMAND, "users.PromoteUser.v1"])
async def test_a_command_that_another_worker_knows_is_left_to_it_with_its_batch(wire_type: str) -> None:
    installation = Installation(newer_types=frozenset({wire_type}))
    lane = installation.lane()
    await lane.acquire()
    before = record(BOB, 0)
    with pytest.raises(NewerRelease, match=wire_type):
        await lane.handle([before, *newer_command(wire_type)])
    lane.abandon()
    assert not installation.table.handled
    assert not installation.dead_letters


@pytest.mark.parametrize(
    ("wire_type", "reason"), [(NEWER_COMMAND, b"NewerRelease"), ("users.PromoteUser.v1", b"UnknownType")]
)
async def test_a_command_that_no_worker_knows_stops_no_lane_and_is_kept(wire_type: str, reason: bytes) -> None:
    installation = Installation()
    await installation.handle(newer_command(wire_type), [record(CREATE_ADA, 2, offset=2)])
    (letter,) = installation.dead_letters
    assert dict(letter.headers)["dlq_reason"] == reason
    assert letter.value == CREATE_ADA.to_json()
    assert installation.outcome(2).status == "accepted"
