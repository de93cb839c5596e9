"""Snapshots of long streams: taken when a batch is decided, read when a stream is loaded.

A snapshot saves time and never changes an outcome. It is used only if the same code took it, its digest matches, its
last event exists, and it can be read as a state; otherwise the stream is folded from its first event. No snapshot is
taken of a state that cannot be restored exactly.
"""

import hashlib
import json
from functools import cache
from typing import Any

import pydantic
import structlog

from contracts.stored_events import StoredEvents
from workers import telemetry
from workers.command.batch_decision import BatchDecision
from workers.command.streams import Versioned
from workers.core.decider import Decider
from workers.fingerprint import fingerprint_with_imports
from workers.ports.event_store import EventRow, SnapshotRow, StoredSnapshot

SNAPSHOT_INTERVAL_EVENTS = 500
# The version of the format of snapshots. It is part of the fingerprint, as is the version of the library that writes
# them.
FORMAT = 1

log = structlog.get_logger(__name__)


class UnusableSnapshot(Exception):
    """The snapshot may not be used, for `reason`. Fold the stream from its first event."""

    def __init__(self, stream_id: str, reason: str) -> None:
        super().__init__(f"the snapshot of {stream_id} may not be used: {reason}")
        self.stream_id = stream_id
        self.reason = reason


class Snapshots:
    """Takes and reads the snapshots of one context. `events` read its events."""

    def __init__(
        self,
        context: str,
        decider: Decider[Any],
        events: StoredEvents,
        interval_events: int = SNAPSHOT_INTERVAL_EVENTS,
    ) -> None:
        self.fingerprint = snapshot_fingerprint(context, decider, events)
        self._context = context
        self._state_type: Any = type(decider.initial)
        self._interval_events = interval_events

    def read(self, stored: StoredSnapshot) -> Versioned:
        """The stream as of the snapshot. Raises UnusableSnapshot."""
        if stored.digest != self._digest(stored.stream_id, stored.stream_version, stored.event_id, stored.state):
            raise UnusableSnapshot(stored.stream_id, "it is not as it was written")
        try:
            state = _reader(self._state_type).validate_json(stored.state)
        except Exception as error:
            raise UnusableSnapshot(stored.stream_id, f"{type(error).__name__} while reading it") from error
        return Versioned(stored.stream_version, state, stored.stream_version)

    def added_to(self, decision: BatchDecision) -> BatchDecision:
        """The decision with snapshots of the streams that have grown by the interval since their last snapshot."""
        due = {
            stream_id: stream
            for stream_id, stream in decision.streams.items()
            if stream.version - stream.snapshot_version >= self._interval_events
        }
        if not due:
            return decision
        last_events = {event.stream_id: event for event in decision.events if event.stream_id in due}
        rows = [self._snapshot(event, due[stream_id].state) for stream_id, event in last_events.items()]
        # Also if no snapshot could be taken: the next attempt is due after another interval, not with each event.
        attempted = {
            stream_id: due[stream_id]._replace(snapshot_version=due[stream_id].version) for stream_id in last_events
        }
        return decision._replace(
            streams={**decision.streams, **attempted}, snapshots=[row for row in rows if row is not None]
        )

    def _snapshot(self, last_event: EventRow, state: Any) -> SnapshotRow | None:
        written = self._written(state)
        if written is None:
            telemetry.SNAPSHOTS_UNUSABLE.labels(self._context, "taking").inc()
            warn_once(self._context, "a state cannot be restored exactly from its JSON, so no snapshot is taken")
            return None
        stream_id, version = last_event.stream_id, last_event.stream_version
        digest = self._digest(stream_id, version, last_event.event_id, written)
        return SnapshotRow(stream_id, version, self.fingerprint, digest, written)

    def _written(self, state: Any) -> bytes | None:
        """The state as JSON; None if the same state cannot be restored from it."""
        try:
            reader = _reader(self._state_type)
            written = reader.dump_json(state, warnings="error")
            restored = reader.validate_json(written)
            is_same = (
                type(restored) is type(state) and bool(restored == state) and reader.dump_json(restored) == written
            )
        except Exception:  # noqa: BLE001  # a snapshot is never worth a lane
            return None
        return written if is_same else None

    def _digest(self, stream_id: str, version: int, event_id: str, state: bytes) -> str:
        identity = json.dumps([self._context, stream_id, version, event_id, self.fingerprint])
        return hashlib.sha256(identity.encode() + state).hexdigest()


def snapshot_fingerprint(context: str, decider: Decider[Any], events: StoredEvents) -> str:
    """The fingerprint of all that determines a stored state: the code of the decider, the models and upcasters that
    read the events, what all of them import, and the format of snapshots.
    """
    models = [model for _, model in sorted(events.of(context).models.items())]
    code = fingerprint_with_imports(decider.decide, decider.evolve, *models, *events.upcasting_code(context))
    return f"{code}.{FORMAT}.{pydantic.VERSION}"


@cache
def warn_once(context: str, what: str) -> None:
    """Log a warning once per process: it may apply to every stream of a lane."""
    log.warning(what, context=context)


@cache
def _reader(state_type: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(state_type)
