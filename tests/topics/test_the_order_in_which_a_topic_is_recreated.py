"""A recreation is recorded before it acts, loses no unread command, and is repeated when it was interrupted."""

from collections.abc import Sequence

import pytest

from contracts.partitioner import partition_for
from infra.memory.topic_recreation import MemoryRecreatedTopic
from tests.topics.on_the_twins import PARTITIONS, TOPIC, Twins
from workers.operations.topic_recreation import TopicFits, recreate_topic
from workers.ports.lane_listing import ReadPosition
from workers.ports.lanes import Interruption, Unavailable
from workers.ports.log import TopicState

RECREATED = [("topics-recreate", TOPIC)]
USERS = [f"user-{number}" for number in range(20)]
LATER_USERS = [f"later-{number}" for number in range(20)]


class Steps(MemoryRecreatedTopic):
    """Notes the steps that change anything, and stops before one of them."""

    def __init__(self, twins: Twins, stop_before: str | None = None) -> None:
        super().__init__(twins.broker, twins.wire, TOPIC, PARTITIONS)
        self.steps: list[str] = []
        self._twins = twins
        self._stop_before = stop_before

    def _note(self, step: str) -> None:
        assert self._twins.actions(), "recorded before the first step"
        if step == self._stop_before:
            raise Unavailable("Kafka", "it is away")
        self.steps.append(step)

    async def create_kept_records(self) -> None:
        self._note("create kept")
        await super().create_kept_records()

    async def close(self, partitions: int) -> None:
        self._note("close")
        await super().close(partitions)

    async def keep_unread(self, partitions: int, positions: Sequence[ReadPosition]) -> None:
        self._note("keep")
        await super().keep_unread(partitions, positions)

    async def delete(self) -> None:
        self._note("delete")
        await super().delete()

    async def create(self) -> TopicState:
        self._note("create")
        return await super().create()

    async def carry_over(self) -> int:
        self._note("carry over")
        return await super().carry_over()

    async def delete_kept_records(self) -> None:
        self._note("delete kept")
        await super().delete_kept_records()


ORDER = ["create kept", "close", "keep", "delete", "create", "carry over", "delete kept"]


def partly_read() -> Twins:
    """A topic of which the lanes have read the first commands, and not the later ones."""
    twins = Twins()
    twins.send(*USERS)
    twins.has_read_all()
    twins.send(*LATER_USERS)
    return twins


def all_at_their_partitions(twins: Twins, keys: Sequence[str]) -> bool:
    """Whether the topic has these commands, each at least once and in the partition of its key, and no other."""
    by_partition = twins.keys()
    right = all(
        number == partition_for(key.encode(), PARTITIONS) for number in by_partition for key in by_partition[number]
    )
    return right and {key for number in by_partition for key in by_partition[number]} == {*keys}


async def test_unread_commands_are_kept_before_the_topic_is_deleted_and_carried_over_after_it_is_created() -> None:
    twins = partly_read()
    steps = Steps(twins)
    assert await recreate_topic(steps, twins.lanes, twins.operator) == len(LATER_USERS)
    assert steps.steps == ORDER
    assert twins.actions() == RECREATED
    assert all_at_their_partitions(twins, LATER_USERS)
    state = twins.broker.state(TOPIC)
    assert state.partitions == PARTITIONS
    assert [(row.consumed, row.topic_id, row.owner) for row in twins.table.lanes.values()] == [(0, state.id, None)] * 2
    assert await twins.lanes.open_interruptions() == []
    assert await steps.has_kept_records() is False


@pytest.mark.parametrize("step", ORDER)
async def test_a_run_that_stopped_at_any_step_is_repeated_without_loss(step: str) -> None:
    twins = partly_read()
    with pytest.raises(Unavailable):
        await recreate_topic(Steps(twins, stop_before=step), twins.lanes, twins.operator)
    assert await recreate_topic(twins.topic(), twins.lanes, twins.operator) >= len(LATER_USERS)
    assert all_at_their_partitions(twins, LATER_USERS)
    assert twins.actions() == RECREATED * 2
    assert await twins.lanes.open_interruptions() == []
    with pytest.raises(TopicFits):
        await recreate_topic(twins.topic(), twins.lanes, twins.operator)


