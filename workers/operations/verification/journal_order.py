"""Entries of journals that stand behind later ones of their lane, although no operator had their stream retried."""

from collections.abc import Sequence

from workers.operations.verification.comparisons.journal_order import LateEntry
from workers.operations.verification.findings import FindingKind, Verdict
from workers.ports.interventions import Interventions

RELEASES = frozenset({"parked-retry", "parked-skip"})
"""The actions after which the events of a parked stream are applied late."""


async def report_late_entries(
    interventions: Interventions, saga: str, late_entries: Sequence[LateEntry], verdict: Verdict
) -> None:
    """Report those that no request of an operator explains. Raises Unavailable."""
    names = sorted({_name(saga, entry) for entry in late_entries if not entry.of_stream})
    actions = await interventions.of(names) if names else ()
    released = {intervention.target for intervention in actions if intervention.action in RELEASES}
    for entry in late_entries:
        if entry.of_stream or _name(saga, entry) not in released:
            row = entry.row
            where = f"{row.saga} {row.instance_id}@{row.version}"
            explanation = f"its event has the sequence {row.sequence}, and stands behind {entry.after} of the same lane"
            verdict.report(FindingKind.JOURNAL_DIFFERS, where, explanation)


def _name(saga: str, entry: LateEntry) -> str:
    """The name that a parked stream has on the command line."""
    return f"saga:{saga}/{entry.stream_id}"
