"""The event store on a table of one's own in memory, and what can be seen in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from contracts.catalogue import catalogue
from infra.memory.event_store import MemoryEventStore
from infra.memory.lane_rows import LaneRow
from infra.memory.table import Table
from tests.lanes.in_memory import Journal, SwitchedWire, write
from workers.ports.event_store import Batch, BatchLookup, EventRow, Unstorable
from workers.ports.lanes import LaneKey
from workers.ports.outcomes import OutcomeRow

NOW = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)
# Text with this in it cannot be stored here.
UNSTORABLE = "unstorable"


class SqueamishTable(Table):
    """A table that refuses one text which every contract allows."""

    def commit(self, batch: Batch) -> None:
        texts = [event.data.decode() for event in batch.events]
        texts += [secret or "" for _, secret in batch.credentials]
        if any(UNSTORABLE in text for text in texts):
            raise Unstorable("for the test")
        super().commit(batch)


class TableInMemory(MemoryEventStore):
    """The store over a wire with switches. Everything in the table is the users'. `looked_up`: every answer."""

    def __init__(self, journal: Journal) -> None:
        self.table = SqueamishTable(lambda: NOW)
        self.line = SwitchedWire(journal)
        self.looked_up: list[BatchLookup] = []
        super().__init__(self.table, self.line)

    async def look_up(
        self,
        context: str,
        commands: Sequence[tuple[str, str]],
        stream_ids: Sequence[str],
        fingerprint: str | None = None,
    ) -> BatchLookup:
        self.looked_up.append(await super().look_up(context, commands, stream_ids, fingerprint))
        return self.looked_up[-1]

    def write(self, rows: Sequence[EventRow]) -> None:
        """Have the table hold these events already."""
        write(self.table, rows)

    def reserve(self, holders: dict[tuple[str, str], str]) -> None:
        """Have the table hold these unique_claims already: who has which (scope, key)."""
        self.table.unique_claims |= {("users", scope, key): holder for (scope, key), holder in holders.items()}

    @property
    def rows(self) -> dict[LaneKey, LaneRow]:
        return self.table.lanes

    @property
    def handled(self) -> dict[str, OutcomeRow]:
        """The stored outcomes by command id, if each is of one stream's command."""
        return {key.command_id: row for key, row in self.table.commands.items()}

    @property
    def events(self) -> Sequence[EventRow]:
        return [row for rows in self.table.events.values() for row in rows]

    @property
    def unique_claims(self) -> Mapping[tuple[str, str], str]:
        return {(scope, key): holder for (_, scope, key), holder in self.table.unique_claims.items()}

    @property
    def credentials(self) -> Mapping[str, str]:
        return {stream_id: secret for (_, stream_id), secret in self.table.credentials.items()}

    def lane(self, context: str = "users", partition: int = 0) -> list[EventRow]:
        """One lane's events in order, each with its data as they were written: the table keeps no order of fields."""
        models = catalogue().events
        return [
            row._replace(
                data=models[f"{row.context}.{row.type}.v{row.schema_version}"].model_validate_json(row.data).to_json()
            )
            for row in self.table.events.get((context, partition), [])
        ]
