"""What must be true once the world has come to rest, after any faults."""

from collections.abc import Iterator, Sequence

from contracts.outcome import IDEMPOTENCY_KEY_REUSED, Outcome
from contracts.partitioner import partition_for
from tests.simulation.commands import PARTITIONS, key_of, parsed_command
from tests.simulation.evidence import Evidence
from tests.simulation.expected_read_model import entries_of, folded_documents, folded_sections
from tests.simulation.findings import Check, Finding
from tests.simulation.log_invariants import CHECKS_OF_THE_LOG
from tests.simulation.saga_invariants import CHECKS_OF_THE_SAGAS
from tests.simulation.sequential_run import SequentialRun, without_message
from workers.command.reading import DeadLetter, Request
from workers.ports.outcomes import CommandKey


def findings(evidence: Evidence) -> list[Finding]:
    """All broken invariants."""
    return [finding for check in CHECKS for finding in check(evidence)]


def every_command_is_answered_once(evidence: Evidence) -> Iterator[Finding]:
    """Each command has an outcome, in the order of its lane; a malformed record has a dead letter; nothing else has."""
    letters, malformed = set(evidence.letters), set()
    expected: set[CommandKey] = set()
    for partition, records in enumerate(evidence.commands):
        keys: list[CommandKey] = []
        for record in records:
            parsed = parsed_command(record)
            if isinstance(parsed, DeadLetter):
                malformed.add((partition, record.offset))
                if (partition, record.offset) not in letters:
                    yield Finding("a malformed record without a dead letter", f"{partition}/{record.offset}")
            elif _belongs(parsed, partition):
                keys.append(key_of(parsed))
            if isinstance(parsed, Request):
                expected.add(key_of(parsed))
        yield from _in_order(evidence, partition, list(dict.fromkeys(keys)))
    for place in sorted(letters - malformed):
        yield Finding("a dead letter without a malformed record", str(place))
    for missing in sorted(expected - evidence.outcomes.keys()):
        yield Finding("a command without an outcome", str(missing))
    for strange in sorted(evidence.outcomes.keys() - expected):
        yield Finding("an outcome without a command", str(strange))


def _in_order(evidence: Evidence, partition: int, keys: Sequence[CommandKey]) -> Iterator[Finding]:
    handled = [key for key, row in evidence.outcomes.items() if row.partition == partition]
    wanted = [key for key in keys if key in evidence.outcomes and evidence.outcomes[key].partition == partition]
    if handled != wanted:
        yield Finding("commands handled in another order than they came in", f"lane {partition}")


def outcomes_are_those_of_one_at_a_time(evidence: Evidence) -> Iterator[Finding]:
    """Outcomes, events, unique_claims and credentials equal those of a plain sequential run."""
    requests = _first_requests(evidence)
    plain = SequentialRun()
    for key, handled in evidence.outcomes.items():
        request = requests.get((key, handled.partition))
        if request is None:
            yield Finding("an outcome without a command", f"{key} on lane {handled.partition}")
            continue
        stored = Outcome.model_validate_json(handled.outcome)
        rejected = evidence.ledger.rejected_claims[key] if handled.status == "rejected" else frozenset()
        wanted = without_message(plain.outcome(request, handled.partition, handled.handled_at, rejected))
        if without_message(stored) != wanted:
            yield Finding("an outcome unlike that of a sequential run", f"{stored} instead of {wanted}")
            return
        if (handled.status, handled.stream_id, handled.sequence) != (stored.status, stored.stream_id, stored.sequence):
            yield Finding("an outcome unlike its columns", str(key))
    yield from _effects_are_those_of(plain, evidence)


def _first_requests(evidence: Evidence) -> dict[tuple[CommandKey, int], Request]:
    """By key and partition: a repeat changes nothing."""
    requests: dict[tuple[CommandKey, int], Request] = {}
    for partition, records in enumerate(evidence.commands):
        for record in records:
            parsed = parsed_command(record)
            if isinstance(parsed, Request) and _belongs(parsed, partition):
                requests.setdefault((key_of(parsed), partition), parsed)
    return requests


def _effects_are_those_of(plain: SequentialRun, evidence: Evidence) -> Iterator[Finding]:
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
    for stream_id, of_stream in versions.items():
        if of_stream != list(range(1, len(of_stream) + 1)):
            yield Finding("stream versions with gaps", f"{stream_id}: {of_stream}")
    emitted: set[str] = set()
    for handled in evidence.outcomes.values():
        events = Outcome.model_validate_json(handled.outcome).events
        if handled.status != "accepted" and events:
            yield Finding("a rejected command with events", handled.command_id)
        emitted.update(event.event_id for event in events)
    table = [row.event_id for row in evidence.events]
    if len(set(table)) < len(table) or set(table) != emitted:
        yield Finding("events and outcomes differ", str(sorted(set(table) ^ emitted)))


def read_models_equal_the_fold(evidence: Evidence) -> Iterator[Finding]:
    """Documents, sections and index entries are those of the table's events."""
    wanted = folded_documents(evidence.events)
    wrong = [
        name for name in sorted({*wanted, *evidence.documents}) if wanted.get(name) != evidence.documents.get(name)
    ]
    if wrong:
        yield Finding("documents unlike the fold", ", ".join(wrong))
    sections = folded_sections(evidence.events)
    if evidence.sections != sections:
        places = {*sections, *evidence.sections}
        wrong_places = sorted(place for place in places if sections.get(place) != evidence.sections.get(place))
        yield Finding("sections unlike the fold", str(wrong_places))
    entries = entries_of(wanted)
    if evidence.entries != entries:
        yield Finding("index entries unlike the documents", str(sorted(evidence.entries ^ entries)))


def replies_are_the_outcomes(evidence: Evidence) -> Iterator[Finding]:
    """A reply is the stored outcome, or an error that says that the id was used for another command."""
    for command_id, reply in evidence.replies:
        row = evidence.outcomes.get(CommandKey("users", Outcome.model_validate_json(reply).stream_id, command_id))
        if row is None or (row.outcome != reply and not _rejects_another_command(reply, row.outcome)):
            yield Finding("a reply unlike the stored outcome", command_id)


def _rejects_another_command(reply: bytes, stored: bytes) -> bool:
    answer, outcome = Outcome.model_validate_json(reply), Outcome.model_validate_json(stored)
    if answer.error is None or answer.error.code != IDEMPOTENCY_KEY_REUSED:
        return False
    return _identity(answer) != _identity(outcome)


def _identity(outcome: Outcome) -> tuple[str, str, str | None]:
    return outcome.type, outcome.stream_id, outcome.content_digest


def nothing_is_a_bug(evidence: Evidence) -> Iterator[Finding]:
    """No lane was stopped by an unexpected exception, and no stream was parked."""
    for bug in evidence.bugs:
        yield Finding("a bug", bug)


def everything_came_to_rest(evidence: Evidence) -> Iterator[Finding]:
    """Within a bounded time after the last fault."""
    if evidence.unfinished:
        yield Finding("does not come to rest", evidence.unfinished)


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
