"""Laws of the sections: what a document shows depends neither on the lanes nor on the order of the events."""

from collections import defaultdict
from random import Random

from hypothesis import strategies as st

from workers.contexts import load
from workers.core.projection import Document, Projection, Section
from workers.core.recorded import Recorded
from workers.testing.laws.about import Laws, holds
from workers.testing.scenarios import recorded
from workers.testing.walks import walks


class SectionLaws(Laws):
    """Of each section of a read model."""

    @holds(100)
    def test_in_any_order_and_on_any_lanes(self, projection: Projection, section: Section, data: st.DataObject) -> None:
        events = events_of_section(section, data)
        by_document: defaultdict[str, list[Recorded]] = defaultdict(list)
        for event in events:
            by_document[section.document_id(event.event)].append(event)
        chance = Random(data.draw(st.integers(0, 1_000_000)))  # noqa: S311  # no secret
        for of_document in by_document.values():
            shuffled = chance.sample(of_document, len(of_document))
            lanes: list[list[Recorded]] = [[], [], []]
            for event in shuffled:
                chance.choice(lanes).append(event)
            document: Document = {"version": 1}
            assert shown_by_lanes(projection, section, lanes, document) == shown_by_lanes(
                projection, section, [of_document], document
            )


def events_of_section(section: Section, data: st.DataObject) -> list[Recorded]:
    """The events of a walk that the section reacts to."""
    strides = data.draw(walks(load()[section.context]))
    events = [event for stride in strides for event in stride.events]
    return [row for row in recorded(*events) if type(row.event) in section.reacts_to]


def shown_by_lanes(
    projection: Projection, section: Section, lanes: list[list[Recorded]], document: Document
) -> Document:
    """The document as a query shows it when these events came on these lanes."""
    assert projection.complete is not None
    values = []
    for lane in lanes:
        value: Document | None = None
        for event in lane:
            value = section.evolve(value, event)
        if value is not None:
            values.append(value)
    return projection.complete(document, {section.name: values})
