"""Who sent which events to the log, and who took which lane, at what moments: what the servers do not keep."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from tests.simulation.commands import EVENTS
from tests.simulation.process import Process
from workers.ports.event_store import Batch, ClaimConflict
from workers.ports.lanes import LaneGrant


class Sending(NamedTuple):
    """Events on their way to the log. `request` tells a producer's requests apart; one that is tried again is the same.

    `epoch` is that in which the sender holds the lane, as far as it knows.
    """

    at: float
    process: Process
    partition: int
    sequences: tuple[int, ...]
    request: tuple[int | None, int]
    epoch: int


class Taking(NamedTuple):
    """A command lane was taken, at the database."""

    at: float
    process: Process
    partition: int
    epoch: int


class Ledger:
    """Written by the network.

    `refused_before`: the claims, by command, that were refused to its batch before the batch could be committed.
    """

    def __init__(self) -> None:
        self.sendings: list[Sending] = []
        self.takings: list[Taking] = []
        self.refused_before: dict[str, frozenset[tuple[str, str]]] = {}
        self._epochs: dict[tuple[Process, int], int] = {}
        self._refused: dict[int, set[tuple[str, str]]] = {}

    def sent(self, now: float, process: Process, operation: Callable[[], Any]) -> None:
        """A request begins its journey."""
        if not isinstance(operation, partial) or operation.func.__name__ != "append" or operation.args[0] != EVENTS:
            return
        _, partition, records, producer, first = operation.args
        sequences = tuple(int(dict(record.headers)["ce_sequence"]) for record in records)
        epoch = self._epochs.get((process, partition), 0)
        self.sendings.append(Sending(now, process, partition, sequences, (producer, first), epoch))

    def answered(self, process: Process, result: Any, operation: Callable[[], Any]) -> None:
        """An answer has reached the one who asked."""
        if isinstance(result, LaneGrant) and isinstance(operation, partial):
            self._epochs[process, operation.args[0].partition] = result.epoch

    def served(self, now: float, process: Process, operation: Callable[[], Any], result: Any) -> None:
        """A request to the database was carried out, or refused with an exception."""
        if not isinstance(operation, partial):
            return
        asked = operation.args[0]
        if isinstance(result, LaneGrant) and asked.role == "command":
            self.takings.append(Taking(now, process, asked.partition, result.epoch))
            self._refused.pop(asked.partition, None)
        elif isinstance(result, ClaimConflict):
            self._refused.setdefault(asked.lane.partition, set()).update(result.rejected)
        elif isinstance(asked, Batch) and result is None:
            refused = frozenset(self._refused.pop(asked.lane.partition, ()))
            self.refused_before.update((row.command_id, refused) for row in asked.outcomes)
