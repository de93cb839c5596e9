"""What the lanes of a process count for its operators: by the names and labels that dashboards rely on."""

import pytest
from prometheus_client import REGISTRY

from tests.counted import Counted
from tests.lanes.test_a_lane_of_this_process import FAULTS, become, held
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.lanes.watch import Watch

LABELS = {"role": "command", "topic": PARTITION.topic}


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that a test can sit out."""
    monkeypatch.setattr("workers.lanes.runner.RETRY_DELAY_SECONDS", 0.001)
    monkeypatch.setattr("workers.lanes.faults.FENCED_DELAY_SECONDS", 0.001)


async def test_is_each_lane_taken_and_each_that_is_held() -> None:
    counted = Counted(annals_lane_takeovers_total=LABELS, annals_lanes_held=LABELS)
    async with held(WorkOnScript(), SubscriptionInMemory()):
        assert counted.grown() == {"annals_lane_takeovers_total": 1, "annals_lanes_held": 1}
    assert counted.grown() == {"annals_lane_takeovers_total": 1, "annals_lanes_held": 0}


async def test_is_each_batch_with_its_records() -> None:
    counted = Counted(
        annals_batch_records_sum={"role": "command"},
        annals_batch_seconds_count={"role": "command"},
        annals_lane_last_progress_timestamp_seconds={
            **LABELS,
            "follower": "",
            "partition": str(PARTITION.partition),
        },
    )
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        runner.offer(records(0, 30))
        await become(lambda: len(work.handled) >= 30, "all are handled")
        await become(lambda: work.journal[-1] == "idle", "the lane has gone on")
        grown = counted.grown()
    assert grown["annals_batch_records_sum"] == 30
    assert grown["annals_batch_seconds_count"] >= 1
    assert grown["annals_lane_last_progress_timestamp_seconds"] > 0


async def test_is_how_far_a_lane_is_by_the_process_that_has_it_and_no_other() -> None:
    lane = {**LABELS, "follower": "", "partition": str(PARTITION.partition)}

    def shown() -> list[str]:
        samples = (sample for family in REGISTRY.collect() for sample in family.samples)
        return sorted(sample.name for sample in samples if sample.labels == lane)

    subscription = SubscriptionInMemory()
    subscription.position[PARTITION] = 0
    before = shown()
    async with held(WorkOnScript(), subscription) as runner:
        await Watch("command", subscription).look([runner])
        meanwhile = shown()
    assert (before, shown()) == ([], [])
    assert set(meanwhile) >= {"annals_lane_caught_up", "annals_lane_interrupted", "annals_lane_lag"}


@pytest.mark.parametrize("name", FAULTS)
async def test_is_each_fault_by_its_kind(name: str) -> None:
    fault = FAULTS[name]
    counted = Counted(
        annals_lane_faults_total={"role": "command", "fault": type(fault).__name__}, annals_lane_fenced_total=LABELS
    )
    work = WorkOnScript()
    async with held(work, SubscriptionInMemory()) as runner:
        work.faults["handle"] = [fault]
        runner.offer(records(0, 3))
        await become(lambda: counted.grown()["annals_lane_faults_total"] >= 1, "the fault is counted")
        await become(lambda: runner.active, "the lane is held again")
    assert counted.grown()["annals_lane_fenced_total"] == (1 if name == "another owner" else 0)


@pytest.mark.parametrize("step", ["acquire", "handle", "release"])
async def test_is_a_lane_as_held_once_or_not_at_all_however_it_was_dropped(step: str) -> None:
    lanes = Counted(annals_lanes_held=LABELS)
    work = WorkOnScript()
    work.faults[step] = [FAULTS["a bug"]]
    async with held(work, SubscriptionInMemory()) as runner:
        if step == "handle":
            runner.offer(records(0, 1))
            await become(lambda: len(work.taken_at) == 2 and runner.active, "the lane is held again")
        assert lanes.grown() == {"annals_lanes_held": 1}
    assert lanes.grown() == {"annals_lanes_held": 0}
