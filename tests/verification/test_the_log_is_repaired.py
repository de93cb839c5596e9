"""A log that has lost records, or has foreign ones: reported exactly, and what the table holds is published again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from contracts.signatures import HEADER as SIGNATURE
from infra.kafka.topics import create_topics, topics_of
from tests.foreign_reader import all_records
from tests.sent_commands import create_users
from tests.system import System
from tests.verification.command import named, repaired, verified
from tests.waiting import until

# Many processes start and stop: seconds on a free machine may be minutes on a busy one.
pytestmark = pytest.mark.timeout(300)

TIMEOUT_SECONDS = 30


def admin(system: System) -> AdminClient:
    return AdminClient({"bootstrap.servers": str(system.settings.kafka_bootstrap_servers)})


def produce_again(system: System, topic: str, partition: int, records: list[Any]) -> None:
    """Append records as they were read."""
    producer = Producer({"bootstrap.servers": system.settings.kafka_bootstrap_servers})
    for record in records:
        producer.produce(topic, record.value(), record.key(), partition, headers=record.headers())
    assert producer.flush(TIMEOUT_SECONDS) == 0


async def replace_log(system: System, partition: int, records: list[Any]) -> None:
    """Make another log of the same name, in which one partition holds these records and the others what they held."""
    topic = system.topic("users.events")
    before = await asyncio.to_thread(system.records, "users.events")
    client = admin(system)
    for deleted in client.delete_topics([topic]).values():
        deleted.result(TIMEOUT_SECONDS)

    async def gone() -> bool:
        return topic not in (await asyncio.to_thread(client.list_topics, timeout=TIMEOUT_SECONDS)).topics

    await until(gone, "the log is deleted")
    await create_topics(system.settings, topics_of(["users"], system.settings))
    for place, kept in enumerate(before):
        await asyncio.to_thread(produce_again, system, topic, place, records if place == partition else kept)


async def test_records_that_a_broker_has_lost_are_named_and_published_again_beside_the_workers(system: System) -> None:
    await asyncio.to_thread(system.send, create_users(60))
    await system.handled(120)
    await system.settled()
    topic = system.topic("users.events")
    client = admin(system)
    for deleted in client.delete_records([TopicPartition(topic, 0, 5)]).values():
        deleted.result(TIMEOUT_SECONDS)
    code, report = await repaired(system)
    assert (code, report["passes"]) == (0, True), report
    assert report["before"]["found"] == {"event missing in the log": 5}
    assert named(report["before"], "event missing in the log") == ["users 0/1-5"]
    assert report["repairs"] == ["published again: users 0/1-5, out of order, behind the end of the log"]
    assert report["looked_at"]["repeats out of order in the log"] == 5
    await asyncio.to_thread(system.send, create_users(60))
    await system.handled(240)
    await system.settled()
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {}), "the lane's owner has come back"


async def test_a_foreign_record_is_named_with_its_place_and_left_alone(system: System) -> None:
    system.send([create_users(1)[0]._replace(headers=[("hello", b"world")])], topic="users.events")
    code, report = await repaired(system)
    assert (code, report["found"], report["repairs"]) == (1, {"foreign record in the log": 1}, [])
    assert system.topic("users.events") in report["examples"][0]["where"]


async def test_a_hole_and_a_lost_end_are_filled_while_no_worker_runs(idle_system: System) -> None:
    system = idle_system
    workers = [await system.worker(role) for role in ("command", "saga", "projection")]
    await asyncio.to_thread(system.send, create_users(60))
    await system.handled(120)
    await system.settled()
    for worker in workers:
        assert await worker.stop() == 0
    original = (await asyncio.to_thread(system.records, "users.events"))[0]
    assert len(original) > 8
    last = len(original)
    await replace_log(system, 0, [original[0], original[1], *original[4:-2]])
    code, report = await repaired(system)
    assert (code, report["passes"]) == (0, True), report
    assert report["before"]["found"] == {"event missing in the log": 4}
    assert named(report["before"], "event missing in the log") == ["users 0/3-4", f"users 0/{last - 1}-{last}"]
    assert report["repairs"] == [
        f"published again: users 0/{last - 1}-{last}, the end of the log",
        "published again: users 0/3-4, out of order, behind the end of the log",
    ]
    repaired_log = all_records(str(system.settings.kafka_bootstrap_servers), system.topic("users.events"))[0]
    assert by_event(repaired_log) == by_event(original)
    for role in ("command", "saga", "projection"):
        await system.worker(role)
    await asyncio.to_thread(system.send, create_users(30))
    await system.handled(180)
    await system.settled()
    assert (await verified(system))[1]["found"] == {}


def by_event(records: Sequence[Any]) -> dict[bytes, tuple[Any, ...]]:
    """What is said of each event, by its id. Batches of other records are signed elsewhere."""
    told = {}
    for record in records:
        headers = [header for header in record.headers() if header[0] != SIGNATURE]
        told[dict(headers)["ce_id"]] = record.key(), record.value(), headers
    return told