async def test_all_of_a_topic_that_the_lanes_have_never_read_is_carried_over_and_they_are_interrupted() -> None:
    twins = Twins()
    twins.send(*USERS)
    twins.has_read_all(topic_id="a former one")
    assert await recreate_topic(twins.topic(), twins.lanes, twins.operator) == len(USERS)
    assert all_at_their_partitions(twins, USERS)
    assert [row.kind for row in await twins.lanes.open_interruptions()] == ["recreated"] * 2


class Noticed(MemoryRecreatedTopic):
    """A topic whose lanes notice the new one as soon as it is created, as those of running workers may."""

    def __init__(self, twins: Twins) -> None:
        super().__init__(twins.broker, twins.wire, TOPIC, PARTITIONS)
        self._table = twins.table

    async def create(self) -> TopicState:
        created = await super().create()
        for lane, row in self._table.lanes.items():
            noticed = Interruption("recreated", row.topic_id, created.id, row.consumed, 0, 0, None)
            self._table.rebase(lane, row.epoch, 0, created.id, noticed)
        return created


async def test_a_lane_that_notices_the_new_topic_early_reports_no_loss() -> None:
    twins = partly_read()
    assert await recreate_topic(Noticed(twins), twins.lanes, twins.operator) == len(LATER_USERS)
    assert await twins.lanes.open_interruptions() == []
    assert twins.actions()[0] == RECREATED[0]


async def test_but_a_lane_that_was_interrupted_before_stays_so() -> None:
    twins = partly_read()
    lane, row = next(iter(twins.table.lanes.items()))
    lost = Interruption("truncated", row.topic_id, row.topic_id, row.consumed, 0, 0, None)
    twins.table.rebase(lane, row.epoch, row.consumed, row.topic_id, lost)
    await recreate_topic(Noticed(twins), twins.lanes, twins.operator)
    assert [(open_row.name, open_row.kind) for open_row in await twins.lanes.open_interruptions()] == [
        (str(lane), "truncated"),
        (str(lane), "recreated"),
    ]


async def test_all_of_a_partition_that_has_lost_its_end_and_has_grown_is_carried_over() -> None:
    twins = partly_read()
    for row in twins.table.lanes.values():
        row.last_timestamp += 1
    assert await recreate_topic(twins.topic(), twins.lanes, twins.operator) == len(USERS) + len(LATER_USERS)
    assert all_at_their_partitions(twins, [*USERS, *LATER_USERS])


async def test_of_a_topic_without_commands_nothing_is_kept_and_no_lane_begins_again() -> None:
    twins = partly_read()
    epochs = {lane: row.epoch for lane, row in twins.table.lanes.items()}
    steps = Steps(twins)
    assert await recreate_topic(steps, None, twins.operator) == 0
    assert steps.steps == ["delete", "create"]
    assert twins.keys() == {number: [] for number in range(PARTITIONS)}
    assert {lane: row.epoch for lane, row in twins.table.lanes.items()} == epochs


async def test_a_topic_that_does_not_exist_is_created() -> None:
    twins = Twins()
    twins.broker.delete_topic(TOPIC)
    steps = Steps(twins)
    assert await recreate_topic(steps, twins.lanes, twins.operator) == 0
    assert steps.steps == ["create"]


async def test_a_topic_that_is_as_it_should_be_stays() -> None:
    twins = Twins(PARTITIONS)
    twins.send(*USERS)
    with pytest.raises(TopicFits, match=f"{TOPIC} has {PARTITIONS} partitions"):
        await recreate_topic(twins.topic(), twins.lanes, twins.operator)
    assert all_at_their_partitions(twins, USERS)


async def test_nothing_is_done_that_cannot_be_recorded() -> None:
    twins = partly_read()
    before = twins.keys()
    twins.wire.away.add("Postgres")
    steps = Steps(twins)
    with pytest.raises(Unavailable):
        await recreate_topic(steps, twins.lanes, twins.operator)
    assert steps.steps == []
    assert twins.keys() == before
