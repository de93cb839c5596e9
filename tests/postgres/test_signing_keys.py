"""The keys by which records are signed: they are the database's own, and may be changed while all runs."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from contracts.signatures import KEY_BYTES, Signatures
from infra.postgres import signing_keys
from infra.postgres.pool import Database
from infra.postgres.roles import COMMAND
from infra.postgres.signing_keys import event_signatures, reply_signatures
from workers.ports.lanes import Unavailable

PLACE, RECORDS = ("users.events", 0), b"the records of a batch"
ADD = (
    "INSERT INTO annals.signing_keys (purpose, key_id, secret, signs_from) "
    "VALUES ('events', '2', $1, now() + make_interval(secs => $2))"
)
LATER_SECONDS = 600.0


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url, role=COMMAND, connections=1)
    await opened.open()
    yield opened
    await opened.close()


def signature(signatures: Signatures) -> bytes:
    return b"%b:%b" % (signatures.key_id, signatures.digits(signatures.key_id, *PLACE, [RECORDS]))


def recognizes(signatures: Signatures, signature: bytes) -> bool:
    return signatures.is_signature(signature, *PLACE, [RECORDS])


async def test_are_there_after_a_migration_one_for_each_purpose(database: Database) -> None:
    events = await event_signatures(database).current()
    replies = await reply_signatures(database).current()
    assert recognizes(events, signature(events))
    assert not recognizes(events, signature(replies))


async def test_sign_from_their_time_on_and_are_recognized_before(
    database: Database, onlooker: asyncpg.Connection
) -> None:
    before = await event_signatures(database).current()
    await onlooker.execute(ADD, b"n" * KEY_BYTES, LATER_SECONDS)
    both = await event_signatures(database).current()
    assert signature(both) == signature(before)
    await onlooker.execute("UPDATE annals.signing_keys SET signs_from = now() WHERE key_id = '2'")
    after = await event_signatures(database).current()
    assert signature(after) != signature(before)
    assert recognizes(both, signature(after))
    assert recognizes(after, signature(before))


async def test_are_read_again_after_a_while_and_sooner_if_a_record_names_another(
    database: Database, onlooker: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = event_signatures(database)
    before = await keys.current()
    await onlooker.execute(ADD, b"n" * KEY_BYTES, 0.0)
    assert await keys.current() is before
    after = await event_signatures(database).current()
    assert not recognizes(before, signature(after))
    monkeypatch.setattr(signing_keys, "MIN_AGE_SECONDS", 0.0)
    assert recognizes(await keys.current(), signature(after))


async def test_are_kept_while_the_database_is_away(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(url, role=COMMAND, connections=1)
    await database.open()
    keys = event_signatures(database)
    before = await keys.current()
    await database.close()
    monkeypatch.setattr(signing_keys, "MAX_AGE_SECONDS", 0.0)
    assert await keys.current() is before
    with pytest.raises(Unavailable):
        await event_signatures(database).current()
