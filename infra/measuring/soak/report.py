"""The figures of a soak, as values: commands sent, faults, recoveries, and what was wrong."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from infra.measuring.soak.audit import Audit
from infra.measuring.soak.fault_plan import Kind
from infra.measuring.soak.load import Tally
from infra.measuring.soak.probe import Recovery
from infra.measuring.soak.sampling import Slopes
from infra.measuring.soak.worker_pool import UnexpectedExit


class InjectedFault(NamedTuple):
    """A fault and the recovery from it; None when the system had not recovered by the deadline."""

    kind: Kind
    at_seconds: float
    recovery: Recovery | None


class Spread(NamedTuple):
    """Seconds."""

    median: float
    highest: float


class FaultFigures(NamedTuple):
    """All faults of a kind. The spreads cover those that the system recovered from; None when there was none."""

    kind: Kind
    injected: int
    not_recovered: int
    recovered: Spread | None
    accepted: Spread | None
    readable: Spread | None
    welcomed: Spread | None


class Conditions(NamedTuple):
    """The conditions of the run."""

    machine: str
    seed: int
    per_second: float
    workers: int
    partitions: int
    session_seconds: float
    load_seconds: float
    stopped_early: bool


class Report(NamedTuple):
    """Everything that a soak reports."""

    conditions: Conditions
    tally: Tally
    faults: Sequence[InjectedFault]
    counters: dict[str, int]
    slopes: dict[str, Slopes]
    unexpected_exits: Sequence[UnexpectedExit]
    audit: Audit
    looked_at: dict[str, int]
    finding_counts: dict[str, int]
    findings: Sequence[str]
    aborted_by: str | None
    """Why the plan was aborted, if it was: a server or a worker that did not restart."""

    @property
    def wrong(self) -> list[str]:
        """Everything that went wrong, each in a few words; empty when nothing did."""
        audit = self.audit
        not_recovered = sum(fault.recovery is None for fault in self.faults)
        claims = {
            f"{audit.lost} commands lost": audit.lost,
            f"{audit.repeated} repeated": audit.repeated,
            f"{audit.failed} commands failed": audit.failed,
            f"{audit.dead_letters} dead letters": audit.dead_letters,
            "it did not come to rest": not audit.at_rest,
            f"{not_recovered} faults not recovered from": not_recovered,
            f"{len(self.unexpected_exits)} workers ended by themselves or in disorder": self.unexpected_exits,
            f"{sum(self.finding_counts.values())} findings of verify": self.finding_counts,
            f"{self.tally.given_up} commands that Kafka never took": self.tally.given_up,
            f"the plan broke off: {self.aborted_by}": self.aborted_by,
        }
        return [claim for claim, holds in claims.items() if holds]

    def figures(self) -> list[FaultFigures]:
        """The figures of each kind that was injected, in the order of `Kind`."""
        kinds = [kind for kind in Kind if any(fault.kind is kind for fault in self.faults)]
        return [_figures(kind, [fault for fault in self.faults if fault.kind is kind]) for kind in kinds]

    def plain(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "passes": not self.wrong,
            "wrong": self.wrong,
            "conditions": _plain(self.conditions),
            "commands": vars(self.tally)
            | {"per_second": round(self.tally.sent / max(1e-9, self.conditions.load_seconds), 1)},
            "audit": _plain(self.audit),
            "verify": {"looked_at": self.looked_at, "found": self.finding_counts, "examples": list(self.findings)},
            "faults": [_plain(figures) for figures in self.figures()],
            "workers": self.counters,
            "bad_ends": [
                {"post": unexpected.slot, "exit_code": unexpected.exit_code, "log_file": unexpected.log_file}
                for unexpected in self.unexpected_exits
            ],
            "slopes": {role: _plain(slopes) for role, slopes in self.slopes.items()},
        }


def _figures(kind: Kind, faults: Sequence[InjectedFault]) -> FaultFigures:
    recoveries = [fault.recovery for fault in faults if fault.recovery is not None]
    return FaultFigures(
        kind,
        len(faults),
        len(faults) - len(recoveries),
        _spread([recovery.seconds for recovery in recoveries]),
        _spread([recovery.accepted_seconds for recovery in recoveries]),
        _spread([recovery.readable_seconds for recovery in recoveries]),
        _spread([recovery.welcomed_seconds for recovery in recoveries]),
    )


def _spread(seconds: Sequence[float]) -> Spread | None:
    return Spread(statistics.median(seconds), max(seconds)) if seconds else None


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value
