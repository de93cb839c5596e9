"""What must be true once the world has come to rest, whatever happened to it before."""

from collections.abc import Iterator, Sequence

from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome
from contracts.partitioner import partition_for
from tests.simulation.commands import PARTITIONS, asked_in
from tests.simulation.evidence import Evidence
from tests.simulation.findings import Check, Finding
from tests.simulation.folded import entries_of, folded_documents
from tests.simulation.log_invariants import CHECKS_OF_THE_LOG
from tests.simulation.reference import Sequentially, wordless
from tests.simulation.saga_invariants import CHECKS_OF_THE_SAGAS
from workers.command.reading import DeadLetter, Request


def findings(evidence: Evidence) -> list[Finding]:
    """All broken promises."""
    return [finding for check in CHECKS for finding in check(evidence)]


def every_command_is_answered_once(evidence: Evidence) -> Iterator[Finding]:
    """An outcome for each command, in the order of its lane; a dead letter for what is none; nothing else."""
    letters, malformed = set(evidence.letters), set()
    expected: set[str] = set()
    for partition, records in enumerate(evidence.commands):
        order: list[str] = []
        for record in records:
            found = asked_in(record)
            if isinstance(found, DeadLetter):
                malformed.add((partition, record.offset))
                if (partition, record.offset) not in letters:
                    yield Finding("a malformed record without a dead letter", f"{partition}/{record.offset}")
            elif _belongs(found, partition):
                order.append(found.envelope.id)
            if isinstance(found, Request):
                expected.add(found.envelope.id)
        yield from _in_order(evidence, partition, list(dict.fromkeys(order)))
    for place in sorted(letters - malformed):
        yield Finding("a dead letter without a malformed record", str(place))
    for missing in sorted(expected - evidence.outcomes.keys()):
        yield Finding("a command without an outcome", missing)
    for strange in sorted(evidence.outcomes.keys() - expected):
        yield Finding("an outcome without a command", strange)


def _in_order(evidence: Evidence, partition: int, ids: Sequence[str]) -> Iterator[Finding]:
    """An id that was used on both lanes by mistake belongs to the lane that was first."""
    handled = [each for each, row in evidence.outcomes.items() if row.partition == partition]
    wanted = [each for each in ids if each in evidence.outcomes and evidence.outcomes[each].partition == partition]
    if handled != wanted:
        yield Finding("commands handled in another order than they came in", f"lane {partition}")


def outcomes_are_those_of_one_at_a_time(evidence: Evidence) -> Iterator[Finding]:
    """Outcomes, events, unique_claims and credentials equal those of a plain sequential run."""
    requests = _first_requests(evidence)
    plain = Sequentially()
    for command_id, handled in evidence.outcomes.items():
        request = requests.get((command_id, handled.partition))
        if request is None:
            yield Finding("an outcome without a command", f"{command_id} on lane {handled.partition}")
            continue
        stored = Outcome.model_validate_json(handled.outcome)
        refused = evidence.ledger.refused_before[command_id] if handled.status == "rejected" else frozenset()
        wanted = wordless(plain.outcome(request, handled.partition, handled.handled_at, refused))
        if wordless(stored) != wanted:
            yield Finding("an outcome unlike that of a sequential run", f"{stored} instead of {wanted}")
            return
        if (handled.status, handled.stream_id, handled.sequence) != (stored.status, stored.stream_id, stored.sequence):
            yield Finding("an outcome unlike its columns", command_id)
    yield from _effects_are_those_of(plain, evidence)


def _first_requests(evidence: Evidence) -> dict[tuple[str, int], Request]:
    """By id and partition: a repeat changes nothing."""
    requests: dict[tuple[str, int], Request] = {}
    for partition, records in enumerate(evidence.commands):
        for record in records:
            found = asked_in(record)
            if isinstance(found, Request) and _belongs(found, partition):
                requests.setdefault((found.envelope.id, partition), found)
    return requests


