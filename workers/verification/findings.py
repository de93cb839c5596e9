"""What a verification finds, and what a repair needs to know of it."""

from enum import StrEnum
from typing import NamedTuple

from workers.core.projection import Index

MAX_EXAMPLES = 20
MAX_TARGETS = 20_000
"""More are repaired in a next round."""


class What(StrEnum):
    """Every kind of finding."""

    TOPIC_MISFIT = "topic set wrongly"
    INTERRUPTED = "commands that may be lost"
    COMMANDS_WAITING = "command not read"
    COMMAND_NOT_HANDLED = "command never handled"
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
    INSTANCE_MISSING = "saga instance missing"
    INSTANCE_LEFT_OVER = "saga instance too many"
    INSTANCE_DIFFERS = "saga instance differs"
    JOURNAL_GAP = "gap in a saga journal"
    JOURNAL_DIFFERS = "saga journal differs"
    OWN_EVENT_FORGED = "saga's own event without cause"
    EVENT_NOT_TAKEN = "event not taken by a saga"
    EVENT_TAKEN_TWICE = "event taken twice by a saga"
    DEADLINE_MISSING = "saga deadline missing"
    DEADLINE_LEFT_OVER = "saga deadline too many"
    DEADLINE_DIFFERS = "saga deadline differs"
    DEADLINE_OVERDUE = "saga deadline overdue"
    REJECTION_MISSING = "saga rejection missing"
    REJECTION_LEFT_OVER = "saga rejection too many"
    REJECTION_OVERDUE = "saga rejection not heard"
    ENDLESS = "saga instance that nothing can end"
    HELD_FOR_NOBODY = "reserved for no live order"
    STEP_GAP = "gap in the steps of a saga lane"
    STEP_MISSING = "saga step missing"
    STEP_LEFT_OVER = "saga step too many"
    STEP_DIFFERS = "saga step differs"
    STEP_WITHOUT_OUTCOME = "saga step without outcome"
    STEP_FAILED = "saga step failed"
    READ_MODEL_BEHIND = "read model behind"
    READ_MODEL_AHEAD = "read model ahead of the table"
    DOCUMENT_MISSING = "document missing"
    DOCUMENT_LEFT_OVER = "document left over"
    DOCUMENT_DIFFERS = "document differs"
    ENTRY_MISSING = "index entry missing"
    ENTRY_LEFT_OVER = "index entry too many"
    PARKED = "parked stream"
    CODE_RAISES = "code raises"


class LogGap(NamedTuple):
    """Events `first` to `last` of a lane, which the log lacks."""

    context: str
    partition: int
    first: int
    last: int


class WrongDocument(NamedTuple):
    """A document, or an entry that it should have, is not as its stream's fold. `stale` is an index entry that stands
    there and should not.
    """

    projection: str
    document_id: str
    stale: Index | None = None


class WrongUniqueClaim(NamedTuple):
    """A unique claim that is not held as these streams' states say."""

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


Target = LogGap | WrongDocument | WrongUniqueClaim | LeftOverCredential | WrongSnapshot
"""What a repair can mend."""


class Finding(NamedTuple):
    """One thing that is not as it should be: what, where (for a person to look up), and in what way."""

    what: str
    where: str
    explanation: str


class Verdict:
    """What was looked at and what was found. Every finding is counted, the first few of each kind are kept, and of
    what can be repaired a bounded number.
    """

    def __init__(self) -> None:
        self.looked_at: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.examples: list[Finding] = []
        self.targets: list[Target] = []
        self._examples_of: dict[str, int] = {}

    @property
    def content(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def saw(self, what: str, count: int = 1) -> None:
        """Note that so many more have been looked at."""
        if count:
            self.looked_at[what] = self.looked_at.get(what, 0) + count

    def found(self, what: What, where: str, explanation: str, *, count: int = 1, target: Target | None = None) -> None:
        """Note a finding, which stands for `count` things, and what a repair can do about it."""
        self.counts[what.value] = self.counts.get(what.value, 0) + count
        self._examples_of[what.value] = self._examples_of.get(what.value, 0) + 1
        if self._examples_of[what.value] <= MAX_EXAMPLES:
            self.examples.append(Finding(what.value, where, explanation))
        if target is not None and len(self.targets) < MAX_TARGETS:
            self.targets.append(target)
