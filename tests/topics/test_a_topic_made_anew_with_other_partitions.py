"""Deleted, and made again with another number of partitions: it is refused with advice, and after it was set right
nothing of what was sent to it is lost.
"""

import pytest

from contracts.client.command_client import CommandClient
from contracts.users.commands import CreateUser
from tests.system import create_users
from tests.topics.conftest import Running
from tests.topics.spoiling import recreate
from tests.topics.test_a_topic_made_anew import ALL, handled, have_outcomes, passes
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


async def made_anew(running: Running, topic: str, partitions: int) -> None:
    await recreate(running.system.settings, topic, partitions)
    running.system.reconnect()


async def is_refused(running: Running, topic: str) -> None:
    """Until the worker says so, and is not ready."""

    async def refused() -> bool:
        return f"annals topics recreate {topic}" in running.worker.log()

    await until(refused, "the worker says what to do", seconds=60)
    await running.health.not_ready(seconds=60)


async def set_right(running: Running, topic: str) -> None:
    again = await running.system.annals("topics", "recreate", topic, "--reason", "a test has made it anew")
    assert again.code == 0, again.errors
    running.system.reconnect()


@pytest.mark.parametrize("partitions", [9, 2])
async def test_of_commands_carries_over_what_was_sent_to_it(running: Running, partitions: int) -> None:
    system, _, health = running
    topic = system.topic("users.commands")
    await handled(system, 30)
    await system.settled()
    await made_anew(running, topic, partitions)
    sent = create_users(40)
    system.send(sent)
    await is_refused(running, topic)
    await set_right(running, topic)
    await have_outcomes(system, [each.command_id for each in sent])
    # What was sent to the topic that the lanes had read, nobody knows.
    assert await system.value("SELECT count(*) FROM annals.open_log_interruptions") == system.settings.partitions
    assert (await system.annals(*ALL)).code == 0
    await health.ready()
    await handled(system, 12)
    await system.settled()
    await passes(system)


@pytest.mark.parametrize("partitions", [9, 2])
async def test_of_events_is_filled_from_the_table(running: Running, partitions: int) -> None:
    system, _, health = running
    topic = system.topic("users.events")
    await handled(system, 30)
    await system.settled()
    await made_anew(running, topic, partitions)
    await is_refused(running, topic)
    sent = create_users(40)
    system.send(sent)
    await set_right(running, topic)
    await have_outcomes(system, [each.command_id for each in sent])
    await health.ready()
    await system.settled()
    await passes(system)


@pytest.mark.parametrize("partitions", [9, 2])
async def test_of_replies_still_answers_who_asks_in_the_end(running: Running, partitions: int) -> None:
    system, _, health = running
    topic = system.topic("replies")
    await made_anew(running, topic, partitions)
    await is_refused(running, topic)
    await set_right(running, topic)
    await health.ready()
    client = CommandClient(
        str(system.settings.kafka_bootstrap_servers), source="/tests", topic_prefix=system.settings.topic_prefix
    )
    async with client:
        (user,) = create_users(1)
        outcome = await client.ask(CreateUser.model_validate_json(user.value), wait_seconds=60)
    assert outcome is not None
    assert outcome.status == "accepted"
