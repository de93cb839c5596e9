"""The number of partitions decides a record's partition. A topic with another number is rejected until repaired."""

from tests.sent_commands import create_users
from tests.topics.conftest import Running
from tests.topics.test_a_recreated_topic import have_outcomes, passes
from tests.topics.topic_changes import grow
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.waiting import until


async def test_is_rejected_with_advice_forwards_nothing_and_can_be_repaired(running: Running) -> None:
    system, worker, health = running
    grown = system.topic("users.commands")
    await grow(system, "users.commands", 7)
    await health.not_ready(seconds=60)
    sent = create_users(70)
    system.send(sent)

    async def is_logged() -> bool:
        return f"annals topics recreate {grown}" in worker.log()

    await until(is_logged, "the worker logs what to do", seconds=30)
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert grown in named(verdict, "topic set wrongly")
    command_ids = {command.command_id for command in sent}
    records = [
        record
        for partition in system.records("users.commands")
        for record in partition
        if dict(record.headers())["ce_id"].decode() in command_ids
    ]
    assert len(records) == len(sent), "no record is forwarded while the topic is wrong"
    recreated = await system.annals("topics", "recreate", grown, "--reason", "a test has grown it")
    assert recreated.code == 0, recreated.errors
    await have_outcomes(system, list(command_ids))
    await health.ready()
    await passes(system)
    assert (await system.annals("topics", "recreate", grown, "--reason", "again")).code == 1


async def test_a_setting_that_would_move_streams_is_rejected(running: Running) -> None:
    system, _, _ = running
    other = await system.worker("command", partitions=5)

    async def is_logged() -> bool:
        return f"set ANNALS_PARTITIONS={system.settings.partitions}" in other.log()

    await until(is_logged, "the worker logs what to do", seconds=60)
    assert await other.stop() == 0
