"""A topic of the same name is another topic: its offsets say nothing about the commands that a lane has handled."""

import asyncio
import signal

from contracts.client.command_client import CommandClient
from contracts.users.commands import CreateUser
from tests.system import System, create_users
from tests.topics.conftest import Running
from tests.topics.spoiling import delete_records, recreate
from tests.verification.command import named, verified
from tests.waiting import until

ALL = ("lanes", "acknowledge", "--all", "--reason", "a test has done it")


async def handled(system: System, count: int) -> list[str]:
    """Send so many users; the ids of the commands once all of them have outcomes."""
    sent = create_users(count)
    system.send(sent)
    await have_outcomes(system, [each.command_id for each in sent])
    return [each.command_id for each in sent]


async def have_outcomes(system: System, command_ids: list[str]) -> None:
    async def all_there() -> bool:
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(query, command_ids) == len(command_ids))

    await until(all_there, f"{len(command_ids)} commands have outcomes", seconds=60)


async def passes(system: System) -> None:
    """Verification finds nothing."""
    code, verdict = await verified(system)
    assert code == 0, verdict["examples"]


async def test_every_command_that_is_sent_to_it_is_handled_and_what_may_be_lost_is_said(running: Running) -> None:
    system, worker, health = running
    await handled(system, 60)
    await system.settled()
    await recreate(system.settings, system.topic("users.commands"))
    await handled(system, 8)
    await until_interrupted(system)
    assert "the topic has changed" in worker.log()
    await health.not_ready(seconds=30)
    code, verdict = await verified(system)
    assert code == 1
    assert named(verdict, "commands that may be lost")
    listed = await system.annals("lanes", "list")
    assert listed.code == 1
    assert "made again" in listed.output
    assert (await system.annals(*ALL)).code == 0
    await health.ready()
    assert (await system.annals("lanes", "list")).code == 0
    await passes(system)


async def until_interrupted(system: System) -> None:
    async def noted() -> bool:
        return bool(await system.value("SELECT count(*) FROM annals.open_log_interruptions"))

    await until(noted, "the lanes have noticed", seconds=30)


async def test_with_more_records_than_the_lane_has_read_none_is_passed_over(running: Running) -> None:
    """All offsets that the lanes stood at are there again: nothing but the topic's id tells."""
    system, worker, health = running
    await handled(system, 12)
    await system.settled()
    worker.signal(signal.SIGSTOP)
    await recreate(system.settings, system.topic("users.commands"))
    sent = create_users(120)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await have_outcomes(system, [each.command_id for each in sent])
    await until_interrupted(system)
    assert (await system.annals(*ALL)).code == 0
    await health.ready()


async def test_without_records_that_nobody_had_read_it_is_said_how_many(running: Running) -> None:
    system, worker, health = running
    before = await system.value("SELECT coalesce(sum(missing), 0) FROM annals.log_interruptions")
    await handled(system, 12)
    await system.settled()
    worker.signal(signal.SIGSTOP)
    system.send(create_users(30))
    gone = await delete_records(system, "users.commands")
    sent = create_users(12)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await have_outcomes(system, [each.command_id for each in sent])
    await until_interrupted(system)
    missing = await system.value("SELECT coalesce(sum(missing), 0) FROM annals.log_interruptions") - before
    assert 0 < missing <= gone
    assert (await system.annals(*ALL)).code == 0
    await health.ready()


async def test_an_event_log_is_filled_from_the_table_in_order_and_nobody_loses_an_event(running: Running) -> None:
    system, _, health = running
    await handled(system, 30)
    await system.settled()
    await recreate(system.settings, system.topic("users.events"))
    await handled(system, 30)
    await system.settled()

    async def filled() -> bool:
        log = await asyncio.to_thread(system.records, "users.events")
        lanes = {lane["partition"]: lane["sequence"] for lane in await system.lanes("command", "users.commands")}
        return all(
            [int(dict(record.headers())["ce_sequence"]) for record in records] == list(range(1, lanes[number] + 1))
            for number, records in enumerate(log)
        )

    await until(filled, "the log has every event of the table, in order", seconds=60, every=0.5)
    await health.ready()
    await passes(system)


async def test_replies_come_to_who_asks_after_their_topic_was_made_anew(running: Running) -> None:
    system = running.system
    client = CommandClient(
        str(system.settings.kafka_bootstrap_servers), source="/tests", topic_prefix=system.settings.topic_prefix
    )
    async with client:
        for round_ in range(2):
            (user,) = create_users(1)
            command = CreateUser.model_validate_json(user.value)
            outcome = await client.ask(command, wait_seconds=60)
            assert outcome is not None, f"round {round_}"
            assert outcome.status == "accepted"
            if round_ == 0:
                await recreate(system.settings, system.topic("replies"))
