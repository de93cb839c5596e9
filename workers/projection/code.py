"""The code that a read model is made by, as a fingerprint: that of a projection, and that of each of its sections."""

from contracts.stored_events import StoredEvents
from workers.core.projection import Projection, Section
from workers.fingerprint import fingerprint


def code_of_projection(projection: Projection, models: StoredEvents) -> str:
    """The fingerprint of what makes a document of events, the upcasters of its context included."""
    return fingerprint(projection.evolve, projection.indexes, *models.upcasting_code(projection.context))


def code_of_section(section: Section, models: StoredEvents) -> str:
    """The fingerprint of what makes a section's values of events, the upcasters of its context included."""
    return fingerprint(section.evolve, section.document_id, *models.upcasting_code(section.context))
