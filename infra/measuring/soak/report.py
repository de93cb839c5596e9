"""The figures of a soak, as values: what was sent, which faults there were, how it recovered, what was found wrong."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from infra.measuring.soak.audit import Audit
from infra.measuring.soak.crew import BadEnd
from infra.measuring.soak.load import Tally
from infra.measuring.soak.plan import Kind
from infra.measuring.soak.probe import Recovery
from infra.measuring.soak.sampling import Slopes


class Struck(NamedTuple):
    """A fault that was; `recovery` is None when the system was not well again within the deadline."""

    kind: Kind
    at_seconds: float
    recovery: Recovery | None


class Spread(NamedTuple):
    """Seconds."""

    median: float
    highest: float


class FaultFigures(NamedTuple):
    """All faults of a kind. The spreads are over those that were recovered from; None when none was."""

    kind: Kind
    struck: int
    not_recovered: int
    recovered: Spread | None
    accepted: Spread | None
    readable: Spread | None
    welcomed: Spread | None


class Conditions(NamedTuple):
    """Under what the run took place."""

    machine: str
    seed: int
    per_second: float
    workers: int
    partitions: int
    session_seconds: float
    load_seconds: float
    stopped_early: bool


class Report(NamedTuple):
    """Everything that a soak has to say."""

    conditions: Conditions
    tally: Tally
    struck: Sequence[Struck]
    counted: dict[str, int]
    slopes: dict[str, Slopes]
    bad_ends: Sequence[BadEnd]
    audit: Audit
    looked_at: dict[str, int]
    found: dict[str, int]
    findings: Sequence[str]
    trouble: str | None
    """Why the plan broke off, if it did: a server or a worker that never came back."""

    @property
    def wrong(self) -> list[str]:
        """What was lost, repeated, not recovered from or found wrong, each in a few words; empty when all is well."""
        audit = self.audit
        not_recovered = sum(each.recovery is None for each in self.struck)
        claims = {
            f"{audit.lost} commands lost": audit.lost,
            f"{audit.repeated} repeated": audit.repeated,
            f"{audit.failed} commands failed": audit.failed,
            f"{audit.dead_letters} dead letters": audit.dead_letters,
            "it did not come to rest": not audit.at_rest,
            f"{not_recovered} faults not recovered from": not_recovered,
            f"{len(self.bad_ends)} workers ended by themselves or in disorder": self.bad_ends,
            f"{sum(self.found.values())} findings of verify": self.found,
            f"{self.tally.given_up} commands that Kafka never took": self.tally.given_up,
            f"the plan broke off: {self.trouble}": self.trouble,
        }
        return [claim for claim, holds in claims.items() if holds]

    def faults(self) -> list[FaultFigures]:
        """The figures of each kind that came, in the order of `Kind`."""
        kinds = [kind for kind in Kind if any(each.kind is kind for each in self.struck)]
        return [_figures(kind, [each for each in self.struck if each.kind is kind]) for kind in kinds]

    def plain(self) -> dict[str, Any]:
        """All of it, as JSON can say it."""
        return {
            "content": not self.wrong,
            "wrong": self.wrong,
            "conditions": _plain(self.conditions),
            "commands": vars(self.tally)
            | {"per_second": round(self.tally.sent / max(1e-9, self.conditions.load_seconds), 1)},
            "audit": _plain(self.audit),
            "verify": {"looked_at": self.looked_at, "found": self.found, "examples": list(self.findings)},
            "faults": [_plain(each) for each in self.faults()],
            "workers": self.counted,
            "bad_ends": [_plain(each) for each in self.bad_ends],
            "slopes": {role: _plain(each) for role, each in self.slopes.items()},
        }


def _figures(kind: Kind, struck: Sequence[Struck]) -> FaultFigures:
    recovered = [each.recovery for each in struck if each.recovery is not None]
    return FaultFigures(
        kind,
        len(struck),
        len(struck) - len(recovered),
        _spread([each.seconds for each in recovered]),
        _spread([each.accepted_seconds for each in recovered]),
        _spread([each.readable_seconds for each in recovered]),
        _spread([each.welcomed_seconds for each in recovered]),
    )


def _spread(seconds: Sequence[float]) -> Spread | None:
    return Spread(statistics.median(seconds), max(seconds)) if seconds else None


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return round(value, 3) if isinstance(value, float) else value
