"""The metrics of the audit, about the whole system. Only the process that audits imports this module.

A metric is NaN, or absent, while its value is unknown: before the first run has ended, after a run that failed, and
while this process stands by.
"""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import Counter, Gauge

from workers.operations.audit.parked_totals import ParkedTotal
from workers.operations.audit.ports import OpenLetterGroup, VerificationResult

UNKNOWN = float("nan")

ACTIVE = Gauge("annals_audit_active", "1: this process audits; 0: it stands by while another one does")
PASSES = Gauge("annals_verification_passes", "1: the last verification found nothing wrong; NaN: unknown")
FINDINGS = Gauge("annals_verification_findings", "Findings of the last verification", ["what"])
LAST_RUN = Gauge("annals_verification_last_run_timestamp_seconds", "When the last verification was completed")
DURATION = Gauge("annals_verification_duration_seconds", "How long the last verification took")
FAILURES = Counter("annals_verification_failures", "Verifications that were not completed, as when a server was away")
LETTERS = Gauge("annals_dead_letters_open", "Dead letters that no operator has settled", ["topic", "reason"])
LETTER_AGE = Gauge(
    "annals_dead_letters_oldest_age_seconds", "Age of the oldest of the open dead letters", ["topic", "reason"]
)
PARKED = Gauge("annals_parked", "Parked streams: they wait until code is fixed", ["follower", "topic"])
PARKED_AGE = Gauge(
    "annals_parked_oldest_age_seconds", "Age of the oldest event that a parked stream waits with", ["follower", "topic"]
)

PASSES.set(UNKNOWN)


def show_result(result: VerificationResult, ended_at_seconds: float, duration_seconds: float) -> None:
    """A run was completed at this time (seconds since 1970)."""
    for kind, count in result.findings.items():
        FINDINGS.labels(kind).set(count)
    PASSES.set(1 if result.passes else 0)
    LAST_RUN.set(ended_at_seconds)
    DURATION.set(duration_seconds)


def show_failure() -> None:
    """A run has failed: the last verdict may not be true any more."""
    FAILURES.inc()
    forget_result()


def forget_result() -> None:
    """The verdict is unknown."""
    PASSES.set(UNKNOWN)
    FINDINGS.clear()


def show_letters(groups: Mapping[tuple[str, str], OpenLetterGroup]) -> None:
    """Show the open dead letters by (topic, reason)."""
    forget_letters()
    for labels, group in groups.items():
        LETTERS.labels(*labels).set(group.open_count)
        LETTER_AGE.labels(*labels).set(group.oldest_age_seconds)


def show_parked(totals: Mapping[tuple[str, str], ParkedTotal], now: datetime) -> None:
    """Show the parked streams by (follower, topic). `now` is the database's time."""
    forget_parked()
    for labels, total in totals.items():
        PARKED.labels(*labels).set(total.streams)
        PARKED_AGE.labels(*labels).set(max(0.0, (now - total.oldest_at).total_seconds()))


def forget_letters() -> None:
    """The open dead letters are unknown."""
    LETTERS.clear()
    LETTER_AGE.clear()


def forget_parked() -> None:
    """The parked streams are unknown."""
    PARKED.clear()
    PARKED_AGE.clear()
