"""`LaneInput`: the topic that a lane reads, when the lane is taken: fit to be read or not, and counted when it is not
the one that it was.
"""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from tests.counted import Counted
from tests.lanes.work import PARTITION, SubscriptionInMemory, WorkOnScript, records
from workers.lanes.beginning import LaneInput
from workers.lanes.interruptions import FOLLOWED_RECORDS
from workers.lanes.work import Restart
from workers.ports.log import Partition, TopicMisfit, TopicState

TOPIC = PARTITION.topic


@dataclass
class Reading:
    """A lane whose topic holds a hundred records and has so many partitions as it should."""

    partitions: int | None = 6
    partition: Partition = PARTITION
    work: WorkOnScript = field(default_factory=WorkOnScript)
    subscription: SubscriptionInMemory = field(default_factory=SubscriptionInMemory)

    def __post_init__(self) -> None:
        self.subscription.states[TOPIC] = TopicState("topic-1", 6)
        self.subscription.topics[self.partition] = records(0, 100, self.partition)
        self.input = LaneInput("saga", self.partition, self.work, self.subscription, self.partitions)

    async def begin(self, consumed: int, topic_id: str = "topic-1") -> int:
        self.work.topic_id = topic_id
        return await self.input.begin(consumed)


async def test_that_is_as_it_was_is_read_on_and_nothing_is_stored() -> None:
    reading = Reading()
    reading.work.consumed = 7
    assert await reading.begin(40) == 40
    assert (reading.work.consumed, reading.work.interruptions) == (7, [])


async def test_that_cannot_tell_its_id_leaves_the_stored_one() -> None:
    reading = Reading()
    reading.subscription.states[TOPIC] = TopicState("", 6)
    assert await reading.begin(40) == 40
    assert reading.work.topic_id == "topic-1"


@pytest.mark.parametrize("partitions", [5, 7])
async def test_with_another_number_of_partitions_is_not_begun(partitions: int) -> None:
    reading = Reading()
    reading.subscription.states[TOPIC] = TopicState("topic-1", partitions)
    with pytest.raises(TopicMisfit) as refused:
        await reading.begin(40)
    assert str(refused.value) == str(TopicMisfit(TOPIC, partitions, 6))


async def test_may_have_any_number_where_none_is_wanted() -> None:
    assert await Reading(partitions=None).begin(40) == 40


@pytest.mark.parametrize("wanted", [6, None])
async def test_that_is_not_there_is_not_begun(wanted: int | None) -> None:
    reading = Reading(partitions=wanted)
    reading.subscription.states[TOPIC] = TopicState("", 0)
    with pytest.raises(TopicMisfit, match="does not exist") as refused:
        await reading.begin(40)
    assert refused.value.wanted == (wanted or 0)


@pytest.mark.parametrize("number", [6, 7])
async def test_has_no_lane_behind_the_last_partition_of_the_installation(number: int) -> None:
    """The group may still give one, of the topic as it was or as it will be."""
    await Reading(partition=Partition(TOPIC, 5)).input.check()
    with pytest.raises(TopicMisfit) as refused:
        await Reading(partition=Partition(TOPIC, number)).input.check()
    assert str(refused.value) == str(TopicMisfit(TOPIC, number + 1, 6))


async def test_that_was_shortened_from_behind_its_lane_is_an_interruption_that_is_counted() -> None:
    counted = Counted(
        annals_log_interruptions_total={"role": "saga", "topic": TOPIC, "kind": "deleted"},
        annals_records_missing_total={"role": "saga", "topic": TOPIC},
    )
    reading = Reading()
    reading.subscription.starts[PARTITION] = 60
    with capture_logs() as entries:
        assert await reading.begin(40) == 60
    (actual,) = reading.work.interruptions
    facts = actual._asdict()
    assert list(facts.values()) == ["deleted", "topic-1", "topic-1", 40, 60, 100, 20]
    assert reading.work.consumed == 60
    assert counted.grown() == {"annals_log_interruptions_total": 1, "annals_records_missing_total": 20}
    (line,) = entries
    place = {"role": "saga", "topic": TOPIC, "partition": 0, "reads_from": 60, **facts}
    assert {name: line[name] for name in place} == place
    assert (line["log_level"], "annals lanes acknowledge" in line["advice"]) == ("error", True)


async def test_that_was_shortened_costs_nothing_whichever_owner_has_the_table() -> None:
    missing = Counted(annals_records_missing_total={"role": "saga", "topic": TOPIC})
    reading = Reading()
    reading.work.can_read_the_table = True
    reading.subscription.starts[PARTITION] = 60
    assert await reading.begin(40) == 60
    assert missing.grown() == {"annals_records_missing_total": 0}


async def test_that_was_recreated_is_counted_and_it_is_unknown_how_many_are_missing() -> None:
    counted = Counted(
        annals_log_interruptions_total={"role": "saga", "topic": TOPIC, "kind": "recreated"},
        annals_records_missing_total={"role": "saga", "topic": TOPIC},
    )
    reading = Reading()
    assert await reading.begin(40, "topic-0") == 0
    assert counted.grown() == {"annals_log_interruptions_total": 1, "annals_records_missing_total": 0}
    assert (reading.work.consumed, reading.work.topic_id) == (0, "topic-1")


async def test_that_was_recreated_is_read_near_its_end_by_the_owner_with_the_table() -> None:
    reading = Reading()
    reading.work.can_read_the_table = True
    reading.subscription.topics[PARTITION] = records(0, FOLLOWED_RECORDS + 30)
    assert await reading.begin(40, "topic-0") == 30


async def test_changes_while_it_is_read_only_by_what_had_not_come() -> None:
    reading = Reading()
    await reading.begin(40)
    (extent,) = (await reading.subscription.extents([PARTITION])).values()
    gone = extent._replace(start=60)
    assert reading.input.changed(extent, 40, 40) is None
    assert reading.input.changed(gone, 59, 60) is None, "it had come when the answer came"
    assert reading.input.changed(gone, 59, 59) == "its topic was deleted"
    recreated = extent._replace(topic=TopicState("topic-2", 6))
    assert reading.input.changed(recreated, 40, 100) == "its topic was recreated"
    grown = extent._replace(topic=TopicState("topic-1", 7))
    assert reading.input.changed(grown, 40, 40) == "its topic has 7 partitions"


async def test_has_gaps_that_need_no_report_unless_records_were_deleted_there() -> None:
    reading = Reading()
    reading.subscription.starts[PARTITION] = 50
    await reading.input.look_into_a_gap(50, 52, 60)
    with pytest.raises(Restart, match="records from offset 49 on are gone"):
        await reading.input.look_into_a_gap(49, 62, 70)


async def test_has_holes_behind_a_gap_that_are_found_when_they_are_reached() -> None:
    reading = Reading()
    await reading.begin(40)
    reading.subscription.gone[PARTITION] = (55, 58)
    await reading.input.look_into_a_gap(50, 52, 60)
    with pytest.raises(Restart, match="records from offset 54 on are gone"):
        await reading.input.look_into_a_gap(54, 59, 60)
    assert await reading.begin(53) == 53, "another client's position says nothing of the hole"
    assert reading.work.interruptions == []
    with pytest.raises(Restart):
        await reading.input.look_into_a_gap(54, 59, 60)
    assert await reading.begin(54) == 58
    (actual,) = reading.work.interruptions
    assert (actual.kind, actual.consumed, actual.start, actual.missing) == ("deleted", 54, 58, 4)
