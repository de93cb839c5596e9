"""Reads outcomes: this client's own reader of one partition of the replies topic.

The reader seeks to a fixed position before the client gives out the address, so it misses no reply to a command that
carries the address. The position outlives lost connections: the next reader goes on where the last one stopped. A
reader that gets nothing while replies are pending is replaced: after a broker's restart a consumer may be stuck without
an error, and the topic may have been deleted and created again. The reader is in no consumer group; several clients may
read the same partition. It skips an outcome of another command under the same id and, if it has the keys, one that the
installation has not signed.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from pydantic import ValidationError

from contracts.client.connection import FailureLog, is_cancel_requested, stop_quietly
from contracts.client.consumer import Consumer, FetchedRecord
from contracts.message import Command
from contracts.outcome import Outcome
from contracts.signatures import Signatures, SignatureSource

POLL_SECONDS = 1.0
STALLED_SECONDS = 5.0
RETRY_SECONDS = 0.5

log = logging.getLogger(__name__)

Partitions = Callable[[str], Awaitable[Collection[int]]]


class PendingReply(NamedTuple):
    """A caller that waits for the outcome of this command; None: of any command under the id."""

    future: "asyncio.Future[Outcome]"
    command: Command | None


class Replies:
    """Hands each outcome to the callers that wait for it. `partitions` gives the partitions of a topic."""

    def __init__(
        self, options: dict[str, Any], topic: str, partitions: Partitions, signed_by: SignatureSource | None = None
    ) -> None:
        """`signed_by` None: every reply is believed."""
        self._signed_by = signed_by
        self._options = options
        self._topic = topic
        self._partitions = partitions
        self._place: TopicPartition | None = None
        self._position: int | None = None
        self._topic_id = ""
        self._positioned = asyncio.Event()
        self._expected: dict[str, list[PendingReply]] = {}
        self._oldest_seconds: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._failures = FailureLog("replies are not read", log)

    @property
    def failure(self) -> str:
        """Why replies are not read now; empty when they are, or nothing has failed yet."""
        return self._failures.reason

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_reading())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def address(self) -> str:
        """`topic:partition` for `ce_replyto`. Waits, without a deadline of its own, until the position is fixed."""
        await self._positioned.wait()
        assert self._place is not None, "set before `_positioned`"
        return f"{self._place.topic}:{self._place.partition}"

    @contextmanager
    def expecting(self, command_id: str, command: Command | None = None) -> Iterator[asyncio.Future[Outcome]]:
        """The outcome of this command, from now on; None: of any command under the id."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        pending, reply = self._expected.setdefault(command_id, []), PendingReply(future, command)
        pending.append(reply)
        self._oldest_seconds.setdefault(command_id, time.monotonic())
        try:
            yield future
        finally:
            future.cancel()
            pending.remove(reply)
            if not pending and self._expected.get(command_id) is pending:
                del self._expected[command_id]
                del self._oldest_seconds[command_id]

    async def _keep_reading(self) -> None:
        while True:
            try:
                await self._read_once()
            except asyncio.CancelledError as error:
                if is_cancel_requested():
                    raise
                self._failures.failed(error)
            except Exception as error:  # noqa: BLE001  # any error: without this task no reply is read any more
                self._failures.failed(error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _read_once(self) -> None:
        """Read with one reader, as long as it works."""
        reader = Consumer(**self._options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await reader.start()
            place = await self._positioned_at(reader)
            self._failures.recovered()
            await self._read(reader, place)
        finally:
            await stop_quietly(reader.stop)

    async def _positioned_at(self, reader: Consumer) -> TopicPartition:
        if self._place is None:
            self._place = TopicPartition(self._topic, secrets.choice(sorted(await self._partitions(self._topic))))
        reader.assign([self._place])
        state = (await reader.topic_states([self._topic])).get(self._topic)
        topic_id = state.id if state else ""
        if topic_id and self._topic_id not in ("", topic_id):
            # Another topic of this name: the replies since then begin at its first offset.
            self._position = (await reader.beginning_offsets([self._place]))[self._place]
        self._topic_id = topic_id or self._topic_id
        if self._position is None:
            self._position = (await reader.end_offsets([self._place]))[self._place]
        reader.seek(self._place, self._position)
        self._positioned.set()
        return self._place

    async def _read(self, reader: Consumer, place: TopicPartition) -> None:
        """Read until the reader seems to be stuck."""
        quiet_since = time.monotonic()
        while True:
            reader.signatures = await self._signatures()
            fetched = await reader.getmany(place, timeout_ms=int(POLL_SECONDS * 1000))
            now = time.monotonic()
            if records := fetched.get(place):
                quiet_since = now
                for record in records:
                    self._hand_over(record)
                self._position = records[-1].offset + 1
            elif now - quiet_since > STALLED_SECONDS and self._waited_since(now - STALLED_SECONDS):
                return

    async def _signatures(self) -> Signatures | None:
        """None also while they cannot be read: then no reply is believed, and callers look up what is stored."""
        try:
            return None if self._signed_by is None else await self._signed_by.current()
        except Exception as error:  # noqa: BLE001  # whatever its store raises; it tells of that itself
            log.debug("replies are not believed, as their keys cannot be read: %s", error)
            return None

    def _waited_since(self, moment: float) -> bool:
        return any(since < moment for since in self._oldest_seconds.values())

    def _hand_over(self, record: FetchedRecord) -> None:
        key, value = record.key, record.value
        pending = self._expected.get((key or b"").decode(errors="replace"))
        if not pending or value is None:
            return
        if self._signed_by is not None and not record.is_signed:
            log.warning("a reply without a valid signature was skipped")
            return
        try:
            outcome = Outcome.model_validate_json(value)
        except ValidationError:
            log.warning("a reply that is no outcome was skipped")
            return
        for reply in pending:
            if not reply.future.done() and (reply.command is None or outcome.is_of(reply.command)):
                reply.future.set_result(outcome)
