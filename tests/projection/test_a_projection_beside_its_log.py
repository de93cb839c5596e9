"""`ProjectionLane`: what it reads from the table, where it continues, and when it checks what it has written."""

import pytest

from contracts.catalogue import stored_events
from contracts.topics import Topics
from contracts.users.examples import ADA_CREATED, ADA_DELETED, ADA_WELCOMED
from tests.counted import Counted
from tests.lanes.recorded_rows import TOPIC, RowsInMemory, event_rows, inbound
from tests.projection.lossy_scene import Hands, Scene, scene_at_rest, whole
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_projection_lane import ADA, BOB_CREATED, LOG, MADE_BY, PLACE, ROWS, everything, lane_on
from workers.domain.users.card import card
from workers.lanes.sequenced import IDLE_LOOKS
from workers.lanes.work import Restart
from workers.ports.read_models import Checkpoint, Generation
from workers.projection.integrity import LOOK_INTERVAL_SECONDS, Integrity
from workers.projection.lane import ProjectionLane

USERS = Generation("users")


async def test_reads_from_the_table_what_the_log_does_not_bring() -> None:
    holes = Counted(annals_log_gaps_filled_total={"role": "projection", "topic": TOPIC})
    store = ModelsInMemory()
    lane = lane_on(store)
    await lane.acquire()
    await lane.handle(LOG[:2])
    for _ in range(2 * IDLE_LOOKS):
        await lane.idle()
    assert store.kept == await everything()
    assert store.checkpoints[PLACE] == Checkpoint(5, 2, MADE_BY), "its log is read on from where it was"
    assert holes.grown() == {"annals_log_gaps_filled_total": 3}
    await lane.handle(LOG[2:])
    assert store.kept == await everything(), "when the log brings it after all, these are repeats"


async def test_counts_repeats_and_what_fills_a_hole() -> None:
    labels = {"role": "projection", "topic": TOPIC}
    counted = Counted(annals_repeats_dropped_total=labels, annals_log_gaps_filled_total=labels)
    lane = lane_on(ModelsInMemory())
    await lane.acquire()
    await lane.handle([inbound(ROWS[0], 0), inbound(ROWS[3], 1), inbound(ROWS[2], 2), inbound(ROWS[4], 3)])
    assert counted.grown() == {"annals_repeats_dropped_total": 1, "annals_log_gaps_filled_total": 2}


async def test_reports_the_age_of_its_newest_event_and_nothing_once_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = {"projection": "users", "partition": "0"}
    staleness = Counted(annals_projection_staleness_seconds=stale)
    lane = lane_on(ModelsInMemory())
    before = ROWS[-1].recorded_at.timestamp()
    await lane.acquire()
    await lane.idle()
    monkeypatch.setattr("workers.projection.lane.time.time", lambda: before + 42)
    base = staleness.grown()["annals_projection_staleness_seconds"]
    await lane.handle(LOG)
    assert staleness.grown()["annals_projection_staleness_seconds"] - base == 42
    await lane.idle()
    assert staleness.grown()["annals_projection_staleness_seconds"] == base
    ahead = lane_on(ModelsInMemory())
    await ahead.acquire()
    monkeypatch.setattr("workers.projection.lane.time.time", lambda: before - 42)
    await ahead.handle(LOG)
    assert staleness.grown()["annals_projection_staleness_seconds"] == base, "no clock makes it younger"


async def test_keeps_another_owners_place_when_it_has_nothing_of_its_own_to_write() -> None:
    store = ModelsInMemory()
    first, second = lane_on(store), lane_on(store)
    await first.acquire()
    await first.handle(LOG[:2])
    await second.acquire()
    await second.handle(LOG[2:4])
    with pytest.raises(Restart, match="another has changed the read model's checkpoint"):
        await first.idle()


def integrity(store: ModelsInMemory, hands: Hands, rows: RowsInMemory | None = None) -> Integrity:
    return Integrity(card, 0, rows or RowsInMemory(ROWS), store, hands)


