"""`SagaLane`: what it takes from elsewhere than its log, where it goes on, and how a parked stream is tried again."""

from dataclasses import replace
from typing import Any

import pytest

from tests.counted import Counted
from tests.lanes.recorded_rows import TOPIC, event_rows, inbound, inbound_all
from tests.saga.greeting import Greeting, greeting
from tests.saga.installation import LANE, ROWS, Installation, created
from tests.saga.test_a_bug_in_a_saga import failing_for
from tests.saga.test_a_saga_lane import ADA
from tests.saga.test_lanes_share_an_instance import moved_by_another, progress
from workers import telemetry
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.lanes.sequenced import IDLE_LOOKS
from workers.ports.sagas import InstanceKey


async def test_follows_from_the_table_what_the_log_does_not_bring() -> None:
    holes = Counted(annals_log_gaps_filled_total={"role": "saga", "topic": TOPIC})
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS[:2]))
    for _ in range(2 * IDLE_LOOKS):
        await lane.idle()
    assert installation.welcomed == [ADA, "bob", "carl"]
    assert progress(installation) == (2, 5), "its log is read on from where it was"
    assert holes.grown() == {"annals_log_gaps_filled_total": 3}
    await lane.handle([inbound(row, row.sequence - 1) for row in ROWS[2:]])
    assert progress(installation) == (5, 5)
    assert installation.welcomed == [ADA, "bob", "carl"], "when the log brings it after all, these are repeats"


async def test_reads_on_from_another_offset_of_another_topic_when_it_is_asked_to() -> None:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    await lane.handle(inbound_all(ROWS[:2]))
    await lane.rebase(7, "topic-2", None)
    assert (lane.topic_id, installation.store.rows[LANE].consumed) == ("topic-2", 7)
    installation.pass_seconds(60)
    for _ in range(2 * IDLE_LOOKS):
        await lane.idle()
    assert progress(installation) == (7, 5), "what is written without a record leaves the new offset"
    following = installation.lane()
    assert (await following.acquire(), following.topic_id) == (7, "topic-2")


async def test_numbers_its_steps_behind_those_of_its_last_owner() -> None:
    installation = Installation()
    for rows in (ROWS[:1], ROWS[1:2], ROWS[2:]):
        lane = installation.lane()
        await lane.acquire()
        await lane.handle([inbound(row, row.sequence - 1) for row in rows])
    assert [step.position for step in installation.store.outbox] == [1, 2, 3]


async def test_counts_what_is_parked_and_what_waits() -> None:
    parked = Counted(annals_streams_parked_total={"follower": "welcome", "topic": TOPIC})
    waiting = telemetry.WAITING.labels("welcome", TOPIC, "0")
    installation = Installation()
    lane = installation.lane(failing_for(ADA))
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    await lane.idle()
    assert (parked.grown(), waiting._value.get()) == ({"annals_streams_parked_total": 1}, 1)
    installation.store.table.request(LANE, "welcome", ADA, "skip")
    await lane.idle()
    assert (parked.grown(), waiting._value.get()) == ({"annals_streams_parked_total": 2}, 1), "so does its next"
    fixed = installation.lane()
    installation.store.table.request(LANE, "welcome", ADA, "retry")
    await fixed.acquire()
    await fixed.idle()
    assert waiting._value.get() == 0


async def test_whose_code_is_not_fixed_lets_the_stream_wait_on_and_counts_its_attempts() -> None:
    installation = Installation()
    lane = installation.lane(failing_for(ADA))
    await lane.acquire()
    await lane.handle(inbound_all(ROWS))
    before = installation.store.waiting["welcome", ADA]
    installation.store.table.request(LANE, "welcome", ADA, "retry")
    await lane.idle()
    after = installation.store.waiting["welcome", ADA]
    assert after == before._replace(attempts=2 * before.attempts)
    assert installation.store.requested == []
    await lane.idle()
    assert installation.store.waiting["welcome", ADA] == after, "no retry was requested"


