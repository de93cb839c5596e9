"""Parked streams and requests for them in memory, of read models and of sagas."""

from collections.abc import Sequence

from infra.memory import read_model_server as keys
from infra.memory.read_model_server import ReadModelServer, Transaction
from infra.memory.table import Table
from infra.memory.wire import Wire
from workers.ports.lanes import LaneKey
from workers.ports.parked import ParkedStream, ParkedStreamAction, ParkedStreamListing, ParkedStreamRequest
from workers.ports.read_models import Generation
from workers.ports.sections import projection_of


class MemoryParkedByProjections:
    """`ParkedByProjections` on the twin of Redis. `partitions` is the number of partitions of each topic of events."""

    def __init__(self, server: ReadModelServer, wire: Wire, partitions: int) -> None:
        self._server = server
        self._wire = wire
        self._partitions = partitions

    async def of_projection(self, projection: str, topic: str) -> Sequence[ParkedStreamListing]:
        def read() -> list[ParkedStreamListing]:
            generation = self._live(projection)
            listings = []
            for partition in range(self._partitions):
                streams = self._server.hash_of(keys.parked(generation, topic, partition))
                requests = self._server.hash_of(keys.parked_requests(generation, topic, partition))
                listings += [
                    ParkedStreamListing(
                        "projection", topic, partition, streams[stream_id], _action(requests, stream_id)
                    )
                    for stream_id in sorted(streams)
                ]
            return listings

        return await self._wire.call("Redis", read)

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        wanted = listing.stream

        def write() -> None:
            lane = (self._live(projection_of(wanted.follower)), listing.topic, listing.partition)
            stream = self._server.hash_of(keys.parked(*lane)).get(wanted.stream_id)
            if stream is not None and stream.stream_version == wanted.stream_version:
                request = ParkedStreamRequest(wanted.follower, wanted.stream_id, action)
                changes = Transaction(fields={keys.parked_requests(*lane): {wanted.stream_id: request}})
                self._server.execute({}, changes)

        await self._wire.call("Redis", write)

    def _live(self, projection: str) -> Generation:
        return Generation(projection, self._server.get(keys.live(projection)) or 1)


def _action(requests: dict[str, ParkedStreamRequest], stream_id: str) -> ParkedStreamAction | None:
    request = requests.get(stream_id)
    return None if request is None else request.action


class MemoryParkedBySagas:
    """`ParkedBySagas` on the twin of Postgres."""

    def __init__(self, table: Table, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def of_topic(self, topic: str) -> Sequence[ParkedStreamListing]:
        def read() -> list[ParkedStreamListing]:
            listings = []
            for (lane_topic, partition), streams in self._table.parked_streams.items():
                if lane_topic == topic:
                    requests = self._table.requested.get((topic, partition), {})
                    for key, stream in streams.items():
                        action = requests[key].action if key in requests else None
                        listings.append(ParkedStreamListing("saga", topic, partition, stream, action))
            return sorted(listings, key=_by_age)

        return await self._wire.call("Postgres", read)

    async def request(self, listing: ParkedStreamListing, action: ParkedStreamAction) -> None:
        wanted, lane = listing.stream, LaneKey("saga", listing.topic, listing.partition)

        def write() -> None:
            streams: dict[tuple[str, str], ParkedStream] = self._table.parked_streams.get(
                (listing.topic, listing.partition), {}
            )
            stream = streams.get((wanted.follower, wanted.stream_id))
            if stream is not None and stream.stream_version == wanted.stream_version:
                self._table.request(lane, wanted.follower, wanted.stream_id, action)

        await self._wire.call("Postgres", write)


def _by_age(listing: ParkedStreamListing) -> tuple[str, int, str, str]:
    stream = listing.stream
    return stream.recorded_at, listing.partition, stream.follower, stream.stream_id
