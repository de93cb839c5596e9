"""Records in the event log and in the replies that Annals did not write: readers continue, and `annals verify` names
them.

In an installation, only Annals may write there. Forged events with the next sequence have tests of their own:
tests/gateway/test_forged_records.py, tests/verification/test_forged_events_steer_no_saga.py.
"""

import asyncio
import random
from typing import Any

import pytest
from confluent_kafka import Producer

from contracts.client.command_client import CommandClient
from contracts.envelope import MalformedMessage, read_event
from contracts.users.commands import CreateUser
from contracts.users.examples import ADA_CREATED
from tests.audit import EVENTS, cards_equal_the_fold
from tests.fuzz.message import Header, Message, identifier
from tests.fuzz.mutations import edit_header, edit_value, move_headers, odd_header, odd_key, replace_value
from tests.fuzz.outside_reader import readers_outside_get_every_event
from tests.fuzz.raw_batches import RawRecord, produce_batch, record_batch
from tests.sent_commands import create_users
from tests.system import System
from tests.verification.command import verified
from tests.verification.orders import accepted

SEED = 2
FORGED = 3000
MUTATIONS = (edit_value, replace_value, edit_header, move_headers, odd_header, odd_key)
# Before the present sequence, far after it, or not a number; never the next one.
SEQUENCES = ("0", "1", "-1", "1000000", "9" * 17, "9" * 30, "9" * 5000, "one", "", "٣", "1.5")
READER_SEQUENCES = ("0", "1", "-1", "one", "", "٣", "1.5", "9" * 5000)


def forged_event(index: int, sequences: tuple[str, ...]) -> Message:
    """A valid event from another time, after a mutation, often with an odd sequence."""
    chance = random.Random(f"{SEED}/{index}")
    user_id = identifier(chance)
    texts = {
        "ce_specversion": "1.0",
        "ce_id": identifier(chance),
        "ce_type": ADA_CREATED.type,
        "ce_source": "/annals/users",
        "ce_subject": user_id,
        "ce_time": "2026-01-02T03:04:05.000000Z",
        "content-type": "application/json",
        "ce_correlationid": identifier(chance),
        "ce_causationid": identifier(chance),
        "ce_streamversion": chance.choice(("1", "7", "-1", "two")),
        "ce_sequence": chance.choice(sequences),
    }
    headers: tuple[Header, ...] = tuple((name, text.encode()) for name, text in texts.items())
    message = Message(user_id.encode(), ADA_CREATED.to_json(), headers, index % 6)
    changed = chance.choice(MUTATIONS)(chance, message)
    kept = changed.header("ce_sequence") in {text.encode() for text in sequences} | {None}
    return changed if kept else message  # a mutated sequence might be the next one


def _produce(system: System, topic: str, messages: list[Message]) -> None:
    producer = Producer({"bootstrap.servers": system.settings.kafka_bootstrap_servers, "linger.ms": 20})
    for message in messages:
        headers: list[tuple[str, str | bytes | None]] = list(message.headers)
        producer.produce(system.topic(topic), message.value, message.key, message.partition, headers=headers)
        producer.poll(0)
    assert producer.flush(30) == 0


def _is_foreign(message: Message) -> bool:
    try:
        read_event(message.headers, message.key)  # type: ignore[arg-type]  # values may be None, as on the wire
    except MalformedMessage:
        return True
    return False


async def _unreadable_names(system: System, topic: str) -> int:
    """Write a record to each partition whose header name is not text; return the number of records."""
    servers = str(system.settings.kafka_bootstrap_servers)
    for partition in range(system.settings.partitions):
        record = RawRecord(b"k", b"{}", [(b"\xff\xfe", b"x")])
        await produce_batch(servers, system.topic(topic), partition, record_batch([record]))
    return system.settings.partitions


@pytest.mark.timeout(180)
async def test_forged_replies_do_not_stop_clients_that_wait_for_their_own(system: System) -> None:
    servers = str(system.settings.kafka_bootstrap_servers)
    client = CommandClient(servers, source="/tests", topic_prefix=system.settings.topic_prefix)
    async with client:
        for number in range(3):
            user_id = identifier(random.Random(number))
            command = CreateUser(
                user_id=user_id, first_name="Ada", last_name="Lovelace", email=f"{user_id}@example.org"
            )
            command_id = identifier(random.Random(f"command {number}"))
            _produce(system, "replies", [forged_event(index, SEQUENCES) for index in range(200)])
            _produce(system, "replies", [Message(command_id.encode(), b"{", (), partition) for partition in range(6)])
            await _unreadable_names(system, "replies")
            outcome = await client.ask(command, wait_seconds=30, command_id=command_id)
            assert outcome is not None
            assert outcome.status == "accepted"


@pytest.mark.timeout(180)
async def test_readers_outside_get_every_true_event_between_forged_ones(system: System) -> None:
    await _created(system, 50)
    forged = [forged_event(index, READER_SEQUENCES) for index in range(500)]
    _produce(system, "users.events", forged)
    await _unreadable_names(system, "users.events")
    await _created(system, 50)
    await readers_outside_get_every_event(system)


@pytest.mark.timeout(180)
async def test_lanes_continue_after_forged_events_and_verify_names_them(system: System) -> None:
    before, _ = await _foreign(system)
    forged = [forged_event(index, SEQUENCES) for index in range(FORGED)]
    await _created(system, 100)  # so that a forged first event is a repeat
    _produce(system, "users.events", forged[: FORGED // 2])
    system.send(create_users(100))
    _produce(system, "users.events", forged[FORGED // 2 :])
    unreadable = await _unreadable_names(system, "users.events")
    await _created(system, 100)
    await system.sagas_have_read("users")
    await cards_equal_the_fold(system, await system.database.fetch(EVENTS))
    after, examples = await _foreign(system)
    assert after - before == sum(map(_is_foreign, forged)) + unreadable
    assert any(system.topic("users.events") in example["where"] for example in examples)
    assert all("stopped by a bug" not in worker.log() for worker in system.workers)


async def _created(system: System, count: int) -> None:
    """Create this number of users, and wait until all users are welcomed and projected."""
    users = list(create_users(count))
    await asyncio.to_thread(system.send, users)
    await accepted(system, users)
    await system.settled()


async def _foreign(system: System) -> tuple[int, Any]:
    """The number of foreign records that `annals verify` finds, and its examples."""
    _, verdict = await verified(system)
    return int(verdict["found"].get("foreign record in the log", 0)), verdict["examples"]
