"""The sections of documents in memory: a hash beside each document, with a field for each section and lane."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from infra.memory import read_model_server as keys
from infra.memory.read_model_server import ReadModelServer, Transaction
from infra.memory.wire import Wire
from workers.core.projection import SECTIONS, Document
from workers.ports.read_models import START, Generation
from workers.ports.sections import SectionAtMoment, SectionOfLane, SectionValue, section_value

KEYS_AT_A_TIME = 1000


def field_of(section: str, partition: int) -> str:
    """The field of a lane's value."""
    return f"{section}:{partition}"


def with_sections(
    documents: Mapping[str, Document], document_ids: Sequence[str], fields: Sequence[Mapping[str, bytes]]
) -> dict[str, Document]:
    """The documents, each with its sections. `fields` are those of each of the ids."""
    whole = dict(documents)
    for document_id, stored in zip(document_ids, fields, strict=True):
        sections: dict[str, list[Document]] = {}
        for field, encoded in sorted(stored.items()):
            if (stored_value := section_value(encoded)) is not None and stored_value.value is not None:
                sections.setdefault(field.rpartition(":")[0], []).append(stored_value.value)
        if sections and document_id in documents:
            whole[document_id] = {**documents[document_id], SECTIONS: sections}
    return whole


class MemorySections:
    """The sections as their lanes write them, and as a verification reads them."""

    def __init__(self, server: ReadModelServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire

    async def section_values(self, of_lane: SectionOfLane, document_ids: Sequence[str]) -> Mapping[str, SectionValue]:
        return await self._wire.call("Redis", lambda: self._values(of_lane, document_ids))

    def _values(self, of_lane: SectionOfLane, document_ids: Sequence[str]) -> dict[str, SectionValue]:
        """At the server."""
        field = field_of(of_lane.section, of_lane.partition)
        stored: dict[str, Any] = {
            name: self._server.hash_of(keys.sections(of_lane.generation, name)).get(field) for name in document_ids
        }
        return {name: value for name, encoded in stored.items() if (value := section_value(encoded)) is not None}

    async def clear_section(self, of_lane: SectionOfLane) -> None:
        def clear() -> None:
            field = field_of(of_lane.section, of_lane.partition)
            places = [key for key in self._server.hashes if key[:2] == ("sections", of_lane.generation)]
            self._server.execute({}, Transaction(fields={place: {field: None} for place in places}))

        await self._wire.call("Redis", clear)

    async def section_at_one_moment(
        self, of_lane: SectionOfLane, topic: str, document_ids: Sequence[str]
    ) -> SectionAtMoment:
        def read() -> SectionAtMoment:
            place = (of_lane.generation, topic, of_lane.partition)
            checkpoint = self._server.get(keys.checkpoint(*place)) or START
            parked = self._server.hash_of(keys.parked(*place))
            return SectionAtMoment(checkpoint, self._values(of_lane, document_ids), parked)

        return await self._wire.call("Redis", read)

    async def section_fields(self, generation: Generation) -> AsyncIterator[list[tuple[SectionOfLane, str]]]:
        fields = await self._wire.call("Redis", lambda: self._places(generation))
        for first in range(0, len(fields), KEYS_AT_A_TIME):
            yield fields[first : first + KEYS_AT_A_TIME]

    def _places(self, generation: Generation) -> list[tuple[SectionOfLane, str]]:
        """At the server."""
        fields: list[tuple[SectionOfLane, str]] = []
        for key, stored in self._server.hashes.items():
            if key[:2] == ("sections", generation):
                for field in stored:
                    section, _, partition = field.rpartition(":")
                    fields.append((SectionOfLane(generation, section, int(partition)), key[2]))
        return fields
