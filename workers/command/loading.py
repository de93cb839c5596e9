"""Loads the streams of a batch: looks up their events, folds them, and caches the states.

A stream that is not cached may be taken for a new one (new_streams.py). Otherwise it is folded from its snapshot, or
from its first event if it has no usable snapshot. Both give the same state. One query to the table; a second one only
for streams whose snapshots turn out to be unusable.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from contracts.message import Event
from contracts.stored_events import StoredEvents
from workers import telemetry
from workers.command.batch_decision import BatchDecision
from workers.command.new_streams import NewStreams
from workers.command.reading import Request
from workers.command.refusals import refusal_id
from workers.command.snapshots import Snapshots, UnusableSnapshot, warn_once
from workers.command.streams import StreamCache, Versioned
from workers.core.decider import Decider, Decision
from workers.core.folding import fold_onto
from workers.ports.event_store import BatchLookup, EventStore, StoredSnapshot, StreamEvent

UNKNOWN_OUTCOMES: dict[tuple[str, str], bytes] = {}
"""Of a look-up that has not asked which commands were handled before."""

# Where one command is repeated, others will be: for so many batches the table is asked first.
BATCHES_WITH_REPEATS = 20
STREAMS_TRIED = 3


class LaneStreams:
    """The streams of a lane, as one owner has loaded them."""

    def __init__(
        self,
        context: str,
        decider: Decider[Any],
        store: EventStore,
        events: StoredEvents,
        snapshots: Snapshots,
    ) -> None:
        self._context = context
        self._decider = decider
        self._store = store
        self._events = events
        self._snapshots = snapshots
        self._cache = StreamCache()
        self._new = NewStreams()
        self._batches_with_repeats = 0

    def __contains__(self, stream_id: object) -> bool:
        return stream_id in self._cache

    def of(self, requests: Sequence[Request]) -> dict[str, Versioned]:
        """The streams that these requests are about; they must have been looked up."""
        stream_ids = {request.envelope.subject for request in requests}
        new = Versioned(0, self._decider.initial)
        return {id_: new if id_ in self._new.guessed else self._cache.get(id_) for id_ in stream_ids}

    def keep(self, streams: Mapping[str, Versioned]) -> None:
        """Cache the states after a batch, once it is committed."""
        self._new.note_right()
        self._keep(streams)

    def _keep(self, streams: Mapping[str, Versioned]) -> None:
        for stream_id, stream in streams.items():
            self._cache.keep(stream_id, stream)

    @property
    def are_guessed(self) -> bool:
        """Whether any of the streams that were looked up is taken for a new one."""
        return bool(self._new.guessed)

    def leaves_doubt(self, decision: BatchDecision) -> bool:
        """Whether a decision without a question to the table has to be made again after one: a failure may be a repeat,
        which is no dead letter; and the commit proves of no stream that it is new unless it has its first event.
        """
        return bool(decision.failures) or not self._new.are_begun_by(decision.events)

    async def look_up(
        self, requests: Sequence[Request], *, expect_repeats: bool = False, guess: bool = True
    ) -> BatchLookup:
        """Look up what the batch is decided on, and load its streams for `of`. Raises Unavailable.

        When all streams are cached or taken for new ones, nothing is asked for, and the outcomes are UNKNOWN_OUTCOMES:
        the commit refuses a command that was handled before. Then look up again with `expect_repeats`; the next batches
        are looked up too. Or it refuses a stream that is not new: then look up again without a `guess`.
        """
        missing = self._cache.missing({request.envelope.subject for request in requests})
        self._batches_with_repeats = BATCHES_WITH_REPEATS if expect_repeats else max(self._batches_with_repeats - 1, 0)
        now = self._time_without_question(requests, missing, guess=guess)
        self._new.guess(missing if now is not None else ())
        if now is not None:
            return BatchLookup(now, UNKNOWN_OUTCOMES, [])
        commands = [(request.envelope.subject, request.envelope.id) for request in requests]
        if expect_repeats:
            commands += [_refusal_of(request) for request in requests]
        lookup = await self._store.look_up(self._context, commands, missing, self._snapshots.fingerprint)
        from_snapshots, unusable = self._read_snapshots(lookup.snapshots)
        events = lookup.events
        if unusable:
            whole = await self._store.look_up(self._context, [], sorted(unusable))
            events = [*(row for row in events if row.stream_id not in unusable), *whole.events]
        streams = dict.fromkeys(missing, Versioned(0, self._decider.initial)) | from_snapshots
        for stream_id, rows in groupby(events, attrgetter("stream_id")):
            streams[stream_id] = self._folded(streams[stream_id], list(rows))
        self._keep(streams)
        return lookup

    def _may_begin(self, missing: Collection[str], requests: Sequence[Request]) -> bool:
        """Whether the first commands of some unknown streams would begin them: else the guess is wrong for certain."""
        tried: set[str] = set()
        for request in requests:
            stream_id = request.envelope.subject
            if stream_id not in missing or stream_id in tried:
                continue
            try:
                decision = self._decider.decide(self._decider.initial, request.command)
            except Exception:  # noqa: BLE001  # a bug in a domain, which shows when the batch is decided
                return False
            if not (isinstance(decision, Decision) and decision.events):
                return False
            tried.add(stream_id)
            if len(tried) == STREAMS_TRIED:
                break
        return True

    def _time_without_question(
        self, requests: Sequence[Request], missing: Collection[str], *, guess: bool
    ) -> datetime | None:
        """The time at which the batch is decided; None: the table has to be asked."""
        if not guess:
            self._new.note_wrong()
        if not guess or self._batches_with_repeats:
            return None
        if missing and not (self._new.may_guess() and self._may_begin(missing, requests)):
            return None
        return self._store.time()

    def _folded(self, stream: Versioned, rows: Sequence[StreamEvent]) -> Versioned:
        """The stream after these events, which follow on it."""
        state = fold_onto(self._decider, stream.state, chain.from_iterable(map(self._events_of, rows)))
        return Versioned(rows[-1].stream_version, state, stream.snapshot_version)

    def _read_snapshots(self, snapshots: Sequence[StoredSnapshot]) -> tuple[dict[str, Versioned], set[str]]:
        """The streams as of their snapshots, and the ids of those whose snapshot is unusable."""
        streams, unusable = {}, set()
        for snapshot in snapshots:
            try:
                streams[snapshot.stream_id] = self._snapshots.read(snapshot)
            except UnusableSnapshot as error:
                unusable.add(error.stream_id)
                telemetry.SNAPSHOTS_UNUSABLE.labels(self._context, "reading").inc()
                warn_once(self._context, f"a snapshot is not used: {error.reason}")
        return streams, unusable

    def _events_of(self, row: StreamEvent) -> tuple[Event, ...]:
        return self._events.read(f"{self._context}.{row.type}.v{row.schema_version}", row.data)


def _refusal_of(request: Request) -> tuple[str, str]:
    return request.envelope.subject, refusal_id(request.envelope.id, request.record)
