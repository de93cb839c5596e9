"""Every reader of stored events, as one function each: from the rows of a stream to what it makes of them.

A reader that is new stands here too: tests/architecture sees to it that it reads by `StoredEvents`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from contracts.client.event_reader import ReadEvent
from contracts.envelope import CommandEnvelope, read_event
from contracts.message import Command, Event
from contracts.stored_events import StoredEvents
from infra.cli import stream as stream_command
from tests.command.installation import command_id
from tests.command.table import NOW, TableInMemory
from tests.lanes.recorded_rows import RowsInMemory, inbound_all
from workers.analytics.fold import LaneFold
from workers.command.loading import LaneStreams
from workers.command.reading import Request
from workers.command.records import event_record
from workers.command.snapshots import Snapshots
from workers.core.context import Context
from workers.core.recorded import Recorded
from workers.domain import contexts
from workers.gateway.archive import Archive
from workers.history.state_fields import state_fields
from workers.lanes.recorded_rows import recorded_row
from workers.lanes.sequenced import SequencedEvents
from workers.operations.dead_letters.previewing import DryRun
from workers.operations.undo import stream_history
from workers.operations.verification.comparisons.read_model import DocumentFold
from workers.operations.verification.comparisons.saga_journal import JournalFold, Seed
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.ports.event_store import EventRow, SnapshotRow, StreamEvent
from workers.ports.log import InboundRecord
from workers.ports.parked import ParkedStream, ParkedStreamRequest
from workers.projection.folding import fold
from workers.projection.section_fold import SectionFold
from workers.projection.section_folding import fold_section
from workers.projection.unparking import unpark
from workers.saga.following import follow
from workers.testing.walks import example_commands

Reader = Callable[[Context, StoredEvents, Sequence[EventRow]], Awaitable[Any]]


async def _recorded(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> list[Recorded]:
    """The events as a lane gets them, from the log and once more from the table; both are the same."""
    from_log: list[Recorded] = []
    events = SequencedEvents("projection", context.name, 0, models, RowsInMemory([]))
    async for stretch in events.read(inbound_all(rows)):
        from_log += stretch.events
    from_table = [recorded_row(row, models) for row in rows]
    assert from_log == from_table
    return from_table


def _request(context: Context, stream_id: str) -> Request:
    command: Command = example_commands(context)[stream_id][0]
    envelope = CommandEnvelope(command_id(1), command.type, "/tests", stream_id, "", "correlation", "causation")
    headers, key = envelope.to_headers(), stream_id.encode()
    record = InboundRecord(f"{context.name}.commands", 0, 0, key, command.to_json(), headers, 0)
    return Request(record, envelope, command, None)


async def _loaded(context: Context, models: StoredEvents, rows: Sequence[EventRow], table: TableInMemory) -> Any:
    snapshots = Snapshots(context.name, context.decider, models)
    streams = LaneStreams(context.name, context.decider, table, models, snapshots)
    request = _request(context, rows[0].stream_id)
    await streams.look_up([request])
    (stream,) = streams.of([request]).values()
    return stream


def _table(rows: Sequence[EventRow]) -> TableInMemory:
    table = TableInMemory([])
    table.write(rows)
    return table


async def loading(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    return await _loaded(context, models, rows, _table(rows))


async def loading_behind_a_snapshot(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """Of all but the last event there is a snapshot."""
    table = _table(rows)
    if len(rows) > 1:
        before = await _loaded(context, models, rows[:-1], _table(rows[:-1]))
        snapshots = Snapshots(context.name, context.decider, models)
        state = snapshots._written(before.state)
        assert state is not None
        version = len(rows) - 1
        digest = snapshots._digest(rows[0].stream_id, version, rows[-2].event_id, state)
        row = SnapshotRow(rows[0].stream_id, version, snapshots.fingerprint, digest, state)
        table.table.snapshots[context.name, row.stream_id] = row
    return await _loaded(context, models, rows, table)


async def projections(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    events = await _recorded(context, models, rows)
    folds = [fold(projection, events, {}) for projection in context.projections]
    assert not any(folded.parked for folded in folds)
    return [(folded.documents, set(folded.added)) for folded in folds]


async def parked_streams(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """Each of the events, tried again."""
    results = []
    for projection in context.projections:
        for place, row in enumerate(rows):
            before = fold(projection, [recorded_row(other, models) for other in rows[:place]], {}).documents
            stored = {name: orjson.loads(value) for name, value in before.items() if value is not None}
            parked = ParkedStream(projection.name, row.stream_id, row.stream_version, row.sequence, "", "", 3, "")
            request = ParkedStreamRequest(projection.name, row.stream_id, "retry")
            table, until = RowsInMemory(rows), len(rows)
            folded = await unpark(projection, parked, request, stored, table, models, until)
            results.append((folded.documents, len(folded.parked)))
    return results


async def sections(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """As a lane folds them, and as verify and a rebuild do, which agree."""
    events = await _recorded(context, models, rows)
    results = []
    for other in contexts().values():
        for section in (s for projection in other.projections for s in projection.sections):
            if section.context != context.name:
                continue
            concerned = [e for e in events if any(type(part.event) in section.reacts_to for part in e.parts)]
            folded = fold_section("section", section, concerned, {})
            rebuilt = SectionFold(section, models, 0, {}, lambda _: True)
            await rebuilt.read(RowsInMemory(rows), len(rows))
            rebuilt.refuse_newer()
            assert (folded.parked, rebuilt.raised) == ([], {})
            assert folded.documents == {name: value.encoded() for name, value in rebuilt.values.items()}
            results.append(folded.documents)
    return results


async def sagas(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    events = await _recorded(context, models, rows)
    followed = follow([saga for other in contexts().values() for saga in other.sagas], events, {}, 0)
    assert not followed.parked
    return followed.instances, followed.steps, followed.deadlines


async def journals_of_an_older_release(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """Verify folds each journal again. The release that wrote it called each event by its stored type."""
    events = await _recorded(context, models, rows)
    for saga in (saga for other in contexts().values() for saga in other.sagas):
        followed = follow([saga], events, {}, 0)
        parts = {part.event_id: (recorded, part) for recorded in events for part in recorded.parts}
        for instance in followed.instances:
            journal = JournalFold(saga, instance.instance_id, _NoScratch(), Seed())
            for entry in followed.journal:
                if entry.instance_id == instance.instance_id:
                    recorded, part = parts[entry.event_id]
                    older = entry._replace(type=recorded.stored_type or entry.type)
                    assert journal.apply(older, part) is None
    return None


class _NoScratch:
    """Keeps nothing of the steps: none is answered here."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_: []


