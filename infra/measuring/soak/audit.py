"""What must be true at the end, whatever happened: nothing lost, nothing handled twice, and `annals verify` passes.

Lost is a command that Kafka acknowledged and that has no outcome. Repeated is a command with several events (each
command about users leads to one at most) or a user welcomed twice. Ids are looked up in chunks.
"""

import asyncio
import uuid
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from infra.kafka.extent import topic_extent
from infra.postgres.lanes import Lanes
from infra.postgres.measuring import Measurements
from infra.postgres.pool import Database
from infra.redis.read_models import RedisReadModels
from infra.settings import Settings
from workers.domain import contexts
from workers.ports.lanes import Unavailable

CONTEXT = "users"
CHUNK_COMMANDS = 2_000
ID_BYTES = 16
REST_SECONDS = 180.0
POLL_SECONDS = 0.5
MAX_LOST_KEPT = 20


class Audit(NamedTuple):
    """Distinct commands that Kafka acknowledged, by outcome, and what is wrong; `examples` describes some of it."""

    acknowledged: int
    accepted: int
    rejected: int
    failed: int
    lost: int
    repeated: int
    dead_letters: int
    at_rest: bool
    examples: list[str]


class Auditor:
    """Compares the table with the acknowledged commands. `acknowledged` is the load's file of ids."""

    def __init__(self, settings: Settings, database: Database, models: RedisReadModels, acknowledged: Path) -> None:
        self._settings = settings
        self._lanes, self._measurements = Lanes(database), Measurements(database)
        self._models = models
        self._acknowledged = acknowledged

    async def rest(self, seconds: float = REST_SECONDS) -> bool:
        """Wait until everything sent is handled, every step done, everything projected; False when it takes longer."""
        try:
            async with asyncio.timeout(seconds):
                while not await self._at_rest():  # noqa: ASYNC110 - other processes do the work
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True

    async def audit(self, *, at_rest: bool) -> Audit:
        """The figures. Raises Unavailable."""
        statuses: Counter[str] = Counter()
        examples: list[str] = []
        for chunk in self._chunks():
            for command in await self._measurements.statuses(chunk):
                statuses[command.status or "lost"] += 1
                if command.status in {None, "failed"} and len(examples) < MAX_LOST_KEPT:
                    examples.append(f"command {command.command_id}: {command.status or 'no outcome'}")
        repeated = await self._repeated()
        letters = await topic_extent(self._settings, f"{self._settings.topic_prefix}{CONTEXT}.commands.dlq")
        return Audit(
            acknowledged=statuses.total(),
            accepted=statuses["accepted"],
            rejected=statuses["rejected"],
            failed=statuses["failed"],
            lost=statuses["lost"],
            repeated=len(repeated),
            dead_letters=sum(extent.end - extent.first for extent in letters.values()),
            at_rest=at_rest,
            examples=examples + repeated[:MAX_LOST_KEPT],
        )

    def _chunks(self) -> list[list[str]]:
        raw = self._acknowledged.read_bytes()
        ids = {raw[start : start + ID_BYTES] for start in range(0, len(raw), ID_BYTES)}
        texts = [str(uuid.UUID(bytes=command_id)) for command_id in ids]
        return [texts[start : start + CHUNK_COMMANDS] for start in range(0, len(texts), CHUNK_COMMANDS)]

    async def _repeated(self) -> list[str]:
        repeated = []
        for partition in range(self._settings.partitions):
            commands = await self._measurements.commands_with_several_events(CONTEXT, partition)
            repeated += [f"command {command.command_id}: {command.events} events" for command in commands]
            streams = await self._measurements.streams_with_several(CONTEXT, partition, "UserWelcomed")
            repeated += [f"user {stream.stream_id}: welcomed {stream.events} times" for stream in streams]
        return repeated

    async def _at_rest(self) -> bool:
        try:
            return await self._all_handled() and await self._all_followed()
        except Unavailable:
            return False

    async def _all_handled(self) -> bool:
        """Whether every command on the topic has been read: an acknowledged one has been handled then, or is lost."""
        topic = f"{self._settings.topic_prefix}{CONTEXT}.commands"
        ends = {number: extent.end for number, extent in (await topic_extent(self._settings, topic)).items()}
        consumed = {lane.partition: lane.consumed for lane in await self._lanes.read_positions(topic)}
        return all(consumed.get(number, 0) >= end for number, end in ends.items())

    async def _all_followed(self) -> bool:
        """Whether sagas and read models have applied every event, and each step of a saga has an outcome."""
        events = f"{self._settings.topic_prefix}{CONTEXT}.events"
        sequences = {lane.partition: lane.sequence for lane in await self._lanes.lane_sequences()}
        followed = {lane.partition: lane.input_sequence for lane in await self._lanes.saga_positions(events)}
        if any(followed.get(number, 0) < sequence for number, sequence in sequences.items()):
            return False
        if await self._measurements.has_steps_without_outcome():
            return False
        for projection in contexts()[CONTEXT].projections:
            for number, sequence in sequences.items():
                if await self._models.reached(projection.name, events, number) < sequence:
                    return False
        return True
