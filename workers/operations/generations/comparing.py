"""Compares two generations: which documents differ, and in which fields. In the order of ids, a chunk at a time."""

from collections.abc import Mapping, Sequence
from heapq import merge
from typing import NamedTuple

from workers.core.projection import SECTIONS, Document, Projection
from workers.operations.generations.building import Advance, bring_up_to_date
from workers.operations.generations.ports import GenerationPorts
from workers.ports.read_models import Generation
from workers.ports.sections import SectionOfLane

IDS_AT_A_TIME = 500
LOOKS = 3


class Difference(NamedTuple):
    """A document that differs between the live generation and the one that was built; None: it is not there."""

    document_id: str
    live: Document | None
    built: Document | None

    def fields(self) -> dict[str, tuple[object, object]]:
        """The fields that differ, with the live and the built value."""
        live, built = self.live or {}, self.built or {}
        return {
            name: (live.get(name), built.get(name))
            for name in sorted({*live, *built})
            if live.get(name) != built.get(name) or (name in live) != (name in built)
        }


class Comparison(NamedTuple):
    """Counts of documents; by field, how many documents differ in it; and some of the documents that differ."""

    same: int
    different: int
    only_in_live: int
    only_in_built: int
    fields: Mapping[str, int]
    samples: Sequence[Difference]

    @property
    def agree(self) -> bool:
        return not (self.different or self.only_in_live or self.only_in_built)


async def compare(
    ports: GenerationPorts,
    projection: Projection,
    live: Generation,
    built: Generation,
    *,
    samples: int,
    advance: Advance,
) -> Comparison:
    """Compare all documents of two generations while the system runs. Documents that differ are read again after the
    built generation was brought up to date, because it may only be behind. `advance` counts the documents compared.

    Raises Unavailable or BuildConflict.
    """
    same = 0
    counts = {"different": 0, "only_in_live": 0, "only_in_built": 0}
    fields: dict[str, int] = {}
    sampled: list[Difference] = []
    last_id = ""
    while ids := await _next_ids(ports, (live, built), last_id):
        last_id = ids[-1]
        differences = await _differences(ports, projection, live, built, ids)
        same += len(ids) - len(differences)
        for difference in differences:
            kind = _kind(difference)
            counts[kind] += 1
            if kind == "different":
                for name in difference.fields():
                    fields[name] = fields.get(name, 0) + 1
        sampled += differences[: samples - len(sampled)]
        advance(len(ids))
    return Comparison(same, **counts, fields=fields, samples=sampled)


def _kind(difference: Difference) -> str:
    if difference.live is None:
        return "only_in_built"
    return "only_in_live" if difference.built is None else "different"


async def _next_ids(ports: GenerationPorts, generations: Sequence[Generation], after: str) -> list[str]:
    """The next ids of both generations, up to the end of the shorter full chunk, so that no id is passed over."""
    chunks = [await ports.generations.ids_after(generation, after, IDS_AT_A_TIME) for generation in generations]
    last_ids = [chunk[-1] for chunk in chunks if len(chunk) == IDS_AT_A_TIME]
    last = min(last_ids) if last_ids else None
    return [document_id for document_id in dict.fromkeys(merge(*chunks)) if last is None or document_id <= last]


async def _differences(
    ports: GenerationPorts, projection: Projection, live: Generation, built: Generation, ids: Sequence[str]
) -> list[Difference]:
    differing = list(ids)
    for look in range(LOOKS):
        if look:
            await bring_up_to_date(ports, projection, built)
        live_documents = await _whole_documents(ports, projection, live, differing)
        built_documents = await _whole_documents(ports, projection, built, differing)
        differing = [
            document_id
            for document_id in differing
            if live_documents.get(document_id) != built_documents.get(document_id)
        ]
        if not differing:
            return []
    return [
        Difference(document_id, live_documents.get(document_id), built_documents.get(document_id))
        for document_id in differing
    ]


async def _whole_documents(
    ports: GenerationPorts, projection: Projection, generation: Generation, ids: Sequence[str]
) -> dict[str, Document]:
    """The documents as queries show them: with their sections."""
    stored = await ports.store.documents(generation, ids)
    sections: dict[str, dict[str, list[Document]]] = {}
    for section in projection.sections:
        for partition in range(ports.partitions):
            of_lane = SectionOfLane(generation, section.name, partition)
            for document_id, value in (await ports.store.section_values(of_lane, list(stored))).items():
                if value.value is not None:
                    sections.setdefault(document_id, {}).setdefault(section.name, []).append(value.value)
    return {
        document_id: projection.whole({**document, SECTIONS: sections.get(document_id, {})} if sections else document)
        for document_id, document in stored.items()
    }
