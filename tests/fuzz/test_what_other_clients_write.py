"""Records as clients in other languages write them, and malformed ones: each is handled or becomes a dead letter."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Producer

from contracts.partitioner import partition_for
from tests.fuzz.raw_batches import RawRecord, produce_batch, record_batch
from tests.sent_commands import Sent, create_user
from tests.system import System
from tests.waiting import until

PARTITION = 2
MEBIBYTE = 1_048_576


def _in_partition() -> Sent:
    """A CreateUser whose key belongs to `PARTITION`."""
    while True:
        sent = create_user()
        if partition_for(sent.stream_id.encode(), 6) == PARTITION:
            return sent


def _raw(sent: Sent, *headers: tuple[bytes, bytes | None]) -> RawRecord:
    sent_headers = [(name.encode(), value) for name, value in sent.headers]
    return RawRecord(sent.stream_id.encode(), sent.value, [*sent_headers, *headers])  # type: ignore[list-item]  # bytes here


async def _produce(system: System, *records: RawRecord) -> int:
    bootstrap_servers = str(system.settings.kafka_bootstrap_servers)
    return await produce_batch(bootstrap_servers, system.topic("users.commands"), PARTITION, record_batch(records))


async def _accepted(system: System, sent: Sequence[Sent]) -> None:
    """Wait until these commands are accepted."""
    ids = [command.command_id for command in sent]

    async def handled() -> bool:
        query = "SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[]) AND status = 'accepted'"
        return bool(await system.value(query, ids) == len(ids))

    await until(handled, f"{len(ids)} commands are accepted", seconds=20)


async def _dead_letter(system: System, offset: int) -> Any:
    """The dead letter of the record at this offset of `PARTITION`."""

    async def matching_letters() -> Any:
        letters = [letter for partition in system.records("users.commands.dlq") for letter in partition]
        wanted = {"dlq_partition": str(PARTITION).encode(), "dlq_offset": str(offset).encode()}
        return [letter for letter in letters if wanted.items() <= dict(letter.headers()).items()]

    (letter,) = await until(matching_letters, f"offset {offset} is in the dead letters", every=0.3)
    return letter


def _producer(system: System, **options: Any) -> Producer:
    return Producer(
        {"bootstrap.servers": system.settings.kafka_bootstrap_servers, "message.max.bytes": 10**8, **options}
    )


def _write(producer: Producer, system: System, commands: Sequence[Sent], partition: int = -1) -> None:
    """Produce and wait. Without a `partition`, the producer's own partitioner chooses it."""
    failures: list[Any] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failures.append(error)

    for command in commands:
        producer.produce(
            system.topic("users.commands"),
            key=command.stream_id,
            value=command.value,
            headers=list(command.headers),
            on_delivery=delivered,
            partition=partition,
        )
    assert producer.flush(30) == 0
    assert not failures, failures[0]


async def test_a_header_name_that_is_not_text_makes_a_dead_letter_and_its_neighbours_are_handled(
    system: System,
) -> None:
    before, bad, after = _in_partition(), _in_partition(), _in_partition()
    offset = await _produce(system, _raw(before), _raw(bad, (b"team-\xff\xfe", b"\x00\x01")), _raw(after))
    await _accepted(system, [before, after])
    letter = await _dead_letter(system, offset + 1)
    headers = dict(letter.headers())
    assert headers["dlq_reason"] == b"MalformedHeader"
    assert headers["team-\\xff\\xfe"] == b"\x00\x01"
    assert (letter.key(), letter.value()) == (bad.stream_id.encode(), bad.value)
    assert letter.headers()[: len(bad.headers)] == bad.headers


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_commands_are_handled(system: System, codec: str) -> None:
    sent = [create_user() for _ in range(30)]
    producer = _producer(system, **{"compression.type": codec, "linger.ms": 50})
    _write(producer, system, sent)
    await _accepted(system, sent)


ODD = {
    "no key and no value": (RawRecord(None, None), b"MissingHeader"),
    "nothing but emptiness": (RawRecord(b"", b"", [(b"", b""), (b"", None)]), b"MissingHeader"),
    "headers without values": (RawRecord(b"k", b"{}", [(b"ce_id", None), (b"ce_type", None)]), b"MissingHeader"),
    "ten thousand headers": (RawRecord(b"k", b"v", [(b"h%d" % n, b"v") for n in range(10_000)]), b"MissingHeader"),
    "a time before time": (RawRecord(b"k", b"v", timestamp=-(10**15)), b"MissingHeader"),
    "no time": (RawRecord(b"k", b"v", timestamp=-1), b"MissingHeader"),
    "as large as the topic takes": (RawRecord(b"k", b"v" * (16 * MEBIBYTE - 200)), b"MissingHeader"),
}


@pytest.mark.parametrize("case", ODD)
async def test_an_odd_record_is_kept_unchanged_and_the_lane_continues(system: System, case: str) -> None:
    record, reason = ODD[case]
    offset = await _produce(system, record)
    next_command = _in_partition()
    await _produce(system, _raw(next_command))
    await _accepted(system, [next_command])
    letter = await _dead_letter(system, offset)
    assert dict(letter.headers())["dlq_reason"] == reason
    assert (letter.key() or b"", letter.value() or b"") == (record.key or b"", record.value or b"")
    kept = [(name.encode(), value) for name, value in letter.headers()[: len(record.headers)]]
    assert kept == list(record.headers)


async def test_a_record_that_is_huge_once_unpacked_does_not_stop_its_lane(system: System) -> None:
    """30 MiB that compress very well: unpacked, more than any topic here accepts."""
    producer = _producer(system, **{"compression.type": "zstd"})
    huge = b"x" * (30 * MEBIBYTE)
    nameless = _in_partition()._replace(value=huge, headers=[("ce_type", b"users.CreateUser.v1")])
    too_large, misdirected, next_command = (
        _in_partition()._replace(value=huge),
        _in_partition()._replace(value=huge),
        _in_partition(),
    )
    _write(producer, system, [nameless, too_large, next_command])
    elsewhere = (PARTITION + 1) % 6
    _write(producer, system, [misdirected], partition=elsewhere)
    await _accepted(system, [next_command])
    for sent in (too_large, misdirected):
        query = "SELECT status FROM annals.commands WHERE command_id = $1"
        status = await until(lambda: system.value(query, sent.command_id), "the huge command has an outcome")  # noqa: B023
        assert status == "rejected"


async def test_commands_of_an_aborted_transaction_are_not_handled_those_of_a_committed_one_are(system: System) -> None:
    producer = _producer(system, **{"transactional.id": uuid.uuid4().hex})
    producer.init_transactions(20)
    aborted, committed = [_in_partition() for _ in range(20)], [_in_partition() for _ in range(20)]
    producer.begin_transaction()
    _write(producer, system, aborted)
    producer.abort_transaction(20)
    producer.begin_transaction()
    _write(producer, system, committed)
    producer.commit_transaction(20)
    await _accepted(system, committed)
    ids = [command.command_id for command in aborted]
    # A lane handles records in order. Later ones are handled, so these never will be.
    assert await system.value("SELECT count(*) FROM annals.commands WHERE command_id = ANY($1::uuid[])", ids) == 0
