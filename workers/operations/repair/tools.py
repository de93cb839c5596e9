"""What a repair works with, and how it tells what it did."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workers.operations.interventions import Operator
from workers.operations.verification.sources import Sources
from workers.ports.event_store import EventStore
from workers.ports.log import EventLog
from workers.ports.sections import SectionStore
from workers.ports.verification.repair import RepairedTable

ACTION = "verify-repair"
LANE_OWNER = "verify --repair"
"""The owner that a lane shows while a repair publishes to its log."""

MAX_LINES_OF_A_KIND = 50


class RepairReport:
    """Tells line by line what was done; of many lines of one kind only the first, and how many more there were."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.repaired_count = 0
        self._say = say
        self._lines: dict[str, int] = {}

    def repaired(self, kind: str, what: str) -> None:
        """Something was set right."""
        self.repaired_count += 1
        self._line(kind, f"{kind}: {what}")

    def left_alone(self, kind: str, what: str, why: str) -> None:
        """Something was not changed, and why."""
        self._line(f"left alone, {kind}", f"left alone, {kind}: {what}: {why}")

    def end_round(self) -> None:
        """Tell how many lines were left out, and start counting again."""
        for kind, count in self._lines.items():
            if count > MAX_LINES_OF_A_KIND:
                self._say(f"{kind}: {count - MAX_LINES_OF_A_KIND} more")
        self._lines.clear()

    def _line(self, kind: str, text: str) -> None:
        self._lines[kind] = self._lines.get(kind, 0) + 1
        if self._lines[kind] <= MAX_LINES_OF_A_KIND:
            self._say(text)


class RepairTools(NamedTuple):
    """What a repair reads and writes, on whose behalf, and where it tells what it did."""

    sources: Sources
    table: RepairedTable
    event_store: EventStore
    event_log: EventLog
    read_models: SectionStore
    operator: Operator
    report: RepairReport

    async def record(self, target: str, details: Mapping[str, Any]) -> None:
        """Record what is about to be repaired, before it is. Raises Unavailable."""
        await self.operator.record(ACTION, target, details)
