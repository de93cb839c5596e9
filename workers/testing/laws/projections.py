"""Laws of the read models that follow their own context."""

import copy
import json

from hypothesis import strategies as st

from contracts.message import Event
from workers.core.context import Context
from workers.core.projection import Document, Projection
from workers.testing.laws.about import Laws, holds
from workers.testing.scenarios import recorded
from workers.testing.walks import Stride, walks


class ProjectionLaws(Laws):
    """Of each read model."""

    @holds(100)
    def test_goes_on_from_a_stored_document_as_from_the_one_in_memory(
        self, context: Context, projection: Projection, data: st.DataObject
    ) -> None:
        in_memory: Document | None = None
        stored = "null"
        for event in recorded(*_events(data.draw(walks(context)))):
            before = copy.deepcopy(in_memory)
            following = projection.evolve(in_memory, event)
            assert in_memory == before, "evolve changed the document that it was given"
            in_memory = following
            stored = json.dumps(projection.evolve(json.loads(stored), event))
            assert json.loads(stored) == in_memory

    @holds(100)
    def test_has_the_version_of_its_stream(self, context: Context, projection: Projection, data: st.DataObject) -> None:
        document: Document | None = None
        for event in recorded(*_events(data.draw(walks(context)))):
            document = projection.evolve(document, event)
            assert document is None or document["version"] == event.stream_version

    @holds(100)
    def test_shows_documents_that_are_what_its_model_says(
        self, context: Context, projection: Projection, data: st.DataObject
    ) -> None:
        """All that OpenAPI tells of them, and nothing else. Sections come from other streams: they are left out."""
        document: Document | None = None
        for event in recorded(*_events(data.draw(walks(context)))):
            document = projection.evolve(document, event)
            if document is not None and projection.model is not None:
                shown = json.dumps(projection.whole(document))
                projection.model.model_validate_json(shown, strict=True, extra="forbid")

    @holds(100)
    def test_is_searchable_by_indexes_that_its_documents_have(
        self, context: Context, projection: Projection, data: st.DataObject
    ) -> None:
        document: Document | None = None
        for event in recorded(*_events(data.draw(walks(context)))):
            document = projection.evolve(document, event)
            if document is not None:
                entries = projection.indexes(document)
                assert {entry.name for entry in entries} <= set(projection.searchable)
                assert all(entry.key for entry in entries)


def _events(strides: list[Stride]) -> list[Event]:
    return [event for stride in strides for event in stride.events]
