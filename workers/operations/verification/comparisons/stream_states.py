"""The write side's states of some streams, and what they say of unique claims and credentials."""

from collections.abc import Iterable
from typing import Any

from contracts.envelope import MalformedMessage
from contracts.stored_events import StoredEvents
from workers.core.decider import Decider
from workers.core.folding import fold_onto
from workers.lanes.recorded_rows import recorded_row
from workers.operations.verification.comparisons.stream_versions import StreamVersions
from workers.parking import Raised, described
from workers.ports.event_store import EventRow


class StateFold:
    """Folds events by the decider's `evolve`. A stream with an event that the code cannot apply has no state."""

    def __init__(self, decider: Decider[Any], models: StoredEvents) -> None:
        self.raised: dict[str, Raised] = {}
        self.versions = StreamVersions()
        self._decider = decider
        self._models = models
        self._states: dict[str, Any] = {}

    def apply(self, row: EventRow) -> None:
        """Fold one event; the events of a stream come together and in order."""
        self.versions.apply(row)
        if row.stream_id in self.raised:
            return
        state = self._states.get(row.stream_id, self._decider.initial)
        try:
            parts = recorded_row(row, self._models).parts
            self._states[row.stream_id] = fold_onto(self._decider, state, (part.event for part in parts))
        except MalformedMessage as error:
            self.raised[row.stream_id] = Raised(row.stream_version, str(error))
        except Exception as error:  # noqa: BLE001  # a bug in a decider is a finding, not the end of the verification
            self.raised[row.stream_id] = Raised(row.stream_version, described(error))

    def holds(self, stream_id: str, scope: str, key: str) -> bool | None:
        """Whether the stream holds this unique claim; None: not known, because its code raises."""
        if stream_id in self.raised:
            return None
        return (scope, key) in self._decider.claims(self.state(stream_id))

    def claimants(self, stream_ids: Iterable[str]) -> dict[tuple[str, str], list[str]]:
        """The unique claims (scope, key) that these streams hold by their states, and which of them hold each."""
        claimants: dict[tuple[str, str], list[str]] = {}
        for stream_id in stream_ids:
            if stream_id in self._states and stream_id not in self.raised:
                for claim in sorted(self._decider.claims(self._states[stream_id])):
                    claimants.setdefault(claim, []).append(stream_id)
        return claimants

    def state(self, stream_id: str) -> Any:
        """The state of a stream whose code does not raise."""
        return self._states.get(stream_id, self._decider.initial)

    def may_keep_credential(self, stream_id: str) -> bool | None:
        """Whether the stream may have a credential; None: not known, because its code raises."""
        if stream_id in self.raised:
            return None
        return self._decider.may_keep_credential(self.state(stream_id))
