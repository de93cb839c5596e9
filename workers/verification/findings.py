"""What a verification finds."""

from typing import NamedTuple

MAX_EXAMPLES = 20


class Finding(NamedTuple):
    """One thing that is not as it should be: what, where (for a person to look up), and in what way."""

    what: str
    where: str
    explanation: str


class Verdict:
    """What was looked at and what was found. Every finding is counted, the first few of each kind are kept."""

    def __init__(self) -> None:
        self.looked_at: dict[str, int] = {}
        self.counts: dict[str, int] = {}
        self.examples: list[Finding] = []

    @property
    def content(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def saw(self, what: str, count: int = 1) -> None:
        """Note that so many more have been looked at."""
        self.looked_at[what] = self.looked_at.get(what, 0) + count

    def found(self, what: str, where: str, explanation: str) -> None:
        """Note a finding."""
        self.counts[what] = self.counts.get(what, 0) + 1
        if self.counts[what] <= MAX_EXAMPLES:
            self.examples.append(Finding(what, where, explanation))
