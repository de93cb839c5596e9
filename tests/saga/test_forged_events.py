"""`SagaLane`: what somebody else has written to the log changes nothing; the table's events are applied instead."""

import pytest

from contracts.users.events import UserWelcomed
from infra.memory import saga_rows
from tests.counted import Counted
from tests.lanes.in_memory import write
from tests.lanes.recorded_rows import TOPIC, event_rows, inbound, inbound_all
from tests.saga.installation import LANE, ROWS, Installation, created
from tests.saga.test_a_saga_lane import ADA
from tests.saga.test_lanes_share_an_instance import progress
from workers.lanes.sequenced import IDLE_LOOKS
from workers.ports.event_store import EventRow
from workers.ports.log import InboundRecord

FORGED_ID = "00000000-0000-5000-8000-00000000f00d"
LAST = len(ROWS)


def forged(sequence: int, name: str = "mallory", **changes: object) -> EventRow:
    """A well-formed event of a user that does not exist."""
    (row,) = event_rows(created(name))
    return row._replace(sequence=sequence, event_id=FORGED_ID)._replace(**changes)  # type: ignore[arg-type]  # by name


async def after(*records: InboundRecord) -> Installation:
    """An installation of which a lane has read these records."""
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(records)
    return installation


async def test_with_the_next_sequence_are_not_applied() -> None:
    counted = Counted(annals_events_forged_total={"role": "saga", "topic": TOPIC})
    installation = await after(*inbound_all(ROWS), inbound(forged(LAST + 1), LAST))
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert "mallory" not in installation.statuses
    assert progress(installation) == (LAST + 1, LAST), "the record is passed, its sequence is still to come"
    assert counted.grown() == {"annals_events_forged_total": 1}


async def test_do_not_keep_the_true_event_of_their_sequence_from_coming() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle([*inbound_all(ROWS), inbound(forged(LAST + 1), LAST), inbound(forged(LAST + 2), LAST + 1)])
    later = [
        row._replace(sequence=LAST + row.sequence, event_id=f"00000000-0000-5000-8000-00000000000{LAST + row.sequence}")
        for row in event_rows(created("dora"), created("eve"))
    ]
    write(installation.store.table, later)
    await lane.handle([inbound(row, row.sequence + 1) for row in later])
    assert installation.welcomed == [ADA, "bob", "carl", "dora", "eve"]
    assert progress(installation) == (LAST + 4, LAST + 2)


@pytest.mark.parametrize(
    "copy",
    [
        inbound(forged(2), 1),
        inbound(ROWS[1]._replace(data=created("mallory").to_json()), 1),
        inbound(ROWS[1]._replace(stream_id="mallory", data=created("mallory").to_json()), 1),
        inbound(ROWS[1]._replace(recorded_at=ROWS[4].recorded_at), 1),
        inbound(ROWS[1]._replace(actor="mallory"), 1),
        inbound(ROWS[1]._replace(actor="a\x1fb"), 1),
        inbound(ROWS[1]._replace(type="UserWelcomed", schema_version=1, data=UserWelcomed(user_id="bob").to_json()), 1),
    ],
    ids=["another event", "other data", "another stream", "time", "actor", "unstorable actor", "type"],
)
async def test_in_the_place_of_a_true_one_give_way_to_it(copy: InboundRecord) -> None:
    counted = Counted(annals_events_forged_total={"role": "saga", "topic": TOPIC})
    records = inbound_all(ROWS)
    installation = await after(records[0], copy, *records[1:])
    untouched = await after(*records)
    assert installation.statuses == untouched.statuses
    assert [step[:4] + step[5:] for step in installation.store.outbox] == [
        step[:4] + step[5:] for step in untouched.store.outbox
    ]
    assert installation.store.table.journal == untouched.store.table.journal
    assert progress(installation)[1] == LAST
    assert counted.grown() == {"annals_events_forged_total": 1}


async def test_are_counted_each() -> None:
    counted = Counted(annals_events_forged_total={"role": "saga", "topic": TOPIC})
    await after(*(inbound(forged(sequence), sequence) for sequence in (1, 2, LAST + 1)))
    assert counted.grown() == {"annals_events_forged_total": 3}


async def test_do_not_stop_a_lane_that_waits_for_more() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle([inbound(forged(1), 0)])
    assert installation.statuses.keys() == {ADA}, "the true one of this place"
    for _ in range(2 * IDLE_LOOKS):
        await lane.idle()
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert installation.store.rows[LANE].input_sequence == LAST


async def test_are_applied_when_the_commit_does_not_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the tests above."""
    monkeypatch.setattr(saga_rows, "require_stored", lambda *_: None)
    installation = await after(*inbound_all(ROWS), inbound(forged(LAST + 1), LAST))
    assert installation.welcomed == [ADA, "bob", "carl", "mallory"]
