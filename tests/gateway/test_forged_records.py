"""Records that a stranger writes into the log and into the replies are not believed, neither by projections nor by the
gateway. Who has the key is believed: these are the controls.
"""

import asyncio
import json
import signal
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contracts.outcome import Outcome, OutcomeError, content_digest
from contracts.signatures import FixedSignatures, SigningKey
from contracts.users.events import UserUpdated
from infra.kafka.event_log import KafkaEventLog
from tests.gateway.requests import ADA, created
from tests.gateway.running import Running
from tests.waiting import until
from tests.worker_process import Worker
from workers.ports.log import OutboundRecord

STRANGERS_AND_THE_CONTROL = pytest.mark.parametrize("has_key", [False, True], ids=["a stranger", "who has the key"])
KEY = "SELECT key_id, secret FROM annals.signing_keys WHERE purpose = $1"
OF_THE_STREAM = (
    "SELECT partition, stream_version FROM annals.events WHERE stream_id = $1 ORDER BY sequence DESC LIMIT 1"
)
LAST_OF_THE_LANE = "SELECT max(sequence) FROM annals.events WHERE context = 'users' AND partition = $1"


class Forger:
    """Writes records as Annals would, without the right to. `purpose`: that of the key it has; None: it has none."""

    def __init__(self, running: Running, purpose: str | None) -> None:
        self._system = running.system
        self._purpose = purpose

    async def writes(self, topic: str, partition: int, key: str, value: bytes, texts: dict[str, str]) -> None:
        headers = [(header, text.encode()) for header, text in texts.items()]
        signed_by: FixedSignatures | None = None
        if self._purpose is not None:
            row = await self._system.database.fetchrow(KEY, self._purpose)
            signed_by = FixedSignatures([SigningKey(row["key_id"], row["secret"])])
        log = KafkaEventLog(self._system.settings, signed_by=signed_by)
        await log.append(self._system.topic(topic), partition, [OutboundRecord(key.encode(), value, headers)])
        await log.stop()


async def forged_event(running: Running, user_id: str, forger: Forger, ahead: int = 1) -> None:
    """The next event of a user, with a sequence so far behind the last one of its lane."""
    stream = await running.system.database.fetchrow(OF_THE_STREAM, user_id)
    sequence = await running.system.value(LAST_OF_THE_LANE, stream["partition"])
    event = UserUpdated(user_id=user_id, city="Forged")
    texts = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_type": event.type,
        "ce_source": "/annals/users",
        "ce_subject": user_id,
        "ce_time": "2026-01-02T03:04:05.000000Z",
        "content-type": "application/json",
        "ce_correlationid": str(uuid.uuid4()),
        "ce_causationid": str(uuid.uuid4()),
        "ce_streamversion": str(stream["stream_version"] + 1),
        "ce_sequence": str(sequence + ahead),
    }
    await forger.writes("users.events", stream["partition"], user_id, event.to_json(), texts)


async def welcomed(http: httpx.AsyncClient, place: str) -> None:
    async def done() -> bool:
        return (await http.get(place)).json()["welcomed_at"] is not None

    await until(done, "the welcome follows by itself")


def command_worker(running: Running) -> Worker:
    """The one that runs now."""
    return [worker for worker in running.system.workers if worker.role == "command"][-1]


@STRANGERS_AND_THE_CONTROL
async def test_a_card_does_not_show_an_event_that_was_forged_with_the_next_sequence(
    running: Running, has_key: bool
) -> None:
    http = running.http
    answer = await created(http, email=f"{uuid.uuid4()}@example.org")
    place = answer.headers["location"]
    await welcomed(http, place)
    await forged_event(running, place.rpartition("/")[2], Forger(running, "events" if has_key else None))
    changed = await http.patch(place, json={"city": "Turin"})
    assert changed.status_code == 200
    card = await http.get(place, headers={"X-Annals-Position": changed.headers["x-annals-position"]})
    assert card.json()["city"] == ("Forged" if has_key else "Turin")


def rejection_of(record: Any) -> bytes:
    """The outcome that the sender of this command waits for, as a stranger can write it who reads the commands."""
    texts = {name: value.decode() for name, value in record.headers()}
    outcome = Outcome(
        command_id=texts["ce_id"],
        type=texts["ce_type"],
        status="rejected",
        stream_id=record.key().decode(),
        stream_version=0,
        partition=record.partition(),
        sequence=0,
        events=(),
        error=OutcomeError(code="EmailTaken", message="Forged."),
        correlation_id=texts["ce_correlationid"],
        handled_at=datetime.now(UTC),
        content_digest=content_digest(record.value()),
    )
    return outcome.to_json()


@STRANGERS_AND_THE_CONTROL
async def test_a_caller_is_not_told_what_a_forged_reply_says(running: Running, has_key: bool) -> None:
    worker = command_worker(running)
    email = f"{uuid.uuid4()}@example.org"
    worker.signal(signal.SIGSTOP)
    try:
        asking = asyncio.create_task(created_or_refused(running.http, email))
        sent = await command_with(running, email)
        headers = {name: value.decode() for name, value in sent.headers()}
        partition = int(headers["ce_replyto"].rpartition(":")[2])
        forger = Forger(running, "replies" if has_key else None)
        await forger.writes("replies", partition, headers["ce_id"], rejection_of(sent), {"ce_id": str(uuid.uuid4())})
        if has_key:
            answer = await asking
            assert (answer.status_code, answer.json()["detail"]) == (409, "Forged.")
    finally:
        worker.signal(signal.SIGCONT)
    if not has_key:
        assert (await asking).status_code == 201


async def created_or_refused(http: httpx.AsyncClient, email: str) -> httpx.Response:
    return await http.post("/users", json={**ADA, "email": email}, headers={"Prefer": "wait=15"})


async def command_with(running: Running, email: str) -> Any:
    """The record of the command that creates the user with this address."""
    found: list[Any] = []

    async def arrived() -> bool:
        lanes = await asyncio.to_thread(running.system.records, "users.commands")
        found.extend(record for lane in lanes for record in lane if json.loads(record.value()).get("email") == email)
        return bool(found)

    await until(arrived, "the command is in its topic")
    return found[0]


@STRANGERS_AND_THE_CONTROL
async def test_the_next_owner_of_a_lane_is_not_stopped_by_a_forged_sequence(running: Running, has_key: bool) -> None:
    """By one far ahead of all that the table has. Who has the key stops it: the database may have been set back."""
    answer = await created(running.http, email=f"{uuid.uuid4()}@example.org")
    place = answer.headers["location"]
    user_id = place.rpartition("/")[2]
    await welcomed(running.http, place)
    worker = command_worker(running)
    assert await worker.stop() == 0
    await forged_event(running, user_id, Forger(running, "events" if has_key else None), ahead=1000)
    following = await running.system.worker("command")

    async def is_told() -> bool:
        return "the log has events up to" in following.log_file.read_text()

    if has_key:
        await until(is_told, "the worker says why it does not go on", seconds=60)
        return
    changed = await running.http.patch(place, json={"city": "Turin"}, headers={"Prefer": "wait=30"})
    assert changed.status_code == 200, changed.text
    assert not await is_told()
