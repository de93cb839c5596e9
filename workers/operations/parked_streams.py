"""`annals parked`: the streams on which a projection or a saga has failed, and requests to retry or skip their event.

An operator only requests. The owner of the lane applies the events, in order, in a transaction of the lane; so a
request is recorded and stored here, and done when a worker of that role runs.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.topics import Topics
from workers.core.context import Context
from workers.operations.interventions import Operator
from workers.ports.clock import WaitingClock
from workers.ports.event_store import EventRow, EventTable
from workers.ports.parked import ParkedByProjections, ParkedBySagas, ParkedStreamAction, ParkedStreamListing
from workers.ports.sections import events_topic, lane_topic

LOOK_INTERVAL_SECONDS = 0.3


class ParkedStreamPorts(NamedTuple):
    """What the operations on parked streams need: the installation's contexts by name, and both kinds of stores."""

    contexts: Mapping[str, Context]
    topics: Topics
    by_projections: ParkedByProjections
    by_sagas: ParkedBySagas


class NotParked(Exception):
    """An operator named streams that are not parked."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"not parked: {', '.join(names)}; `annals parked list` names those that are")
        self.names = names


class RequestResult(NamedTuple):
    """What became of requests: the names of the streams that are up to date, and the listings of the others."""

    up_to_date: Sequence[str]
    parked: Sequence[ParkedStreamListing]


async def parked_streams(ports: ParkedStreamPorts, follower: str | None = None) -> list[ParkedStreamListing]:
    """All parked streams, or those of one projection or saga, the one with the oldest waiting event first.

    Raises Unavailable.
    """
    listings: list[ParkedStreamListing] = []
    for context in ports.contexts.values():
        topic = ports.topics.events(context.name)
        for projection in context.projections:
            for section, followed in projection.fed_by():
                lanes = lane_topic(ports.topics.events(followed), section)
                listings += await ports.by_projections.of_projection(projection.name, lanes)
        listings += await ports.by_sagas.of_topic(topic)
    wanted = [listing for listing in listings if follower in (None, listing.stream.follower)]
    return sorted(wanted, key=lambda listing: (listing.stream.recorded_at, listing.name))


def named(listings: Sequence[ParkedStreamListing], names: Sequence[str]) -> list[ParkedStreamListing]:
    """The listings with these names, each once, in the order of the names. Raises NotParked."""
    by_name = {listing.name: listing for listing in listings}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise NotParked(unknown)
    return [by_name[name] for name in dict.fromkeys(names)]


async def waiting_events(
    ports: ParkedStreamPorts, table: EventTable, listing: ParkedStreamListing, limit: int
) -> Sequence[EventRow]:
    """The first events that wait, at most `limit`, by stream version. Raises Unavailable."""
    stream = listing.stream
    context = ports.topics.context_of(events_topic(listing.topic))
    return await table.stream_after(context, stream.stream_id, stream.stream_version - 1, limit)


async def request(
    ports: ParkedStreamPorts, operator: Operator, listings: Sequence[ParkedStreamListing], action: ParkedStreamAction
) -> None:
    """Record and store a request for each of these streams. Raises Unavailable and Unstorable; the streams before the
    one at which it stopped have their requests then. It is safe to repeat.
    """
    for listing in listings:
        stream = listing.stream
        details = {"stream_version": stream.stream_version, "event_type": stream.event_type}
        await operator.record(f"parked-{action}", listing.name, details)
        store = ports.by_projections if listing.kind == "projection" else ports.by_sagas
        await store.request(listing, action)


async def wait_until_done(
    ports: ParkedStreamPorts,
    listings: Sequence[ParkedStreamListing],
    follower: str | None,
    clock: WaitingClock,
    timeout_seconds: float,
) -> RequestResult:
    """Wait until the owners of the lanes have done what was requested for these streams, at most `timeout_seconds`.

    `follower` narrows each look to the streams of one projection or saga; the streams in `listings` must be its own.
    Raises Unavailable.
    """
    names = [listing.name for listing in listings]
    deadline = clock() + timeout_seconds
    while True:
        parked = [listing for listing in await parked_streams(ports, follower) if listing.name in names]
        if not any(listing.requested for listing in parked) or clock() > deadline:
            break
        await clock.sleep(LOOK_INTERVAL_SECONDS)
    still_parked = {listing.name for listing in parked}
    return RequestResult([name for name in names if name not in still_parked], parked)
