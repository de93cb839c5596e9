"""A recreated topic is another topic: its offsets do not tell which commands a lane has handled."""

import asyncio
import signal

from contracts.client.command_client import CommandClient
from contracts.users.commands import CreateUser
from infra.kafka.log_reader import LogReader
from tests.sent_commands import create_users
from tests.system import System
from tests.telemetry.test_a_running_systems_metrics import Endpoint
from tests.topics.conftest import Running
from tests.topics.topic_changes import delete_records, recreate
from tests.verification.command import NOTHING_IS_ON_ITS_WAY, named, verified
from tests.waiting import until

ALL = ("lanes", "acknowledge", "--all", "--reason", "a test has done it")


async def handled(system: System, count: int) -> list[str]:
    """Send this number of commands, wait for their outcomes and return their ids."""
    sent = create_users(count)
    system.send(sent)
    command_ids = [command.command_id for command in sent]
    await have_outcomes(system, command_ids)
    return command_ids


async def have_outcomes(system: System, command_ids: list[str]) -> None:
    async def all_handled() -> bool:
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])"
        return bool(await system.value(query, command_ids) == len(command_ids))

    await until(all_handled, f"{len(command_ids)} commands have outcomes", seconds=60)


async def passes(system: System) -> None:
    """`annals verify` passes."""
    code, verdict = await verified(system)
    assert code == 0, verdict["examples"]


async def test_every_command_that_is_sent_to_it_is_handled_and_possible_loss_is_reported(running: Running) -> None:
    system, worker, health = running
    await handled(system, 60)
    await system.settled()
    await recreate(system.settings, system.topic("users.commands"))
    await handled(system, 8)
    await until_interrupted(system)
    assert "the topic has changed" in worker.log()
    endpoint = Endpoint(worker, health.port)

    async def is_shown(lanes: int) -> None:
        async def shown() -> bool:
            return endpoint.total("annals_lane_interrupted") == lanes

        await until(shown, f"{lanes} lanes wait for an operator", seconds=30)

    await is_shown(system.settings.partitions)
    await health.ready()  # it serves: an alarm must not hold up a rollout
    code, verdict = await verified(system, *NOTHING_IS_ON_ITS_WAY)
    assert code == 1
    assert named(verdict, "commands that may be lost")
    listed = await system.annals("lanes", "list")
    assert listed.code == 1
    assert "created again" in listed.output
    assert (await system.annals(*ALL)).code == 0
    await is_shown(0)
    assert (await system.annals("lanes", "list")).code == 0
    await passes(system)


async def until_interrupted(system: System, lanes: int = 1) -> None:
    async def noticed() -> bool:
        return bool(await system.value("SELECT count(*) FROM annals.open_log_interruptions") >= lanes)

    await until(noticed, "the lanes have noticed", seconds=30)


async def until_behind_what_was_deleted(system: System) -> None:
    """A lane that notices its loss later would have an interruption in the next test."""
    topic, reader = system.topic("users.commands"), LogReader(system.settings)
    try:
        ends = await reader.committed_ends(topic, system.settings.partitions)
    finally:
        await reader.stop()

    async def all_have_read() -> bool:
        return [lane["consumed"] for lane in await system.lanes("command", "users.commands")] == list(ends)

    await until(all_have_read, "each lane has read to the end", seconds=60)


async def test_with_more_records_than_the_lane_has_read_none_is_skipped(running: Running) -> None:
    """All offsets of the lanes exist in the new topic too. Only the topic's id shows that it is another one."""
    system, worker, health = running
    await handled(system, 12)
    await system.settled()
    worker.signal(signal.SIGSTOP)
    await recreate(system.settings, system.topic("users.commands"))
    sent = create_users(120)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await have_outcomes(system, [command.command_id for command in sent])
    await until_interrupted(system, lanes=system.settings.partitions)
    assert (await system.annals(*ALL)).code == 0
    await health.ready()


async def test_without_records_that_no_lane_had_read_their_number_is_reported(running: Running) -> None:
    system, worker, health = running
    before = await system.value("SELECT coalesce(sum(missing), 0) FROM annals.log_interruptions")
    await handled(system, 12)
    await system.settled()
    worker.signal(signal.SIGSTOP)
    for _ in range(2):  # the first may be the answer to a fetch that was under way: those are not lost
        system.send(create_users(30))
    deleted = await delete_records(system, "users.commands")
    sent = create_users(12)
    system.send(sent)
    worker.signal(signal.SIGCONT)
    await have_outcomes(system, [command.command_id for command in sent])
    await until_behind_what_was_deleted(system)
    missing = await system.value("SELECT coalesce(sum(missing), 0) FROM annals.log_interruptions") - before
    assert 0 < missing <= deleted
    assert (await system.annals(*ALL)).code == 0
    await health.ready()


async def test_an_event_log_is_filled_from_the_table_in_order_and_no_reader_loses_an_event(running: Running) -> None:
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


async def test_replies_reach_a_client_after_their_topic_was_recreated(running: Running) -> None:
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
