"""Snapshots of long streams: taken now and then as a batch is decided, looked at when the stream is folded again.

A snapshot saves time and decides nothing. It is used when the same code took it, when its digest says that nobody
changed it, when the event that it stands behind is there, and when it reads as a state; otherwise the stream is folded
from its first event. Not taken: a snapshot of a state that would come back as another one.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pydantic
import structlog

from contracts.message import Event
from workers import telemetry
from workers.command.deciding import BatchDecision
from workers.command.streams import Versioned
from workers.core.decider import Decider
from workers.fingerprint import fingerprint_with_imports
from workers.ports.event_store import EventRow, SnapshotRow, StoredSnapshot

SNAPSHOT_INTERVAL_EVENTS = 500
# Of how a snapshot is written. Goes into each fingerprint, as does the library that writes it and reads the events.
FORMAT = 1

log = structlog.get_logger(__name__)


class Untrue(Exception):
    """A snapshot that may not be used; `reason` says why. Fold the stream from its first event."""

    def __init__(self, stream_id: str, reason: str) -> None:
        super().__init__(f"the snapshot of {stream_id} may not be used: {reason}")
        self.stream_id = stream_id
        self.reason = reason


class Snapshots:
    """Takes and reads the snapshots of one context. `events`: the models of its events by their type on the wire."""

    def __init__(
        self,
        context: str,
        decider: Decider[Any],
        events: Mapping[str, type[Event]],
        interval_events: int = SNAPSHOT_INTERVAL_EVENTS,
    ) -> None:
        self.fingerprint = snapshot_fingerprint(context, decider, events)
        self._context = context
        self._state_type: Any = type(decider.initial)
        self._interval_events = interval_events

    def read(self, stored: StoredSnapshot) -> Versioned:
        """The stream as of the snapshot. Raises Untrue."""
        if stored.digest != self._digest(stored.stream_id, stored.stream_version, stored.event_id, stored.state):
            raise Untrue(stored.stream_id, "it is not as it was written")
        try:
            state = _reader(self._state_type).validate_json(stored.state)
        except Exception as error:
            raise Untrue(stored.stream_id, f"{type(error).__name__} while reading it") from error
        return Versioned(stored.stream_version, state, stored.stream_version)

    def added_to(self, draft: BatchDecision) -> BatchDecision:
        """The draft with snapshots of those of its streams that have changed and have come far since their last one."""
        due = {
            stream_id: stream
            for stream_id, stream in draft.streams.items()
            if stream.version - stream.snapshot_version >= self._interval_events
        }
        if not due:
            return draft
        last = {event.stream_id: event for event in draft.events if event.stream_id in due}
        taken = [self._taken(event, due[stream_id].state) for stream_id, event in last.items()]
        # Also when it came to nothing: the next attempt is due an interval later, not with each event.
        attempted = {each: due[each]._replace(snapshot_version=due[each].version) for each in last}
        return draft._replace(
            streams={**draft.streams, **attempted}, snapshots=[each for each in taken if each is not None]
        )

    def _taken(self, last: EventRow, state: Any) -> SnapshotRow | None:
        written = self._written(state)
        if written is None:
            telemetry.SNAPSHOTS_UNUSABLE.labels(self._context, "taking").inc()
            warn_once(self._context, "a state does not come back as it was written, so no snapshot is taken")
            return None
        digest = self._digest(last.stream_id, last.stream_version, last.event_id, written)
        return SnapshotRow(last.stream_id, last.stream_version, self.fingerprint, digest, written)

    def _written(self, state: Any) -> bytes | None:
        """The state as JSON; None when the same state does not come back from it."""
        try:
            reader = _reader(self._state_type)
            written = reader.dump_json(state, warnings="error")
            again = reader.validate_json(written)
            same = type(again) is type(state) and bool(again == state) and reader.dump_json(again) == written
        except Exception:  # noqa: BLE001  # a snapshot is never worth a lane
            return None
        return written if same else None

    def _digest(self, stream_id: str, version: int, event_id: str, state: bytes) -> str:
        place = json.dumps([self._context, stream_id, version, event_id, self.fingerprint])
        return hashlib.sha256(place.encode() + state).hexdigest()


def snapshot_fingerprint(context: str, decider: Decider[Any], events: Mapping[str, type[Event]]) -> str:
    """Of all that makes a state what it is: the decider's code, the models that read the events, what both lean on, and
    how states are written.
    """
    models = [model for type_, model in sorted(events.items()) if type_.startswith(f"{context}.")]
    code = fingerprint_with_imports(decider.decide, decider.evolve, *models)
    return f"{code}.{FORMAT}.{pydantic.VERSION}"


@cache
def warn_once(context: str, what: str) -> None:
    """Say it once in the life of the process: a lane may come upon it with every stream."""
    log.warning(what, context=context)


@cache
def _reader(state_type: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(state_type)
