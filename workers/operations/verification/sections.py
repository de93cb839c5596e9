"""The sections of the live read models against a fold of the table: each lane's values, from both sides."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from workers.core.projection import Projection, Section
from workers.operations.verification.comparisons.same_json import same_value
from workers.operations.verification.findings import FindingKind, Verdict, WrongSection
from workers.operations.verification.read_model_lanes import report_lanes_ahead, report_lanes_behind
from workers.operations.verification.section_lanes import (
    DOCUMENTS_AT_A_TIME,
    ComparedSection,
    SectionLaneOfModel,
)
from workers.operations.verification.sources import Pace, Sources
from workers.ports.read_models import Generation
from workers.ports.sections import SectionOfLane, lane_topic


async def compare_sections(sources: Sources, projection: Projection, verdict: Verdict, pace: Pace) -> None:
    """Compare the sections of the live generation of a projection. Raises Unavailable."""
    generation = await sources.documents.live(projection.name)
    for section in projection.sections:
        at_start = await sources.last_sequences(section.context)
        topic = lane_topic(sources.topics.events(section.context), section.name)
        await report_lanes_behind(sources, generation, topic, at_start, verdict)
        await report_lanes_ahead(sources, generation, section.context, topic, verdict)
        for partition in range(sources.partitions):
            lane = SectionLaneOfModel(sources, section, SectionOfLane(generation, section.name, partition))
            await _compare_lane(lane, verdict, pace)
    if projection.sections:
        await _report_left_over(sources, projection, generation, verdict, pace)


async def _compare_lane(lane: SectionLaneOfModel, verdict: Verdict, pace: Pace) -> None:
    last = ""
    while document_ids := await lane.next_ids(last):
        last = document_ids[-1]
        await _report(lane, document_ids, verdict)
        verdict.compared(f"values compared in the section {_name(lane)}", len(document_ids))
        await pace(0)
    for stream_id, (version, explanation) in lane.raised.items():
        verdict.report(FindingKind.CODE_RAISES, f"section {_name(lane)}, {stream_id}@{version}", explanation)


async def _report(lane: SectionLaneOfModel, document_ids: Sequence[str], verdict: Verdict) -> None:
    """Report what differs from the fold, as far as the fold is sure: where the code raises is reported of the lane."""
    compared = await lane.compared(document_ids)
    differing = _differing(compared, document_ids)
    as_requested = await _as_requested(lane, compared, differing)
    verdict.compared(f"values of {_name(lane)} without events that an operator had skipped", len(as_requested))
    for document_id in differing:
        if document_id not in as_requested and not compared.fold.is_unsure(document_id):
            kind, explanation = _difference(compared, document_id)
            where = f"{lane.of_lane.generation.projection} {document_id}"
            where_in = f"{explanation}: section {lane.section.name}, {lane.topic}/{lane.of_lane.partition}"
            verdict.report(kind, where, where_in, target=_target(lane, document_id))


def _differing(compared: ComparedSection, document_ids: Sequence[str]) -> list[str]:
    stored, fold = compared.moment.values, compared.fold.values
    return [name for name in document_ids if not same_value(_shown(fold.get(name)), _shown(stored.get(name)))]


def _shown(value: object) -> object:
    return None if value is None else value.value  # type: ignore[attr-defined]  # a SectionValue


async def _as_requested(
    lane: SectionLaneOfModel, compared: ComparedSection, document_ids: Sequence[str]
) -> AbstractSet[str]:
    """Those whose value is not the fold, but is the fold without the events that an operator had skipped."""
    streams = sorted({stream for name in document_ids for stream in compared.fold.streams.get(name, ())})
    skipped = await lane.skipped_events(streams)
    if not skipped:
        return set()
    without = await lane.compared(document_ids, skipped)
    return set(document_ids).difference(_differing(without, document_ids))


def _difference(compared: ComparedSection, document_id: str) -> tuple[FindingKind, str]:
    if document_id not in compared.moment.values:
        return FindingKind.DOCUMENT_MISSING, "the lane's events lead to a value"
    if document_id not in compared.fold.values:
        return FindingKind.DOCUMENT_LEFT_OVER, "the lane's events lead to no value"
    return FindingKind.DOCUMENT_DIFFERS, "the lane's events lead to another value"


async def _report_left_over(
    sources: Sources, projection: Projection, generation: Generation, verdict: Verdict, pace: Pace
) -> None:
    """Report values to which no event leads: those that do exist are compared above."""
    sections = {section.name: section for section in projection.sections}
    waiting: dict[SectionOfLane, list[str]] = {}
    async for fields in sources.documents.section_fields(generation):
        for of_lane, document_id in fields:
            if of_lane.section in sections and of_lane.partition < sources.partitions:
                waiting.setdefault(of_lane, []).append(document_id)
        for of_lane in [of_lane for of_lane, ids in waiting.items() if len(ids) >= DOCUMENTS_AT_A_TIME]:
            await _report_strays(sources, sections[of_lane.section], of_lane, waiting.pop(of_lane), verdict)
        await pace(0)
    for of_lane, document_ids in sorted(waiting.items()):
        await _report_strays(sources, sections[of_lane.section], of_lane, document_ids, verdict)


async def _report_strays(
    sources: Sources, section: Section, of_lane: SectionOfLane, document_ids: Sequence[str], verdict: Verdict
) -> None:
    lane = SectionLaneOfModel(sources, section, of_lane)
    compared = await lane.compared(sorted(set(document_ids)))
    strays = compared.moment.values.keys() - compared.fold.values.keys()
    await _report(lane, sorted(strays), verdict) if strays else None


def _target(lane: SectionLaneOfModel, document_id: str) -> WrongSection:
    generation, section, partition = lane.of_lane
    return WrongSection(generation.projection, section, partition, document_id)


def _name(lane: SectionLaneOfModel) -> str:
    return f"{lane.section.name} of {lane.of_lane.generation.projection}"
