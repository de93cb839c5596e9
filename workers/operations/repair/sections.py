"""Rebuilds values of sections by a fold of their lanes, beside a working projection.

As with documents, each write is a batch of the lane at its checkpoint, which it moves: so the lane's owner, which may
be counting upon a wrong value at this moment, gets CheckpointMoved and reads the values again.
"""

from collections.abc import Sequence

from workers.core.projection import Projection, Section
from workers.operations.repair.tools import RepairTools
from workers.operations.verification.findings import WrongSection
from workers.operations.verification.section_lanes import DOCUMENTS_AT_A_TIME, ComparedSection, SectionLaneOfModel
from workers.ports.read_models import CheckpointMoved, Generation, ReadModelBatch
from workers.ports.sections import SectionOfLane

GIVE_UP_SECONDS = 60.0
KIND = "rebuilt"


async def rebuild_sections(tools: RepairTools, projection: Projection, targets: Sequence[WrongSection]) -> None:
    """Make these values what they should be. Raises Unavailable."""
    generation = await tools.sources.documents.live(projection.name)
    for section in projection.sections:
        of_section = [target for target in targets if target.section == section.name]
        for partition in sorted({target.partition for target in of_section}):
            document_ids = sorted({target.document_id for target in of_section if target.partition == partition})
            for start in range(0, len(document_ids), DOCUMENTS_AT_A_TIME):
                page = document_ids[start : start + DOCUMENTS_AT_A_TIME]
                await _rebuild(tools, section, SectionOfLane(generation, section.name, partition), page)


async def _rebuild(tools: RepairTools, section: Section, of_lane: SectionOfLane, document_ids: Sequence[str]) -> None:
    lane, clock = SectionLaneOfModel(tools.sources, section, of_lane), tools.sources.clock
    give_up_at = clock() + GIVE_UP_SECONDS
    while True:
        compared = await lane.compared(document_ids)
        unsure = [document_id for document_id in document_ids if compared.fold.is_unsure(document_id)]
        sure = [document_id for document_id in document_ids if not compared.fold.is_unsure(document_id)]
        try:
            if sure:
                await tools.read_models.commit(_batch(lane, sure, compared))
        except CheckpointMoved:
            if clock() > give_up_at:
                why = "the read model was busy or switched all the time; try again"
                tools.report.left_alone(KIND, _values(lane, document_ids), why)
                return
        else:
            break
    if sure:
        tools.report.repaired(KIND, _values(lane, sure))
    if unsure:
        tools.report.left_alone(KIND, _values(lane, unsure), "the section's code raises on its events")


def _values(lane: SectionLaneOfModel, document_ids: Sequence[str]) -> str:
    return f"{len(document_ids)} values of the section {lane.section.name}, lane {lane.of_lane.partition}"


def _batch(lane: SectionLaneOfModel, document_ids: Sequence[str], compared: ComparedSection) -> ReadModelBatch:
    generation: Generation = lane.of_lane.generation
    before, values = compared.moment.checkpoint, compared.fold.values
    documents = {name: values[name].encoded() if name in values else None for name in document_ids}
    return ReadModelBatch(
        generation,
        lane.topic,
        lane.of_lane.partition,
        before,
        before._replace(offset=max(before.offset - 1, 0)),
        documents,
        (),
        (),
        section=lane.section.name,
    )
