"""Membership in a consumer group, as lanes need it: explicit offsets, nothing committed by itself.

Offsets that the group keeps are hints for lag monitors. Where a lane starts, its checkpoint says: a new partition is
paused until its lane has been taken and the position set by `seek`. What aiokafka had already taken when a fetch failed
is fetched again: no record is passed over because of a neighbour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from contracts.client.consumer import Consumer
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, client_options
from infra.kafka.faults import KAFKA_FAULTS, unavailable
from infra.kafka.holes import HoleFinder
from infra.kafka.inbound import inbound
from infra.kafka.stopping import stopped
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Reach, TopicState

MAX_FETCH_BYTES = 8 * 1_048_576
MAX_PARTITION_FETCH_BYTES = 1_048_576
REVOKE_TIMEOUT_SECONDS = 30.0
START_TIMEOUT_SECONDS = 60.0
HINT_TIMEOUT_SECONDS = 2.0

log = structlog.get_logger(__name__)

Listener = Callable[[frozenset[Partition]], Awaitable[None]]


class KafkaSubscription:
    """`Subscription` on aiokafka.

    `committed_only` leaves out what transactions of others wrote and took back, and waits for those that are open.
    """

    def __init__(self, settings: Settings, *, group: str, topics: Sequence[str], committed_only: bool = False) -> None:
        self._topics = list(topics)
        self.group = f"{settings.topic_prefix}{group}"
        session = settings.kafka_session_timeout_seconds
        self.absent: frozenset[str] = frozenset()
        self._states: dict[str, Any] = {}
        self._read_to: dict[TopicPartition, int] = {}
        self._holes = HoleFinder(client_options(settings))
        self._consumer = Consumer(
            **client_options(settings),
            group_id=self.group,
            group_instance_id=f"{settings.instance}-{group}" if settings.instance else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed" if committed_only else "read_uncommitted",
            session_timeout_ms=int(session * 1000),
            heartbeat_interval_ms=int(session * 1000 / 4),
            rebalance_timeout_ms=int(REVOKE_TIMEOUT_SECONDS * 1000),
            max_poll_interval_ms=300_000,
            fetch_max_bytes=MAX_FETCH_BYTES,
            max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
            fetch_max_wait_ms=500,
        )

    async def start(self, assigned: Listener, revoked: Listener) -> None:
        self._consumer.subscribe(self._topics, listener=_Rebalance(self, assigned, revoked))
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await self._consumer.start()
        except KAFKA_FAULTS as error:
            await self.stop()
            raise unavailable(error) from error

    async def stop(self) -> None:
        await self._holes.stop()
        await stopped(self._consumer)

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        try:
            fetched = await self._consumer.getmany(timeout_ms=int(wait_seconds * 1000))
        except Exception as error:
            self._rewind()
            if isinstance(error, KAFKA_FAULTS):
                raise unavailable(error) from error
            raise
        for partition, records in fetched.items():
            self._read_to[partition] = records[-1].offset + 1
        return {
            Partition(*partition): [inbound(record) for record in records] for partition, records in fetched.items()
        }

    def _rewind(self) -> None:
        """Go back to where `fetch` has handed records over: those that it held when it failed are gone."""
        for partition, offset in self._read_to.items():
            self.seek(Partition(*partition), offset)

    def seek(self, partition: Partition, offset: int) -> None:
        with suppress(IllegalStateError):  # revoked meanwhile: nothing to position
            self._consumer.seek(TopicPartition(*partition), offset)
            self._read_to[TopicPartition(*partition)] = offset

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are no longer ours, or not as they were."""
        for partition in partitions:
            self._read_to.pop(partition, None)

    def pause(self, partition: Partition) -> None:
        with suppress(IllegalStateError):
            self._consumer.pause(TopicPartition(*partition))

    def resume(self, partition: Partition) -> None:
        with suppress(IllegalStateError):
            self._consumer.resume(TopicPartition(*partition))

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                states = await self._consumer.topic_states(sorted({each.topic for each in partitions}))
                there = [
                    TopicPartition(*each)
                    for each in partitions
                    if each.topic in states and each.partition < states[each.topic].partitions
                ]
                if not there:
                    return {}
                starts = await self._consumer.beginning_offsets(there)
                ends = await self._consumer.end_offsets(there)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka", f"topics cannot be looked at: {error or type(error).__name__}") from error
        return {
            Partition(*each): Extent(
                TopicState(states[each.topic].id, states[each.topic].partitions),
                starts[each],
                max(starts[each], ends[each]),
                states[each.topic].leader_epochs.get(each.partition, -1),
            )
            for each in there
        }

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        return await self._holes.hole(partition, first, until)

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        held = [each for each in partitions if TopicPartition(*each) in self._consumer.assignment()]
        extents = await self.extents(held) if held else {}
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                await self._look_at_topics()
                return {
                    each: Reach(await self._consumer.position(TopicPartition(*each)), extent)
                    for each, extent in extents.items()
                }
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka", f"positions cannot be read: {error or type(error).__name__}") from error

    async def _look_at_topics(self) -> None:
        """A topic that has come, gone or grown since the last look changes who holds what. The group would learn of it
        when its metadata has grown old; and again if what it was told last was asked for before that.
        """
        states = await self._consumer.topic_states(self._topics)
        self.absent = frozenset(self._topics) - states.keys()
        there = {topic: state.partitions for topic, state in states.items()}
        if states != self._states or self._partitions_known() != there:
            self._states = states
            await self._consumer.refresh()

    def _partitions_known(self) -> dict[str, int]:
        """How many each topic has, as the group's member knows it; without those that it does not know."""
        known = {topic: self._consumer.partitions_for_topic(topic) for topic in self._topics}
        return {topic: len(found) for topic, found in known.items() if found}

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        held = self._consumer.assignment()
        known = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
        known = {partition: offset for partition, offset in known.items() if partition in held}
        if not known:
            return
        try:
            # aiokafka would try again as long as the coordinator is silent, and the lanes' host waits here.
            async with asyncio.timeout(HINT_TIMEOUT_SECONDS):
                await self._consumer.commit(known)
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("group offset hint refused", group=self.group, error=str(error))


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Passes rebalances on; aiokafka would only log an exception of ours, so they must not raise."""

    def __init__(self, subscription: KafkaSubscription, assigned: Listener, revoked: Listener) -> None:
        self._subscription = subscription
        self._assigned = assigned
        self._revoked = revoked

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._subscription.forget(revoked)
        await self._revoked(frozenset(Partition(*partition) for partition in revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        partitions = frozenset(Partition(*partition) for partition in assigned)
        for partition in partitions:
            self._subscription.pause(partition)
        await self._assigned(partitions)
