"""`ProjectionLane` with code that raises at an event: its stream waits, all others go on, and a fix applies it."""

from collections.abc import Container
from dataclasses import replace

import pytest

from tests.projection.models import ModelsInMemory
from tests.projection.test_a_projection_lane import ADA, LOG, MADE_BY, PLACE, everything, lane_on, read_on
from workers import telemetry
from workers.core.projection import Document, Projection
from workers.core.recorded import Recorded
from workers.domain.users.card import card
from workers.ports.lanes import Unavailable
from workers.ports.parked import ParkedStreamRequest, TooManyParked


def failing_at(sequences: Container[int]) -> Projection:
    """The user card, by code with a bug."""

    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        if recorded.sequence in sequences:
            raise ValueError("a bug")
        return card.evolve(document, recorded)

    return replace(card, evolve=evolve)


async def test_parks_the_stream_of_an_event_that_its_code_cannot_apply_and_goes_on_with_all_others() -> None:
    store = ModelsInMemory()
    await read_on(lane_on(store, failing_at({3})), LOG)
    whole = await everything()
    assert store.kept["bob"] == whole["bob"]
    assert (store.kept[ADA]["version"], store.kept[ADA]["city"]) == (1, "London")
    assert store.checkpoints[PLACE].sequence == 5
    waiting = store.waiting[ADA]
    assert (waiting.stream_version, waiting.sequence, waiting.event_type) == (2, 3, "users.UserWelcomed.v1")
    assert waiting.recorded_at == "2026-01-01T00:00:03.000000Z"


async def test_brings_a_parked_stream_up_to_date_in_order_when_the_code_is_fixed() -> None:
    store = ModelsInMemory()
    await read_on(lane_on(store, failing_at({3})), LOG)
    lane = lane_on(store)
    await read_on(lane, LOG)
    await lane.idle()
    assert ADA in store.waiting, "no operator has asked yet"
    store.request(*PLACE, ParkedStreamRequest("users", ADA, "retry"))
    await lane.idle()
    assert (store.waiting, store.requested) == ({}, [])
    assert store.kept == await everything()
    written = store.checkpoints[PLACE]
    assert (written.sequence, written.offset) == (5, 4), "no further; one record is read again"


async def test_whose_code_is_not_fixed_lets_the_stream_wait_on_and_counts_its_attempts() -> None:
    store = ModelsInMemory()
    lane = lane_on(store, failing_at({3}))
    await read_on(lane, LOG)
    attempts = store.waiting[ADA].attempts
    store.request(*PLACE, ParkedStreamRequest("users", ADA, "retry"))
    await lane.idle()
    assert store.waiting[ADA].attempts == 2 * attempts
    assert store.requested == []
    assert store.kept[ADA]["version"] == 1


async def test_passes_over_an_event_when_told_to_and_applies_those_behind_it() -> None:
    store = ModelsInMemory()
    lane = lane_on(store, failing_at({3}))
    await read_on(lane, LOG[:4])
    store.request(*PLACE, ParkedStreamRequest("users", ADA, "skip"))
    await lane.handle(LOG[4:])
    assert store.waiting == {}
    assert (store.kept[ADA]["welcomed_at"], store.kept[ADA]["version"]) == (None, 3)


async def test_keeps_what_waits_when_an_answer_is_lost() -> None:
    store = ModelsInMemory()
    lane = lane_on(store, failing_at({3}))
    await lane.acquire()
    store.line.answers_lost = 1
    with pytest.raises(Unavailable):
        await lane.handle(LOG)
    await read_on(lane, LOG)
    assert list(store.waiting) == [ADA]
    assert store.kept["bob"]["version"] == 2


async def test_stops_when_too_many_streams_would_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.parking.MAX_PARKED_STREAMS", 1)
    store = ModelsInMemory()
    lane = lane_on(store, failing_at(range(10)))
    await lane.acquire()
    with pytest.raises(TooManyParked):
        await lane.handle(LOG)
    assert (store.kept, store.waiting, store.checkpoints) == ({}, {}, {})


async def test_reports_when_its_code_is_not_that_which_began_the_read_model() -> None:
    store = ModelsInMemory()
    await read_on(lane_on(store, failing_at(())), LOG[:2])
    await read_on(lane_on(store), LOG)
    assert telemetry.OUTDATED.labels("users", "0")._value.get() == 1
    assert store.checkpoints[PLACE].built_by not in ("", MADE_BY), "the fingerprint of the code that began it is kept"
    fresh = ModelsInMemory()
    await read_on(lane_on(fresh), LOG)
    assert telemetry.OUTDATED.labels("users", "0")._value.get() == 0
