"""Membership in a consumer group, as lanes need it: explicit positions, and no automatic commits.

The group's offsets are only hints for lag monitors. A lane starts at its checkpoint: a new partition is paused until
its lane has been acquired and `seek` has set the position. When a fetch fails, the records that aiokafka had already
taken are fetched again, so that an error in one partition skips no record of another.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from contracts.client.kafka_errors import error_text
from contracts.client.topic_states import TopicState as BrokerTopicState
from contracts.signatures import SignatureSource
from infra.kafka.assignment import ReleaseAssignor
from infra.kafka.clients import stopped
from infra.kafka.connection import REQUEST_TIMEOUT_SECONDS, consumer_options
from infra.kafka.faults import KAFKA_FAULTS, advice_on, unavailable
from infra.kafka.holes import HoleFinder
from infra.kafka.membership import MemberConsumer
from infra.kafka.places import existing, extent_of
from infra.kafka.rebalances import Listener, Rebalances
from infra.settings import Settings
from workers.ports.lanes import Unavailable
from workers.ports.log import Extent, InboundRecord, Partition, Reach, SubscriptionLost

MAX_FETCH_BYTES = 8 * 1_048_576
MAX_PARTITION_FETCH_BYTES = 1_048_576
REVOKE_TIMEOUT_SECONDS = 30.0
# A member learns of a rebalance by the answer to a heartbeat, and until the last one has, all lanes of the group rest.
HEARTBEAT_SECONDS = 0.5
START_TIMEOUT_SECONDS = 60.0
COMMIT_TIMEOUT_SECONDS = 2.0
# Longer than the client's own: it closes a connection that does not answer only when its own deadline has passed.
LOOK_TIMEOUT_SECONDS = REQUEST_TIMEOUT_SECONDS + 5.0

log = structlog.get_logger(__name__)


class KafkaSubscription:
    """`Subscription` on aiokafka.

    `committed_only` skips the records of aborted transactions and waits for the end of open ones. `signed_by` is for
    records that may be signed. `known_types` are the types of messages that this process knows.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        group: str,
        topics: Sequence[str],
        committed_only: bool = False,
        signed_by: SignatureSource | None = None,
        known_types: Collection[str] = (),
    ) -> None:
        self._signed_by = signed_by
        self._topics = list(topics)
        self.group = f"{settings.topic_prefix}{group}"
        session = settings.kafka_session_timeout_seconds
        self.absent: frozenset[str] = frozenset()
        self._states: Mapping[str, BrokerTopicState] = {}
        self._read_to: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._starts: dict[TopicPartition, int] = {}
        self._assignor = ReleaseAssignor(known_types)
        self._holes = HoleFinder(consumer_options(settings))
        self._consumer = MemberConsumer(
            **consumer_options(settings),
            group_id=self.group,
            group_instance_id=f"{settings.instance}-{group}" if settings.instance else None,
            partition_assignment_strategy=(self._assignor,),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed" if committed_only else "read_uncommitted",
            session_timeout_ms=int(session * 1000),
            heartbeat_interval_ms=int(min(HEARTBEAT_SECONDS, session / 4) * 1000),
            rebalance_timeout_ms=int(REVOKE_TIMEOUT_SECONDS * 1000),
            max_poll_interval_ms=300_000,
            fetch_max_bytes=MAX_FETCH_BYTES,
            max_partition_fetch_bytes=MAX_PARTITION_FETCH_BYTES,
            fetch_max_wait_ms=500,
        )

    async def start(self, assigned: Listener, revoked: Listener) -> None:
        self._consumer.subscribe(self._topics, listener=Rebalances(self, assigned, revoked))
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await self._consumer.start()
        except KAFKA_FAULTS as error:
            await self.stop()
            raise unavailable(error) from error
        except BaseException:  # cancelled: a consumer that goes on would be assigned lanes that nobody ends
            await self.stop()
            raise

    async def stop(self) -> None:
        await stopped(self._consumer)  # first: the group's other members wait for it
        await self._holes.stop()

    async def fetch(self, wait_seconds: float) -> Mapping[Partition, Sequence[InboundRecord]]:
        if not self._consumer.keeps_metadata:
            raise SubscriptionLost("Kafka", "the consumer no longer learns of topics and leaders; starting another one")
        if self._signed_by is not None:
            self._consumer.signatures = await self._signed_by.current()
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
            # InboundRecord(…) takes several times as long.
            Partition(*place): [InboundRecord._make(record) for record in records]
            for place, records in fetched.items()
        }

    def _rewind(self) -> None:
        """Seek back to behind the last records that `fetch` returned: those that it held when it failed are lost."""
        for partition, offset in self._read_to.items():
            self.seek(Partition(*partition), offset)

    def seek(self, partition: Partition, offset: int) -> None:
        with suppress(IllegalStateError):  # revoked meanwhile: there is no position to set
            self._consumer.seek(TopicPartition(*partition), offset)
            self._read_to[TopicPartition(*partition)] = offset

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """Drop the positions of partitions that were revoked."""
        for partition in partitions:
            self._read_to.pop(partition, None)
            self._committed.pop(partition, None)
            self._starts.pop(partition, None)

    def pause(self, partition: Partition) -> None:
        with suppress(IllegalStateError):
            self._consumer.pause(TopicPartition(*partition))

    def resume(self, partition: Partition) -> None:
        with suppress(IllegalStateError):
            self._consumer.resume(TopicPartition(*partition))

    @property
    def group_types(self) -> frozenset[str]:
        return self._assignor.group_types

    def require(self, partition: Partition, types: Collection[str]) -> None:
        self._assignor.require(partition, types)

    def leave_to_newer(self, partition: Partition, types: Collection[str]) -> None:
        if self._assignor.require(partition, types):
            self._consumer.rejoin()

    async def extents(self, partitions: Sequence[Partition]) -> Mapping[Partition, Extent]:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_SECONDS):
                states = await self._consumer.topic_states(sorted({partition.topic for partition in partitions}))
                present = existing(partitions, states)
                if not present:
                    return {}
                starts = await self._consumer.beginning_offsets(present)
                ends = await self._consumer.end_offsets(present)
                return {Partition(*place): extent_of(place, states, starts[place], ends[place]) for place in present}
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("Kafka", f"topics cannot be looked at: {error_text(error)}", advice_on(error)) from error

    async def hole(self, partition: Partition, first: int, until: int) -> tuple[int, int] | None:
        return await self._holes.hole(partition, first, until)

    async def reach(self, partitions: Sequence[Partition]) -> Mapping[Partition, Reach]:
        assignment = self._consumer.assignment()
        assigned = [partition for partition in partitions if TopicPartition(*partition) in assignment]
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_SECONDS):
                states = await self._consumer.topic_states(self._topics)
                reached = await self._reached(states, existing(assigned, states))
                await self._refresh_topics(states)
                return reached
        except (KafkaError, OSError, TimeoutError) as error:
            explanation = f"the ends of partitions cannot be read: {error_text(error)}"
            raise Unavailable("Kafka", explanation, advice_on(error)) from error

    async def _reached(
        self, states: Mapping[str, BrokerTopicState], places: Sequence[TopicPartition]
    ) -> dict[Partition, Reach]:
        """The first offset of a partition is that of an earlier look as long as `fetch` has returned all records: only
        unread ones can be missing. Raises KafkaError or OSError.
        """
        ends = await self._consumer.end_offsets(places) if places else {}
        starts = {place: self._starts[place] for place in places if place in self._starts}
        unread = [place for place in places if self._read_to.get(place) != ends[place] or place not in starts]
        starts |= await self._consumer.beginning_offsets(unread) if unread else {}
        # A partition may have been revoked meanwhile.
        self._starts |= {place: start for place, start in starts.items() if place in self._read_to}
        return {
            Partition(*place): Reach(
                await self._consumer.position(place), extent_of(place, states, starts[place], ends[place])
            )
            for place in places
        }

    async def _refresh_topics(self, states: Mapping[str, BrokerTopicState]) -> None:
        """Have the group learn of topics that were created, deleted or extended since the last call, which changes the
        assignment. By itself it would notice only when its metadata expires, or later if that was requested before.
        """
        self.absent = frozenset(self._topics) - states.keys()
        partition_counts = {topic: state.partitions for topic, state in states.items()}
        if states != self._states or self._cached_partition_counts() != partition_counts:
            self._states = states
            await self._consumer.refresh()

    def _cached_partition_counts(self) -> dict[str, int]:
        """The number of partitions of each topic in the client's cached metadata, without topics that it lacks."""
        cached = {topic: self._consumer.partitions_for_topic(topic) for topic in self._topics}
        return {topic: len(partitions) for topic, partitions in cached.items() if partitions}

    async def commit_group_offsets(self, offsets: Mapping[Partition, int]) -> None:
        assignment = self._consumer.assignment()
        commits = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
        commits = {
            place: offset
            for place, offset in commits.items()
            if place in assignment and self._committed.get(place) != offset
        }
        if not commits:
            return
        try:
            # aiokafka would retry for as long as the coordinator is silent, and the lanes' host waits here.
            async with asyncio.timeout(COMMIT_TIMEOUT_SECONDS):
                await self._consumer.commit(commits)
                self._committed |= commits
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("group offsets not committed", group=self.group, error=str(error))
