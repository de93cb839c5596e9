"""One number of partitions decides where a record belongs. A topic with another one is refused and can be set right."""

from tests.system import create_users
from tests.topics.conftest import Running
from tests.topics.spoiling import grow
from tests.topics.test_a_topic_made_anew import have_outcomes, passes
from tests.verification.command import named, verified
from tests.waiting import until


async def test_is_refused_with_advice_sends_nothing_round_in_circles_and_can_be_set_right(running: Running) -> None:
    system, worker, health = running
    grown = system.topic("users.commands")
    await grow(system, "users.commands", 7)
    await health.not_ready(seconds=60)
    sent = create_users(70)
    system.send(sent)

    async def refused() -> bool:
        return f"annals topics recreate {grown}" in worker.log()

    await until(refused, "the worker says what to do", seconds=30)
    code, verdict = await verified(system)
    assert code == 1
    assert grown in named(verdict, "topic set wrongly")
    command_ids = {each.command_id for each in sent}
    there = [
        record
        for partition in system.records("users.commands")
        for record in partition
        if dict(record.headers())["ce_id"].decode() in command_ids
    ]
    assert len(there) == len(sent), "no record is sent on while the topic is not as it should be"
    again = await system.annals("topics", "recreate", grown, "--reason", "a test has grown it")
    assert again.code == 0, again.errors
    await have_outcomes(system, list(command_ids))
    await health.ready()
    await passes(system)
    assert (await system.annals("topics", "recreate", grown, "--reason", "again")).code == 1


async def test_a_setting_that_would_move_streams_is_refused(running: Running) -> None:
    system, _, _ = running
    other = await system.worker("command", partitions=5)

    async def refused() -> bool:
        return f"set ANNALS_PARTITIONS={system.settings.partitions}" in other.log()

    await until(refused, "the worker says what to do", seconds=60)
    assert await other.stop() == 0