async def analytics(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    lane = LaneFold(context.analytics.series)
    for recorded in await _recorded(context, models, rows):
        assert list(lane.apply(recorded)) == []
    return lane.windows, lane.memories


async def history_and_the_past(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """What the gateway shows of the stream at each of its versions."""
    archive = Archive(_History(rows))
    shown: list[Any] = [await archive.page(context.name, rows[0].stream_id, 0, len(rows))]
    assert list(shown.pop().events) == list(rows), "the events themselves are shown as they are stored"
    for projection in context.projections:
        for version in range(1, len(rows) + 1):
            document, _ = await archive.document(projection, rows[0].stream_id, version)
            shown.append(document)
    return shown


class _History(RowsInMemory):
    """The past of one stream, without the causes of its commands."""

    async def causes(self, context: str, stream_id: str, command_ids: Sequence[str]) -> Mapping[str, Any]:
        return {}

    async def stream_end(self, context: str, stream_id: str) -> tuple[int, str] | None:
        return len(self.rows), self.rows[-1].type

    async def correlated(self, correlation_id: str, limit: int) -> Any:
        raise NotImplementedError


async def stream_show(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    return state_fields(stream_command.folded(context.name, rows))


async def verify(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    states = StateFold(context.decider, models)
    folds: list[Any] = [DocumentFold(projection, models, {0: len(rows)}, {}) for projection in context.projections]
    for row in rows:
        for verification in (states, *folds):
            verification.apply(row)
    assert [verification.raised for verification in (states, *folds)] == [{}] * (len(folds) + 1)
    return states.state(rows[0].stream_id), [verification.documents for verification in folds]


async def dead_letters(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """What a retry of the stream's first command would lead to."""
    events = [StreamEvent(row.stream_id, row.stream_version, row.type, row.schema_version, row.data) for row in rows]
    dry_run = DryRun(context.decider, context.name, events, models)
    decided = dry_run.decide(_request(context, rows[0].stream_id), NOW, frozenset())
    return dry_run._folded(), decided


async def undo(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    """What an undo of each of the changes would do."""
    if context.undo is None:
        return None
    return [
        context.undo(await stream_history(RowsInMemory(rows[:length]), models, context.name, rows[0].stream_id))
        for length in range(1, len(rows) + 1)
    ]


async def client(context: Context, models: StoredEvents, rows: Sequence[EventRow]) -> Any:
    events: list[Event] = []
    for record in map(event_record, rows):
        read = ReadEvent(read_event(record.headers, record.key), record.value or b"", 0, 0)
        assert read.event() == read.events()[0]
        events += read.events()
    return events


READERS: list[Reader] = [
    *(loading, loading_behind_a_snapshot, projections, parked_streams, sections, sagas),
    *(journals_of_an_older_release, analytics, history_and_the_past, stream_show, verify, dead_letters, undo, client),
]
