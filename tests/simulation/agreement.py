"""The invariants of the simulation and `annals verify` look at the same servers, and must agree.

Each knows something that the other does not. The invariants know what the servers do not keep: who sent which event
when, in which order the commands were committed, which answers the clients got, and which partitions have lost records.
Verify looks at topics and their settings, at interruptions, snapshots and parked streams. So they agree when

1. verify passes whenever every invariant holds. Two of its findings follow from what a schedule did to the broker, and
   wait for an operator: a lane was interrupted whose topic of commands has lost its end, and the log lacks events in a
   partition that has lost its end. The invariants forgive both. A repair must then make verify pass.
2. verify names what is wrong whenever an invariant is broken that is a matter of what is stored: those in `NAMED_AS`,
   with the kinds of findings of which verify must report at least one. That holds for servers that have come to rest.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from tests.simulation.evidence import Evidence
from tests.simulation.findings import Finding
from tests.simulation.operations import repaired, sources_of, verified
from tests.simulation.roles import Servers
from workers.operations.verification.findings import FindingKind as Kind
from workers.operations.verification.findings import LogGap, Verdict

NO_REST = "does not come to rest"

_DOCUMENTS = {
    Kind.DOCUMENT_MISSING,
    Kind.DOCUMENT_LEFT_OVER,
    Kind.DOCUMENT_DIFFERS,
    Kind.READ_MODEL_BEHIND,
    Kind.READ_MODEL_AHEAD,
}
_JOURNALS = {
    Kind.EVENT_NOT_APPLIED,
    Kind.EVENT_APPLIED_TWICE,
    Kind.JOURNAL_GAP,
    Kind.JOURNAL_DIFFERS,
    Kind.INSTANCE_MISSING,
    Kind.INSTANCE_LEFT_OVER,
    Kind.INSTANCE_DIFFERS,
    Kind.SAGA_BEHIND,
}
_ANSWERS = {Kind.REJECTION_MISSING, Kind.REJECTION_LEFT_OVER, Kind.INTERNAL_EVENT_FORGED}
_DEADLINES = {Kind.DEADLINE_MISSING, Kind.DEADLINE_LEFT_OVER, Kind.DEADLINE_DIFFERS, Kind.INTERNAL_EVENT_FORGED}
_STEPS = {Kind.STEP_MISSING, Kind.STEP_LEFT_OVER, Kind.STEP_DIFFERS}

NAMED_AS: Mapping[str, AbstractSet[Kind]] = {
    "a malformed record without a dead letter": {Kind.COMMAND_NOT_HANDLED, Kind.COMMANDS_WAITING},
    "a command without an outcome": {Kind.COMMAND_NOT_HANDLED, Kind.COMMANDS_WAITING},
    "lane sequences with gaps": {Kind.LANE_SET_BACK, Kind.MISSING_IN_LOG, Kind.MISSING_IN_TABLE},
    "stream versions with gaps": {Kind.VERSION_GAP},
    "a rejected command with events": {Kind.WITHOUT_COMMAND},
    "a foreign record in the log": {Kind.FOREIGN_RECORD},
    "a record of the log unlike the table": {Kind.EVENT_DIFFERS, Kind.MISSING_IN_TABLE},
    "the log ends before the table": {Kind.MISSING_IN_LOG, Kind.MISSING_IN_TABLE},
    "documents unlike the fold": _DOCUMENTS,
    "sections unlike the fold": _DOCUMENTS,
    "index entries unlike the documents": {Kind.ENTRY_MISSING, Kind.ENTRY_LEFT_OVER, *_DOCUMENTS},
    "saga steps unlike the events": {*_STEPS, *_JOURNALS},
    "outbox positions with gaps": {Kind.STEP_GAP},
    "a saga step without an outcome": {Kind.STEP_WITHOUT_OUTCOME, *_STEPS, *_JOURNALS},
    "a saga instance unlike its stream": {*_JOURNALS, *_DEADLINES, *_ANSWERS},
    "events seen by a saga more or less than once": _JOURNALS,
    "events in a journal more or less than once": _JOURNALS,
    "a journal unlike its instance": _JOURNALS,
    "a journal out of order": {Kind.JOURNAL_DIFFERS},
    "a deadline that passed twice": {*_DEADLINES, *_JOURNALS},
    "a deadline that never passed": {*_DEADLINES, *_JOURNALS},
    "a deadline that was never set": {*_DEADLINES, *_JOURNALS},
    "rejections handled more or less than once": {*_ANSWERS, *_JOURNALS},
}


def disagreements(servers: Servers, evidence: Evidence, findings: Sequence[Finding]) -> Iterator[Finding]:
    """In what verify and the findings of the invariants do not agree. A repair may change the servers."""
    verdict = verified(sources_of(servers))
    if not findings:
        yield from _does_not_pass(servers, evidence, verdict)
    elif not any(finding.kind == NO_REST for finding in findings):
        yield from not_named(findings, verdict)


def _does_not_pass(servers: Servers, evidence: Evidence, verdict: Verdict) -> Iterator[Finding]:
    if verdict.passes:
        return
    interrupted = {row.lane.partition for row in servers.table.open_interruptions}
    incomplete = {target.partition for target in verdict.targets if isinstance(target, LogGap)}
    unexplained = verdict.counts.keys() - {Kind.INTERRUPTED.value, Kind.MISSING_IN_LOG.value}
    if unexplained or not (interrupted <= evidence.interrupted and incomplete <= evidence.shortened):
        yield Finding("verify names what no invariant finds", _shown(verdict))
        return
    servers.table.open_interruptions.clear()
    sources = sources_of(servers)
    after = asyncio.run(repaired(servers, verdict, sources)) if incomplete else verified(sources)
    if not after.passes:
        yield Finding("verify does not pass after a repair", _shown(after))


def not_named(findings: Sequence[Finding], verdict: Verdict) -> Iterator[Finding]:
    """The broken invariants of which verify says nothing, though it should."""
    for finding in findings:
        kinds = NAMED_AS.get(finding.kind)
        if kinds is not None and not verdict.counts.keys() & {kind.value for kind in kinds}:
            yield Finding("verify does not name a broken invariant", f"{finding}; it says: {_shown(verdict)}")


def _shown(verdict: Verdict) -> str:
    return "; ".join(": ".join(example) for example in verdict.examples) or "nothing"
