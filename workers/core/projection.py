"""A projection: a fold of events into documents, and the indexes by which the documents are found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel

from contracts.message import Event
from workers.core.recorded import Recorded

Document = Mapping[str, Any]
"""A JSON object. Documents are values: `evolve` returns a new one."""


class Index(NamedTuple):
    """One way to find a document: by the value `key` of the index called `name`. Several documents may share it; they
    are found in the order of the texts `order`, then of their ids. None of the three holds a control character.
    """

    name: str
    key: str
    order: str = ""


Sections = Mapping[str, Sequence[Document]]
"""The values of a document's sections, by the section's name: one of each lane that has any, in no order."""

SECTIONS = "sections"
"""The field under which a document that is read for a query has its `Sections`, if it has any."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a projection's documents that many streams feed, such as the orders of a user on the user's card.

    Each lane of `context` folds its own value: of the events in `reacts_to`, `document_id(event)` names the document
    that an event belongs to, and `evolve(value or None, recorded)` gives the lane's next value. No lane sees the value
    of another, and a parked event may come late: so values must not depend on the order of the events (counts, sums,
    greatest and least), and `Projection.complete` puts them together. Values arrive before the document as well, and
    stay after it: a document that does not exist shows none.
    """

    name: str
    context: str
    reacts_to: frozenset[type[Event]]
    document_id: Callable[[Any], str]
    evolve: Callable[[Document | None, Recorded], Document]


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model called `name`, folded from the events of one context.

    `evolve(document or None, recorded)` gives the next document, or None when it is deleted. `indexes(document)` gives
    all ways to find it; the worker adds and removes entries by comparing before and after. The document's id is the
    stream's. `searchable` are the names of the indexes that a query may use. Where an index's key is not what is
    searched for as it is written, `search_keys` has the function, by the index's name, that makes the key of it.

    `sections` are fed by other streams, of this context or of others. `complete(document, sections)` gives the document
    as queries show it; None: as it is. `model` is what such a document is: OpenAPI shows it for the routes that are
    made of the declaration, and the laws hold the documents to it. None: any JSON object.
    """

    name: str
    context: str
    evolve: Callable[[Document | None, Recorded], Document | None]
    indexes: Callable[[Document], frozenset[Index]]
    searchable: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    complete: Callable[[Document, Sections], Document] | None = None
    search_keys: Mapping[str, Callable[[str], str]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    model: type[BaseModel] | None = None

    @property
    def initial(self) -> Document | None:
        """There is no document before the first event."""
        return None

    def search_key(self, index: str, text: str) -> str:
        """The key in the index of this name of what is searched for."""
        return self.search_keys[index](text) if index in self.search_keys else text

    def whole(self, stored: Document) -> Document:
        """A document that was read for a query, as the query shows it."""
        if self.complete is None:
            return stored
        document = dict(stored)
        sections: Sections = document.pop(SECTIONS, {})
        return self.complete(document, sections)

    def fed_by(self) -> list[tuple[str, str]]:
        """What follows a context on its own: sections by name, the documents themselves as "", and the context."""
        return [("", self.context), *((section.name, section.context) for section in self.sections)]
