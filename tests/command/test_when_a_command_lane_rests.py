"""`CommandIdleLook` wakes a lane for whatever its own look would find, and for nothing else."""

from contracts.users.examples import CREATE_ADA
from tests.command.installation import EVENTS, TOPICS, Installation, record
from tests.waiting import until
from workers.command.idle_look import CommandIdleLook
from workers.command.lane import CommandLane
from workers.ports.log import TopicState


async def resting() -> tuple[Installation, CommandLane, CommandIdleLook]:
    installation = Installation()
    lane = installation.lane()
    await lane.acquire()
    return installation, lane, CommandIdleLook(installation.log, [EVENTS, TOPICS.replies])


async def test_it_rests_while_its_topics_are_as_they_were() -> None:
    installation, lane, look = await resting()
    assert not await look([lane])
    installation.log.states[EVENTS] = TopicState("", 1)
    assert not await look([lane])
    lane.abandon()


async def test_it_is_woken_when_a_topic_has_another_id_or_number_of_partitions() -> None:
    installation, lane, look = await resting()
    for topic, state in ((EVENTS, TopicState("another", 1)), (EVENTS, TopicState("", 2)), (TOPICS.replies, ("", 2))):
        installation.log.states = {topic: TopicState(*state)}
        assert set(await look([lane])) == {lane}
    lane.abandon()


async def test_it_is_woken_when_publishing_has_failed() -> None:
    installation, lane, look = await resting()
    installation.log.open.clear()
    await lane.handle([record(CREATE_ADA, 0)])
    assert not await look([lane])
    installation.log.fails = True
    installation.log.open.set()

    async def is_woken() -> bool:
        return bool(await look([lane]))

    await until(is_woken, "publishing has failed", seconds=5.0, every=0.002)
    lane.abandon()


async def test_it_is_woken_as_long_as_commands_may_be_lost() -> None:
    _, lane, look = await resting()
    lane.is_interrupted = True
    assert set(await look([lane])) == {lane}
    lane.abandon()
