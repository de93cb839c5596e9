"""What a projection counts for its operators: by the names and labels that dashboards rely on."""

from prometheus_client import REGISTRY

from tests.counted import Counted
from tests.lanes.recorded_rows import TOPIC
from tests.projection.models import ModelsInMemory
from tests.projection.test_a_bug_in_a_projection import failing_at
from tests.projection.test_a_projection_lane import LOG, lane_on, read_on


async def test_is_each_event_applied() -> None:
    applied = Counted(annals_events_projected_total={"projection": "users"})
    await read_on(lane_on(ModelsInMemory()), LOG)
    assert applied.grown() == {"annals_events_projected_total": len(LOG)}


async def test_is_each_stream_parked_and_how_many_wait() -> None:
    parked = Counted(annals_streams_parked_total={"follower": "users", "topic": TOPIC})
    await read_on(lane_on(ModelsInMemory(), failing_at({1, 3})), LOG)
    assert parked.grown() == {"annals_streams_parked_total": 1}
    await read_on(lane_on(ModelsInMemory(), failing_at({1, 2})), LOG)
    assert parked.grown() == {"annals_streams_parked_total": 3}
    waiting = {"follower": "users", "topic": TOPIC, "partition": "0"}
    assert REGISTRY.get_sample_value("annals_streams_waiting", waiting) == 2


async def test_is_each_lane_whose_read_model_was_gone() -> None:
    rebuilt = Counted(annals_projection_rebuilds_total={"projection": "users"})
    store = ModelsInMemory()
    lane = lane_on(store)
    await read_on(lane, LOG)
    await read_on(lane, LOG)
    assert rebuilt.grown() == {"annals_projection_rebuilds_total": 0}, "it is there"
    store.empty()
    await read_on(lane, LOG)
    assert rebuilt.grown() == {"annals_projection_rebuilds_total": 1}
    store.empty()
    await read_on(lane_on(store), LOG)
    assert rebuilt.grown() == {"annals_projection_rebuilds_total": 1}, "a lane that never had one begins it"
