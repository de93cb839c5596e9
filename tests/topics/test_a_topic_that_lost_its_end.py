"""A broker's host fails before it has written all data to disk: the topic ends before the positions of its lanes, and
new commands get offsets that were read before. Each of them is handled, and possible loss is reported.
"""

import asyncio
import signal

import pytest

from infra.devstack.stack import Devstack
from tests.faults.health import Health
from tests.sent_commands import create_users
from tests.servers import Servers
from tests.topics.conftest import Running
from tests.topics.test_a_recreated_topic import ALL, handled, have_outcomes, passes, until_interrupted
from tests.topics.test_a_topic_recreated_with_other_partitions import recreate_by_command, wait_until_reported
from tests.topics.topic_changes import grow, truncate
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def stack(servers: Servers) -> Devstack:
    """The embedded servers; the test is skipped when the run uses others."""
    if servers.stack is None:
        pytest.skip("only embedded servers' files can be truncated by a test; this run uses others")
    return servers.stack


async def test_and_is_recreated_with_all_records_that_were_not_read(running: Running, stack: Devstack) -> None:
    """The topic has too many partitions, so its lanes do not read it."""
    system, worker, health = running
    await handled(system, 60)
    await system.settled()
    topic = system.topic("users.commands")
    worker.signal(signal.SIGSTOP)
    await stack.kill("kafka")
    removed = truncate(stack, topic)
    await stack.restart("kafka")
    await grow(system, "users.commands", 7)
    system.reconnect()
    sent = create_users(7 * removed)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await wait_until_reported(running, topic)
    await recreate_by_command(running, topic)
    await have_outcomes(system, [command.command_id for command in sent])
    await health.ready()
    await passes(system)


async def test_is_read_again_from_the_last_command_when_its_broker_was_only_restarted(
    running: Running, stack: Devstack
) -> None:
    """Nothing is lost, and no loss is reported."""
    system, *_ = running
    await handled(system, 12)
    interruptions = await system.value("SELECT count(*) FROM annals.log_interruptions")
    await stack.kill("kafka")
    await stack.restart("kafka")
    system.reconnect()
    for _ in range(2):
        await handled(system, 12)
    await system.settled()

    async def all_stored() -> bool:
        query = "SELECT count(*) FROM annals.lanes WHERE role = 'command' AND topic = $1 AND last_offset = consumed - 1"
        return bool(await system.value(query, system.topic("users.commands")) == system.settings.partitions)

    await until(all_stored, "each lane has stored its last offset")
    assert await system.value("SELECT count(*) FROM annals.log_interruptions") == interruptions
    await passes(system)


@pytest.mark.parametrize("meanwhile", ["the worker is paused", "the worker is killed and another one comes"])
async def test_and_grew_beyond_it_with_other_commands(running: Running, stack: Devstack, meanwhile: str) -> None:
    system, worker, health = running
    await handled(system, 60)
    await system.settled()
    before = [len(partition) for partition in await asyncio.to_thread(system.records, "users.commands")]
    if meanwhile == "the worker is paused":
        worker.signal(signal.SIGSTOP)
    else:  # the last test of the file: no other test uses this worker
        successor_health = Health()
        await worker.kill()
    await stack.kill("kafka")
    removed = truncate(stack, system.topic("users.commands"))
    await stack.restart("kafka")
    system.reconnect()
    sent = create_users(6 * removed)
    system.send(sent)
    after = [len(partition) for partition in await asyncio.to_thread(system.records, "users.commands")]
    assert all(now > former for now, former in zip(after, before, strict=True)), "each has grown beyond what was read"
    if meanwhile == "the worker is paused":
        worker.signal(signal.SIGCONT)
    else:
        health = successor_health
        worker = await system.worker("command", metrics_port=health.port)
    await have_outcomes(system, [command.command_id for command in sent])
    await until_interrupted(system)
    assert "kind=truncated" in worker.log()
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert named(verdict, "commands that may be lost")
    assert (await system.annals(*ALL)).code == 0
    await health.ready()
    await passes(system)
