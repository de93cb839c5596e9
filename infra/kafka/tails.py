"""The tails of logs: how far each goes, beginning with the record up to which it is known to be published.

A process that is given lanes wants the tails of all of them at once, and its lanes stand still until they are read. So
who has its turn reads the tails of all that wait for theirs; these then find them read. If that fails, perhaps because
of one topic, each of the others reads its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition

from contracts.client.consumer import Consumer
from workers.ports.log import Tail
from workers.ports.tail_scan import TailScan

# How far a shortened log is read back to find its last sequence: many times the number of records that can arrive late.
SHORTENED_SCAN_RECORDS = 20_000


@dataclass(eq=False, slots=True)
class TailRequest:
    """Whoever waits for the tail of a partition. `alone`: it was tried together with others, and failed."""

    place: TopicPartition
    from_offset: int
    tail: Tail | None = None
    alone: bool = False


class TailRequests:
    """All that wait for their tails."""

    def __init__(self) -> None:
        self._waiting: set[TailRequest] = set()

    def add(self, request: TailRequest) -> None:
        self._waiting.add(request)

    def remove(self, request: TailRequest) -> None:
        self._waiting.discard(request)

    async def answer(self, reader: Consumer, request: TailRequest) -> None:
        """Have the request answered, and with it all others that wait. Raises KafkaError or OSError."""
        if request.tail is not None:
            return
        if request.alone:
            group = {request}
        else:
            group = {waiting for waiting in self._waiting if waiting.tail is None and not waiting.alone}
        try:
            tails = await _scan(reader, group)
        except BaseException:  # also when it took too long, which cancels it
            for member in group:
                member.alone = True
            raise
        for member in group:
            member.tail = tails[member]


async def _scan(reader: Consumer, requests: Collection[TailRequest]) -> Mapping[TailRequest, Tail]:
    places = sorted({request.place for request in requests})
    ends: dict[TopicPartition, int] = await reader.end_offsets(places)
    starts: dict[TopicPartition, int] = await reader.beginning_offsets(places)
    shortened = {request: 0 < request.from_offset >= ends[request.place] for request in requests}
    wanted = dict(ends)
    for request in requests:
        end = ends[request.place]
        from_offset = end - SHORTENED_SCAN_RECORDS if shortened[request] else request.from_offset
        # Two may want the tail of one partition: a longer one says the same.
        wanted[request.place] = min(wanted[request.place], max(starts[request.place], from_offset))
    scans = {place: TailScan() for place in places}
    unread = [place for place in places if wanted[place] < ends[place]]
    if unread:
        reader.assign(unread)
        for place in unread:  # at once: the fetcher would look for positions of its own
            reader.seek(place, wanted[place])
    while unread:
        # Of all places: records of one that nobody fetches would keep the fetcher from the others.
        for place, records in (await reader.getmany(timeout_ms=1000)).items():
            for record in records:
                scans[place].add(record.headers, record.offset, is_signed=record.is_signed)
        # Not the last record's offset: another writer's transaction may end with a control record.
        unread = [place for place in unread if await reader.position(place) < ends[place]]
    reader.pause(*reader.assignment())
    return {
        request: Tail(*scans[request.place].highest, ends[request.place], shortened[request]) for request in requests
    }
