"""The timeline of a document: what happened to a stream, and when. For streams with few events: each has an entry."""

from typing import Any

from pydantic import AwareDatetime, BaseModel

from workers.core.projection import Document
from workers.core.recorded import Recorded

TIMELINE = "timeline"


class TimelineStep(BaseModel):
    """Something that happened to the stream: the event's name, and when."""

    type: str
    at: AwareDatetime


def begun(recorded: Recorded, **fields: Any) -> Document:
    """The document of a stream that begins with this event: the fields, then its timeline and version."""
    return {**fields, TIMELINE: [_entry(recorded)], "version": recorded.stream_version}


def moved_on(document: Document, recorded: Recorded, **changes: Any) -> Document:
    """The document after a further event, with these changes."""
    timeline = [*document[TIMELINE], _entry(recorded)]
    return {**document, TIMELINE: timeline, "version": recorded.stream_version, **changes}


def begun_at(document: Document) -> str:
    """When the stream began: RFC 3339 text, by the database's clock."""
    return str(document[TIMELINE][0]["at"])


def _entry(recorded: Recorded) -> dict[str, str]:
    return {"type": recorded.event.name, "at": recorded.recorded_at}
