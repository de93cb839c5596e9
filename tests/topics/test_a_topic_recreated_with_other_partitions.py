"""A topic recreated with another number of partitions is rejected with advice. After the repair, no record sent to it
is lost.
"""

import pytest

from contracts.client.command_client import CommandClient
from contracts.users.commands import CreateUser
from tests.sent_commands import create_users
from tests.topics.conftest import Running
from tests.topics.test_a_recreated_topic import ALL, handled, have_outcomes, passes
from tests.topics.topic_changes import recreate
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


async def recreate_wrongly(running: Running, topic: str, partitions: int) -> None:
    await recreate(running.system.settings, topic, partitions)
    running.system.reconnect()


async def wait_until_reported(running: Running, topic: str) -> None:
    """Wait until the worker logs the advice and is not ready."""

    async def is_logged() -> bool:
        return f"annals topics recreate {topic}" in running.worker.log()

    await until(is_logged, "the worker logs what to do", seconds=60)
    await running.health.not_ready(seconds=60)


async def recreate_by_command(running: Running, topic: str) -> None:
    recreated = await running.system.annals("topics", "recreate", topic, "--reason", "a test has recreated it")
    assert recreated.code == 0, recreated.errors
    running.system.reconnect()


@pytest.mark.parametrize("partitions", [9, 2])
async def test_of_commands_carries_over_what_was_sent_to_it(running: Running, partitions: int) -> None:
    system, _, health = running
    topic = system.topic("users.commands")
    await handled(system, 30)
    await system.settled()
    await recreate_wrongly(running, topic, partitions)
    sent = create_users(40)
    system.send(sent)
    await wait_until_reported(running, topic)
    await recreate_by_command(running, topic)
    await have_outcomes(system, [command.command_id for command in sent])
    # The lanes cannot know which commands the former topic still had.
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
    await recreate_wrongly(running, topic, partitions)
    await wait_until_reported(running, topic)
    sent = create_users(40)
    system.send(sent)
    await recreate_by_command(running, topic)
    await have_outcomes(system, [command.command_id for command in sent])
    await health.ready()
    await system.settled()
    await passes(system)


@pytest.mark.parametrize("partitions", [9, 2])
async def test_of_replies_still_answers_a_client_in_the_end(running: Running, partitions: int) -> None:
    system, _, health = running
    topic = system.topic("replies")
    await recreate_wrongly(running, topic, partitions)
    await wait_until_reported(running, topic)
    await recreate_by_command(running, topic)
    await health.ready()
    client = CommandClient(
        str(system.settings.kafka_bootstrap_servers), source="/tests", topic_prefix=system.settings.topic_prefix
    )
    async with client:
        (user,) = create_users(1)
        outcome = await client.ask(CreateUser.model_validate_json(user.value), wait_seconds=60)
    assert outcome is not None
    assert outcome.status == "accepted"
