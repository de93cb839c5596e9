"""A broker's host fails before it has written all to its disk: the topic ends before what its lanes have read, and new
commands come to stand at offsets that were read before. Each of them is handled, and what may be lost is said.
"""

import asyncio
import signal

import pytest

from infra.devstack.stack import Devstack
from tests.faults.health import Health
from tests.servers import Servers
from tests.system import create_users
from tests.topics.conftest import Running
from tests.topics.spoiling import grow, lose_the_end
from tests.topics.test_a_topic_made_anew import ALL, handled, have_outcomes, passes, until_interrupted
from tests.topics.test_a_topic_made_anew_with_other_partitions import is_refused, set_right
from tests.verification.command import named, verified
from tests.waiting import until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def stack(servers: Servers) -> Devstack:
    """The servers, if their files are ours."""
    if servers.stack is None:
        pytest.skip("only the embedded servers' files can be cut from here; these are others")
    return servers.stack


async def test_and_is_made_anew_with_all_that_was_not_read(running: Running, stack: Devstack) -> None:
    """It has more partitions than it should, so its lanes do not read it."""
    system, worker, health = running
    await handled(system, 60)
    await system.settled()
    topic = system.topic("users.commands")
    worker.signal(signal.SIGSTOP)
    await stack.kill("kafka")
    gone = lose_the_end(stack, topic)
    await stack.restart("kafka")
    await grow(system, "users.commands", 7)
    system.reconnect()
    sent = create_users(7 * gone)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await is_refused(running, topic)
    await set_right(running, topic)
    await have_outcomes(system, [each.command_id for each in sent])
    await health.ready()
    await passes(system)


async def test_is_read_again_from_the_last_command_while_its_broker_only_came_back(
    running: Running, stack: Devstack
) -> None:
    """Nothing is lost, and nothing is said to be."""
    system, *_ = running
    await handled(system, 12)
    interruptions = await system.value("SELECT count(*) FROM annals.log_interruptions")
    await stack.kill("kafka")
    await stack.restart("kafka")
    system.reconnect()
    for _ in range(2):
        await handled(system, 12)
    await system.settled()

    async def all_known() -> bool:
        query = "SELECT count(*) FROM annals.lanes WHERE role = 'command' AND topic = $1 AND last_offset = consumed - 1"
        return bool(await system.value(query, system.topic("users.commands")) == system.settings.partitions)

    await until(all_known, "each lane knows what it has handled last")
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
    else:  # the last test: nobody has this worker after it
        second = Health()
        await worker.kill()
    await stack.kill("kafka")
    gone = lose_the_end(stack, system.topic("users.commands"))
    await stack.restart("kafka")
    system.reconnect()
    sent = create_users(6 * gone)
    system.send(sent)
    after = [len(partition) for partition in await asyncio.to_thread(system.records, "users.commands")]
    assert all(now > former for now, former in zip(after, before, strict=True)), "each has grown beyond what was read"
    if meanwhile == "the worker is paused":
        worker.signal(signal.SIGCONT)
    else:
        health = second
        worker = await system.worker("command", metrics_port=health.port)
    await have_outcomes(system, [each.command_id for each in sent])
    await until_interrupted(system)
    assert "kind=truncated" in worker.log()
    code, verdict = await verified(system)
    assert code == 1
    assert named(verdict, "commands that may be lost")
    assert (await system.annals(*ALL)).code == 0
    await health.ready()
    await passes(system)
