"""What a verification finds, and what a repair must know of it."""

from enum import StrEnum
from typing import NamedTuple

from workers.core.projection import Index

MAX_EXAMPLES = 20
"""Examples kept of each kind of finding."""

MAX_TARGETS = 20_000
"""Targets kept for one round of a repair; the next round has more."""


class FindingKind(StrEnum):
    """Every kind of finding; the value is its name for people and in metrics."""

    TOPIC_MISFIT = "topic set wrongly"
    INTERRUPTED = "commands that may be lost"
    COMMANDS_WAITING = "command not read"
    COMMAND_NOT_HANDLED = "command never handled"
    LANE_SET_BACK = "lane set back"
    MISSING_IN_LOG = "event missing in the log"
    MISSING_IN_TABLE = "event missing in the table"
    EVENT_DIFFERS = "event differs"
    FOREIGN_RECORD = "foreign record in the log"
    WITHOUT_COMMAND = "event without command"
    VERSION_GAP = "gap before a stream version"
    UNIQUE_CLAIM_MISSING = "unique claim missing"
    UNIQUE_CLAIM_OF_ANOTHER = "unique claim held by the wrong stream"
    UNIQUE_CLAIM_LEFT_OVER = "unique claim left over"
    CREDENTIAL_LEFT_OVER = "credential left over"
    SNAPSHOT_DIFFERS = "snapshot differs"
    SAGA_BEHIND = "saga behind"
    SAGA_AHEAD = "saga ahead of the table"
    INSTANCE_MISSING = "saga instance missing"
    INSTANCE_LEFT_OVER = "saga instance left over"
    INSTANCE_DIFFERS = "saga instance differs"
    JOURNAL_GAP = "gap in a saga journal"
    JOURNAL_DIFFERS = "saga journal differs"
    INTERNAL_EVENT_FORGED = "internal event of a saga without cause"
    EVENT_NOT_APPLIED = "event not applied by a saga"
    EVENT_APPLIED_TWICE = "event applied twice by a saga"
    DEADLINE_MISSING = "saga deadline missing"
    DEADLINE_LEFT_OVER = "saga deadline left over"
    DEADLINE_DIFFERS = "saga deadline differs"
    DEADLINE_OVERDUE = "saga deadline overdue"
    REJECTION_MISSING = "saga rejection missing"
    REJECTION_LEFT_OVER = "saga rejection left over"
    REJECTION_OVERDUE = "saga rejection not handled"
    ENDLESS = "saga instance that nothing can end"
    HELD_WITHOUT_OWNER = "reserved for no live order"
    STEP_GAP = "gap in the steps of a saga lane"
    STEP_MISSING = "saga step missing"
    STEP_LEFT_OVER = "saga step left over"
    STEP_DIFFERS = "saga step differs"
    STEP_WITHOUT_OUTCOME = "saga step without outcome"
    STEP_FAILED = "saga step failed"
    READ_MODEL_BEHIND = "read model behind"
    READ_MODEL_AHEAD = "read model ahead of the table"
    DOCUMENT_MISSING = "document missing"
    DOCUMENT_LEFT_OVER = "document left over"
    DOCUMENT_DIFFERS = "document differs"
    ENTRY_MISSING = "index entry missing"
    ENTRY_LEFT_OVER = "index entry left over"
    ANALYTICS_BEHIND = "analytics behind"
    WINDOW_MISSING = "window missing"
    WINDOW_LEFT_OVER = "window left over"
    WINDOW_DIFFERS = "window differs"
    PARKED = "parked stream"
    CODE_RAISES = "code raises"


class LogGap(NamedTuple):
    """Events `first` to `last` of a lane, which the log lacks."""

    context: str
    partition: int
    first: int
    last: int


class WrongDocument(NamedTuple):
    """A document, or an index entry that it should have, is not as the fold of its stream. `stale` is an index entry
    that is stored and should not be.
    """

    projection: str
    document_id: str
    stale: Index | None = None


class WrongSection(NamedTuple):
    """What a lane keeps in a section of a document is not as the fold of the lane's events."""

    projection: str
    section: str
    partition: int
    document_id: str


class WrongUniqueClaim(NamedTuple):
    """A unique claim that is not held as the states of these streams say."""

    context: str
    scope: str
    key: str
    streams: tuple[str, ...]


class LeftOverCredential(NamedTuple):
    """A stream that must not have a credential has one."""

    context: str
    stream_id: str


class WrongSnapshot(NamedTuple):
    """A stream's snapshot is not the fold of its events."""

    context: str
    stream_id: str


RepairTarget = LogGap | WrongDocument | WrongSection | WrongUniqueClaim | LeftOverCredential | WrongSnapshot
"""What a repair can set right."""


class Finding(NamedTuple):
    """One thing that is not as it should be: its kind, where it is, for a person to look up, and in what way."""

    what: str
    where: str
    explanation: str


class Verdict:
    """What was compared and what was found. Every finding is counted; the first few of each kind are kept as examples,
    and of the targets for a repair a bounded number.
    """

    def __init__(self) -> None:
        self.looked_at: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.examples: list[Finding] = []
        self.targets: list[RepairTarget] = []
        self._findings_of_kind: dict[str, int] = {}

    @property
    def passes(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def compared(self, what: str, count: int = 1) -> None:
        """Count what was compared, by its name for people."""
        if count:
            self.looked_at[what] = self.looked_at.get(what, 0) + count

    def report(
        self,
        kind: FindingKind,
        where: str,
        explanation: str,
        *,
        count: int = 1,
        target: RepairTarget | None = None,
    ) -> None:
        """Add a finding, which stands for `count` things, and what a repair can set right about it."""
        self.counts[kind.value] = self.counts.get(kind.value, 0) + count
        self._findings_of_kind[kind.value] = self._findings_of_kind.get(kind.value, 0) + 1
        if self._findings_of_kind[kind.value] <= MAX_EXAMPLES:
            self.examples.append(Finding(kind.value, where, explanation))
        if target is not None and len(self.targets) < MAX_TARGETS:
            self.targets.append(target)
