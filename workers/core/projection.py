"""A projection: a fold of events into documents, and the indexes by which the documents are found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model called `name`, folded from the events of one context.

    `evolve(document or None, recorded)` gives the next document, or None when it is deleted. `indexes(document)` gives
    all ways to find it; the worker adds and removes entries by comparing before and after. The document's id is the
    stream's. `searchable` are the names of the indexes that a query may use.
    """

    name: str
    context: str
    evolve: Callable[[Document | None, Recorded], Document | None]
    indexes: Callable[[Document], frozenset[Index]]
    searchable: tuple[str, ...] = ()

    @property
    def initial(self) -> Document | None:
        """There is no document before the first event."""
        return None
