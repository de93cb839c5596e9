"""What a consumer asks its brokers for next, by one look at each partition.

aiokafka's fetcher looks at every partition before a fetch, again when its records are there, and a third time when they
are taken, asks the metadata for each leader, and lists all partitions several times for each request. With a hundred
partitions and a record at a time that was a quarter of the consumer's time. Here the partitions are kept by their
leaders as long as the assignment and the metadata are the same, those of a broker that may not be asked are not looked
at, and a request has one mapping, of which its session (fetch_sessions.py) tells the broker what is new.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

Place = tuple[str, int]
"""A topic and the number of a partition."""
Wanted = Mapping[Place, tuple[int, int]]
"""By place: the position, and the most bytes wanted of it."""
Topics = list[tuple[str, list[tuple[int, int, int]]]]
"""By topic: partition, position, and the most bytes wanted of it."""
NO_LEADER = (None, -1)


def by_topic(wanted: Wanted) -> Topics:
    """The same as a request has it."""
    topics: dict[str, list[tuple[int, int, int]]] = {}
    for (topic, partition), (position, most_bytes) in wanted.items():
        topics.setdefault(topic, []).append((partition, position, most_bytes))
    return list(topics.items())


def wanted_of(topics: Topics) -> Wanted:
    """The other way round."""
    return {
        (topic, partition): (position, most_bytes)
        for topic, partitions in topics
        for partition, position, most_bytes in partitions
    }


class WantedFetch(FetchRequest):  # type: ignore[misc]  # aiokafka ships no types
    """A fetch. `wanted` is what it asks for; after the answer, the part of that which the answer is about."""

    def __init__(
        self, max_wait_ms: int, min_bytes: int, max_bytes: int, isolation_level: int, wanted: Wanted, rack_id: str = ""
    ) -> None:
        super().__init__(max_wait_ms, min_bytes, max_bytes, isolation_level, [], rack_id)
        self.wanted = wanted

    @property
    def topics(self) -> Topics:
        """As aiokafka's."""
        return by_topic(self.wanted)

    def build(self, version: Any) -> Any:
        """The request to send, in the version of the format that was agreed on. The broker, which may have no room for
        all that is wanted, sees it in another order each time.
        """
        topics = self.topics
        random.shuffle(topics)
        for _, partitions in topics:
            random.shuffle(partitions)
        self._topics = topics
        return super().build(version)

    def was_answered_for(self, places: Iterable[Place]) -> None:
        """aiokafka looks up again what it has asked for, to read the answer: these places are enough."""
        self.wanted = {place: self.wanted[place] for place in places if place in self.wanted}


class _Led(NamedTuple):
    """The partitions of an assignment by the brokers that lead them, as a version of the metadata says."""

    assignment: Any
    partitions: Any
    leaders: Mapping[Place, int | None]
    by_leader: Mapping[int | None, list[tuple[Place, Any]]]

    @staticmethod
    def of(assignment: Any, cluster: Any) -> "_Led":
        leaders = {place: cluster.leader_for_partition(place) for place in assignment.tps}
        by_leader = defaultdict(list)
        for place, leader in leaders.items():
            by_leader[leader].append((place, assignment.state_value(place)))
        return _Led(assignment, cluster._partitions, leaders, by_leader)  # noqa: SLF001  # see `RoundFetcher`


class RoundFetcher(Fetcher):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's, with the choice of what to do next in a way that costs little with many partitions."""

    _led: _Led | None = None

    def _get_actions_per_node(self, assignment: Any) -> Any:
        """As aiokafka's: the fetches to send, the partitions that need a position, after how many seconds to look
        again, whether the metadata must be read again, and the futures that are done when a partition is resumed. Those
        of a broker that may not be asked now would lead to nothing.
        """
        if self._client_rack:  # a replica that is near is asked in the leader's place: aiokafka knows which
            requests, *others = super()._get_actions_per_node(assignment)
            return [(node_id, self._fetch(wanted_of(request.topics))) for node_id, request in requests], *others
        led = self._led_now(assignment)
        waits = defaultdict(list)
        for place, result in self._records.items():
            if seconds := result.calculate_backoff():
                waits[led.leaders.get(place)].append(seconds)
        fetches, resets, lacks_leaders = [], {}, False
        resumed: list[Any] = []
        for leader, places in led.by_leader.items():
            if leader in self._in_flight:
                continue
            if leader in NO_LEADER:
                lacks_leaders |= any(place not in self._records for place, _ in places)
                continue
            wanted, without_position = self._look_at(places, resumed)
            if without_position:
                resets[leader] = without_position
            elif wanted and leader not in waits:
                fetches.append((leader, self._fetch(wanted)))
        look_again_seconds = min(map(max, waits.values())) if waits else self._fetcher_timeout
        return fetches, resets, look_again_seconds, lacks_leaders, resumed

    def _led_now(self, assignment: Any) -> _Led:
        led, cluster = self._led, self._client.cluster
        # New metadata is a new mapping of its partitions.
        if led is None or led.assignment is not assignment or led.partitions is not cluster._partitions:  # noqa: SLF001
            led = self._led = _Led.of(assignment, cluster)
        return led

    def _look_at(self, places: list[tuple[Place, Any]], resumed: list[Any]) -> tuple[Wanted, list[Place]]:
        """What to fetch of these, and those that need a position first. A paused one adds to what is `resumed`."""
        records, most_bytes = self._records, self._max_partition_fetch_bytes
        wanted, without_position = {}, []
        for place, state in places:
            if place in records:
                continue
            if not state.has_valid_position:
                without_position.append(place)
            elif state.paused:
                resumed.append(state.resume_fut)
            else:
                wanted[place] = state.position, most_bytes
        return wanted, without_position

    def _fetch(self, wanted: Wanted) -> WantedFetch:
        limits = (self._fetch_max_wait_ms, self._fetch_min_bytes, self._fetch_max_bytes)
        return WantedFetch(*limits, self._isolation_level, wanted, self._client_rack or "")