async def test_tries_a_parked_stream_again_on_the_newer_state_when_another_lane_gets_ahead() -> None:
    def once_broken(broken: set[str]) -> Saga[Any]:
        def evolve(state: Greeting, recorded: Recorded) -> Greeting:
            if recorded.stream_id in broken:
                raise KeyError("a bug")
            return greeting.evolve(state, recorded)

        return replace(greeting, evolve=evolve)

    rows = event_rows(created("ada"), created("bob"))
    installation, broken = Installation(rows), {"ada"}
    lane = installation.lane([once_broken(broken)])
    await lane.acquire()
    await lane.handle(inbound_all(rows))
    broken.clear()
    installation.store.table.request(LANE, "greeting", "ada", "retry")
    installation.store.line.meanwhile = [lambda: moved_by_another(installation, "ada")] * 3
    await lane.idle()
    assert installation.store.waiting == {}
    row = installation.store.stored[InstanceKey("greeting", "ada")]
    assert (row.version, Greeting.model_validate_json(row.state).events) == (4, ("OrderPlaced", "UserCreated"))
    assert [step.stream_id for step in installation.store.outbox] == ["bob", "ada"]


async def test_of_a_stream_that_waits_takes_no_later_event() -> None:
    installation = Installation()
    lane = installation.lane(failing_for(ADA))
    await lane.acquire()
    await lane.handle(inbound_all(ROWS[:2]))
    following = installation.lane()
    await following.acquire()
    await following.handle([inbound(row, row.sequence - 1) for row in ROWS[2:]])
    assert ADA not in installation.statuses, "its welcome would be decided without its creation"
    assert list(installation.store.waiting) == [("welcome", ADA)]


@pytest.mark.parametrize("most", [0, 1])
async def test_stops_when_too_many_streams_would_wait(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.parking.MAX_PARKED_STREAMS", most)
    installation = Installation()
    lane = installation.lane(failing_for(ADA))
    await lane.acquire()
    if most:
        await lane.handle(inbound_all(ROWS))
        assert len(installation.store.waiting) == 1
    else:
        with pytest.raises(Exception, match="welcome cannot apply the events of more than 0 streams"):
            await lane.handle(inbound_all(ROWS))
        assert (installation.store.waiting, progress(installation)) == ({}, (0, 0))


async def test_counts_instances_whose_code_fails_on_an_internal_event() -> None:
    failed = Counted(annals_saga_internal_events_failed_total={"saga": "greeting"})
    moved = Counted(annals_saga_instance_conflicts_total={"topic": TOPIC})
    rows = event_rows(created("ada"))
    installation = Installation(rows)

    def decide(state: Greeting, recorded: Recorded) -> Any:
        if recorded.sequence == 0:
            raise KeyError("a bug")
        return greeting.decide(state, recorded)

    lane = installation.lane([replace(greeting, decide=decide)])
    await lane.acquire()
    await lane.handle(inbound_all(rows))
    installation.pass_seconds(60)
    await lane.idle()
    assert failed.grown() == {"annals_saga_internal_events_failed_total": 1}
    assert moved.grown() == {"annals_saga_instance_conflicts_total": 0}


async def test_lets_an_instance_handle_at_once_again_when_another_lane_got_ahead() -> None:
    moved = Counted(annals_saga_instance_conflicts_total={"topic": TOPIC})
    rows = event_rows(created("ada"))
    installation = Installation(rows)
    lane = installation.lane([greeting])
    await lane.acquire()
    await lane.handle(inbound_all(rows))
    installation.pass_seconds(60)
    installation.store.line.meanwhile = [lambda: moved_by_another(installation, "ada")]
    await lane.idle()
    assert moved.grown() == {"annals_saga_instance_conflicts_total": 1}
    await lane.idle()
    row = installation.store.stored[InstanceKey("greeting", "ada")]
    assert Greeting.model_validate_json(row.state).events == ("UserCreated", "DeadlinePassed")
    assert progress(installation) == (1, 1), "what is handled moves no place in the log"