def _effects_are_those_of(plain: Sequentially, evidence: Evidence) -> Iterator[Finding]:
    for partition in range(PARTITIONS):
        rows = [
            (row.sequence, row.stream_id, row.stream_version, row.event_id, row.type)
            for row in evidence.events
            if row.partition == partition
        ]
        if rows != [tuple(event)[:5] for event in plain.events(partition)]:
            yield Finding("events unlike those of a sequential run", f"lane {partition}")
    if evidence.unique_claims != plain.alone.unique_claims:
        difference = set(evidence.unique_claims.items()) ^ set(plain.alone.unique_claims.items())
        yield Finding("unique_claims unlike the streams", str(sorted(difference)))
    if evidence.credentials != plain.alone.credentials:
        yield Finding("credentials unlike those of a sequential run", "")


def numbers_are_contiguous(evidence: Evidence) -> Iterator[Finding]:
    """Lane sequences and stream versions have no gaps, and each event comes from an accepted command."""
    for partition in range(PARTITIONS):
        numbers = [row.sequence for row in evidence.events if row.partition == partition]
        if numbers != list(range(1, len(numbers) + 1)) or evidence.sequences[partition] != len(numbers):
            yield Finding("lane sequences with gaps", f"lane {partition}: {numbers}")
    versions: dict[str, list[int]] = {}
    for row in evidence.events:
        versions.setdefault(row.stream_id, []).append(row.stream_version)
    for stream_id, found in versions.items():
        if found != list(range(1, len(found) + 1)):
            yield Finding("stream versions with gaps", f"{stream_id}: {found}")
    emitted: set[str] = set()
    for handled in evidence.outcomes.values():
        events = Outcome.model_validate_json(handled.outcome).events
        if handled.status != "accepted" and events:
            yield Finding("a refused command with events", handled.command_id)
        emitted.update(event.event_id for event in events)
    table = [row.event_id for row in evidence.events]
    if len(set(table)) < len(table) or set(table) != emitted:
        yield Finding("events and outcomes differ", str(sorted(set(table) ^ emitted)))


def read_models_equal_the_fold(evidence: Evidence) -> Iterator[Finding]:
    """Documents and index entries are those of the table's events."""
    wanted = folded_documents(evidence.events)
    wrong = [
        each for each in sorted({*wanted, *evidence.documents}) if wanted.get(each) != evidence.documents.get(each)
    ]
    if wrong:
        yield Finding("documents unlike the fold", ", ".join(wrong))
    found_by = entries_of(wanted)
    if evidence.entries != found_by:
        yield Finding("index entries unlike the documents", str(sorted(evidence.entries ^ found_by)))


def replies_are_the_outcomes(evidence: Evidence) -> Iterator[Finding]:
    """Whoever is answered is told what is stored; whoever has sent another command under its id, that he has."""
    for command_id, said in evidence.replies:
        row = evidence.outcomes.get(command_id)
        if row is None or (row.outcome != said and not _refuses_another_command(said, row.outcome)):
            yield Finding("a reply unlike the stored outcome", command_id)


def _refuses_another_command(said: bytes, stored: bytes) -> bool:
    reply, outcome = Outcome.model_validate_json(said), Outcome.model_validate_json(stored)
    if reply.error is None or reply.error.code != IDEMPOTENCY_KEY_REUSED:
        return False
    told = [(each.type, each.stream_id, each.content_digest) for each in (reply, outcome)]
    return told[0] != told[1]


def nothing_is_a_bug(evidence: Evidence) -> Iterator[Finding]:
    """No lane stopped by an exception that nobody had foreseen, none but the foreseen streams parked."""
    for bug in evidence.bugs:
        yield Finding("a bug", bug)


def everything_came_to_rest(evidence: Evidence) -> Iterator[Finding]:
    """Within a bounded time after the last fault."""
    if evidence.unrest:
        yield Finding("does not come to rest", evidence.unrest)


CHECKS: tuple[Check, ...] = (
    everything_came_to_rest,
    nothing_is_a_bug,
    every_command_is_answered_once,
    outcomes_are_those_of_one_at_a_time,
    numbers_are_contiguous,
    *CHECKS_OF_THE_LOG,
    read_models_equal_the_fold,
    *CHECKS_OF_THE_SAGAS,
    replies_are_the_outcomes,
)


def _belongs(request: Request, partition: int) -> bool:
    return partition_for(request.record.key or b"", PARTITIONS) == partition
