"""Which process sent which events to the log, and acquired which lane, at what times: the servers do not keep it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from tests.simulation.commands import EVENTS
from tests.simulation.process import Process
from workers.ports.event_store import Batch, ClaimConflict
from workers.ports.lanes import LaneGrant
from workers.ports.outcomes import CommandKey


class PublishRequest(NamedTuple):
    """A request that appends events to the log. `number` identifies it: the producer and its number of the first
    record, which a retry repeats. `epoch` is that in which the sender holds the lane, as far as it knows.
    """

    at: float
    process: Process
    partition: int
    sequences: tuple[int, ...]
    number: tuple[int | None, int]
    epoch: int


class LaneAcquired(NamedTuple):
    """A command lane was acquired at the database."""

    at: float
    process: Process
    partition: int
    epoch: int


class PublishLedger:
    """What the network has seen.

    `rejected_claims`: for each command the claims that the database rejected to its batch before this was committed.
    """

    def __init__(self) -> None:
        self.requests: list[PublishRequest] = []
        self.acquisitions: list[LaneAcquired] = []
        self.rejected_claims: dict[CommandKey, frozenset[tuple[str, str]]] = {}
        self._epochs: dict[tuple[Process, int], int] = {}
        self._rejected: dict[int, set[tuple[str, str]]] = {}

    def sent(self, now: float, process: Process, operation: Callable[[], Any]) -> None:
        """A process sends a request to Kafka."""
        if not isinstance(operation, partial) or operation.func.__name__ != "append" or operation.args[0] != EVENTS:
            return
        _, partition, records, producer, first = operation.args
        sequences = tuple(int(dict(record.headers)["ce_sequence"]) for record in records)
        epoch = self._epochs.get((process, partition), 0)
        self.requests.append(PublishRequest(now, process, partition, sequences, (producer, first), epoch))

    def answered(self, process: Process, result: Any, operation: Callable[[], Any]) -> None:
        """An answer has reached the caller."""
        if isinstance(result, LaneGrant) and isinstance(operation, partial):
            self._epochs[process, operation.args[0].partition] = result.epoch

    def served(self, now: float, process: Process, operation: Callable[[], Any], result: Any) -> None:
        """The database has carried a request out; `result` may be an exception."""
        if not isinstance(operation, partial):
            return
        asked = operation.args[0]
        if isinstance(result, LaneGrant) and asked.role == "command":
            self.acquisitions.append(LaneAcquired(now, process, asked.partition, result.epoch))
            self._rejected.pop(asked.partition, None)
        elif isinstance(result, ClaimConflict):
            self._rejected.setdefault(asked.lane.partition, set()).update(result.rejected)
        elif isinstance(asked, Batch) and result is None:
            rejected = frozenset(self._rejected.pop(asked.lane.partition, ()))
            self.rejected_claims.update(
                (CommandKey(asked.context, row.stream_id, row.command_id), rejected) for row in asked.outcomes
            )
