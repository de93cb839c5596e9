"""100,000 mutated commands at full speed, with valid ones among them: no worker stops, no message is unaccounted for.

A failure names a message by seed and index: `mutated(SEED, index)` makes the same message again.
"""

import asyncio
import os
import random
import time
import uuid
from typing import Any, NamedTuple

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.fuzz.message import Message, create_user
from tests.fuzz.mutations import mutated
from tests.fuzz.oddities import REPLIES
from tests.system import System
from tests.verification.command import verified
from tests.waiting import until

SEED = int(os.environ.get("ANNALS_FUZZ_SEED", "1"))
MUTATED = int(os.environ.get("ANNALS_FUZZ_MESSAGES", "100000"))
# One valid command after this many mutated ones.
ONE_GOOD_IN = 20


class Produced(NamedTuple):
    """The positions and the readable ids of the mutated messages, by index, and the ids of the valid commands."""

    places: dict[int, tuple[int, int]]
    ids: dict[int, str]
    good: list[str]


def _readable_id(message: Message) -> str | None:
    ids = [value for name, value in message.headers if name == "ce_id" and value]
    try:
        return str(uuid.UUID(ids[-1].decode())) if ids else None
    except ValueError:
        return None


class Sender:
    """Produces with librdkafka and stores the position of each message."""

    def __init__(self, system: System) -> None:
        self._topic = system.topic("users.commands")
        self._replies = system.topic("replies").encode()
        servers = system.settings.kafka_bootstrap_servers
        self._producer = Producer(
            {"bootstrap.servers": servers, "message.max.bytes": 20_000_000, "linger.ms": 20, "acks": 1}
        )
        self.produced = Produced({}, {}, [])

    def send_all(self) -> Produced:
        chance = random.Random(SEED)
        for index in range(MUTATED):
            message = mutated(SEED, index)
            if (readable := _readable_id(message)) is not None:
                self.produced.ids[index] = readable
            self._send(message, index)
            if index % ONE_GOOD_IN == 0:
                good = create_user(chance)
                self.produced.good.append((good.header("ce_id") or b"").decode())
                self._send(good, None)
        assert self._producer.flush(60) == 0
        assert len(self.produced.places) == MUTATED
        return self.produced

    def _send(self, message: Message, index: int | None) -> None:
        def delivered(error: Any, record: Any) -> None:
            assert error is None, f"seed {SEED}, index {index}: {error}"
            if index is not None:
                self.produced.places[index] = (record.partition(), record.offset())

        headers: list[tuple[str, str | bytes | None]] = [
            (name, value and value.replace(REPLIES.encode(), self._replies)) for name, value in message.headers
        ]
        while True:
            try:
                self._producer.produce(
                    self._topic, message.value, message.key, message.partition, headers=headers, on_delivery=delivered
                )
                break
            except BufferError:
                self._producer.poll(0.05)
        self._producer.poll(0)


def _ends(system: System, topic: str) -> dict[int, int]:
    consumer = Consumer({"bootstrap.servers": system.settings.kafka_bootstrap_servers, "group.id": "ends"})
    try:
        partitions = range(system.settings.partitions)
        return {
            partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)[1]
            for partition in partitions
        }
    finally:
        consumer.close()


async def _consumed_to_the_end(system: System, role: str, topic: str) -> None:
    async def reached() -> bool:
        ends = await asyncio.to_thread(_ends, system, system.topic(topic))
        rows = await system.lanes(role, topic)
        return {row["partition"]: row["consumed"] for row in rows} == ends

    await until(reached, f"every {role} lane has reached the end of {topic}", seconds=150, every=0.2)


@pytest.mark.timeout(400)
async def test_are_each_an_outcome_or_a_dead_letter_and_good_ones_among_them_are_accepted(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    produced = await asyncio.to_thread(Sender(system).send_all)
    await _consumed_to_the_end(system, "command", "users.commands")
    seconds = time.monotonic() - started
    busy_seconds = sum(psutil.Process(system.workers[0].process.pid).cpu_times()[:2])
    await system.settled(seconds=150)
    await _consumed_to_the_end(system, "saga", "users.events")

    rows = await system.database.fetch("SELECT command_id::text, status FROM annals.commands")
    outcomes = {row["command_id"]: row["status"] for row in rows}
    letters = _dead_letters(system)
    unaccounted = [
        index
        for index, place in produced.places.items()
        if place not in letters and produced.ids.get(index) not in outcomes
    ]
    assert not unaccounted, f"neither outcome nor dead letter: {[_named(index) for index in unaccounted[:5]]}"
    assert {outcomes.get(command_id) for command_id in produced.good} == {"accepted"}
    failed = [index for index, command_id in produced.ids.items() if outcomes.get(command_id) == "failed"]
    assert not failed, f"failed by a bug: {[_named(index) for index in failed[:5]]}"
    assert len(letters) > MUTATED // 10, "the mutations change too little"
    assert len(set(produced.ids.values()) & outcomes.keys()) > MUTATED // 10, "the mutations change too much"

    for worker in system.workers:
        assert worker.process.returncode is None
        assert "stopped by a bug" not in worker.log()
    code, verdict = await verified(system)
    assert (code, verdict["found"]) == (0, {})
    with capsys.disabled():
        print(
            f"\nseed {SEED}: {MUTATED + len(produced.good)} messages in {seconds:.1f} s"
            f" ({(MUTATED + len(produced.good)) / seconds:.0f}/s; {busy_seconds:.1f} s of the worker's CPU),"
            f" {len(letters)} dead letters, {len(rows)} outcomes"
        )


def _dead_letters(system: System) -> dict[tuple[int, int], bytes]:
    """The reasons by partition and offset of the original. Without faults, no record becomes a dead letter twice."""
    reasons: dict[tuple[int, int], bytes] = {}
    (letters,) = system.records("users.commands.dlq")
    for letter in letters:
        headers = dict(letter.headers())
        place = int(headers["dlq_partition"]), int(headers["dlq_offset"])
        assert place not in reasons, f"a dead letter twice: {place}"
        reasons[place] = headers["dlq_reason"]
    return reasons


def _named(index: int) -> str:
    message = mutated(SEED, index)
    return f"seed {SEED}, index {index}: {str(message)[:400]}"