def test_is_looked_at_when_it_is_time_and_once() -> None:
    hands = Hands()
    looks = integrity(ModelsInMemory(), hands)
    answers = []
    for seconds in (0.0, LOOK_INTERVAL_SECONDS - 0.5, 0.5, 0.0, LOOK_INTERVAL_SECONDS):
        hands.now += seconds
        answers.append(looks.is_due())
    assert answers == [False, False, True, False, True]


async def test_is_looked_at_stretch_by_stretch_and_from_the_beginning_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 2)
    rows = event_rows(ADA_CREATED, ADA_WELCOMED, ADA_WELCOMED, BOB_CREATED, ADA_WELCOMED)
    looks = integrity(ModelsInMemory(), Hands(), RowsInMemory(rows))
    missing = [await looks.next_missing(USERS, 5, by_this_code=True) for _ in range(5)]
    assert missing == [[ADA], ["bob"], [], None, [ADA]]
    looks.suspect("for the test", restart=True)
    assert await looks.next_missing(USERS, 5, by_this_code=True) == [ADA]
    looks.suspect("for another reason")
    assert looks.suspicion == "for the test", "the first reason is what is said"
    assert await looks.next_missing(USERS, 5, by_this_code=True) == ["bob"], "a look that is under way goes on"
    assert await looks.next_missing(USERS, 3, by_this_code=True) is None, "no further than the lane has come"


async def test_a_suspicion_begins_at_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.SEQUENCES_AT_A_TIME", 1)
    looks = integrity(ModelsInMemory(), Hands())
    assert await looks.next_missing(USERS, 5, by_this_code=True) == [ADA]
    looks.suspect("for the test")
    assert await looks.next_missing(USERS, 5, by_this_code=True) == [ADA]


def test_a_stream_without_a_document_is_remembered_until_it_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.projection.integrity.MAX_REMEMBERED", 2)
    looks = integrity(ModelsInMemory(), Hands())

    def without_document() -> list[str]:
        return [stream_id for stream_id in ("a", "b", "c", "d") if looks.has_no_document(stream_id)]

    looks.note({"a": None, "b": b"{}", "c": None})
    assert without_document() == ["a", "c"]
    looks.note({"a": b"{}"})
    assert without_document() == ["c"]
    looks.note({"a": None, "b": None})
    assert without_document() == ["a", "b", "c"]
    looks.note({"a": b"{}"})
    looks.note({"a": None, "d": None, "b": None})
    assert without_document() == ["a", "b", "c", "d"], "two are not yet too many"
    looks.note({"a": None})
    assert without_document() == ["a"], "the list is full and was dropped: these streams are looked at again"
    looks.forget()
    assert without_document() == []


async def test_begins_over_documents_of_before_and_ends_with_the_table() -> None:
    """Until the lane has all that the table has, the documents from before may lack entries."""
    scene = Scene(event_rows(ADA_CREATED, BOB_CREATED, ADA_WELCOMED, ADA_DELETED))
    await scene.lane.acquire()
    await scene.lane.handle(scene.log)
    scene.store.forget_checkpoints()
    lane = scene.another()
    await lane.acquire()
    await lane.handle(scene.log[:2])
    await lane.idle()
    assert scene.store.checkpoints[PLACE].over_leftovers, "the table has more"
    await lane.handle(scene.log[2:])
    await lane.idle()
    assert scene.store.checkpoints[PLACE] == Checkpoint(4, 4, MADE_BY)
    commits = scene.store.line.commits
    await lane.idle()
    assert scene.store.line.commits == commits, "it is written once"


async def test_that_builds_a_generation_leaves_checks_to_the_lane_of_the_live_one() -> None:
    scene = await scene_at_rest()
    building = ProjectionLane(card, Topics(), 0, stored_events(), scene.table, scene.store, USERS, scene.hands)
    await building.acquire()
    scene.store.lose_document(ADA)
    scene.hands.turn()
    await building.idle()
    assert ADA not in scene.store.kept
    await scene.noticed()
    assert (scene.store.kept, scene.store.found_by()) == await whole()


async def test_reads_its_log_again_from_one_record_before_after_a_repair() -> None:
    scene = await scene_at_rest(until=4)
    scene.store.lose_document(ADA)
    await scene.noticed()
    assert scene.store.checkpoints[PLACE] == Checkpoint(4, 3, MADE_BY)
    assert await scene.another().acquire() == 3
