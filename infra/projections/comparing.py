"""Two generations side by side: which documents differ, and in what. In the order of ids, a chunk at a time."""

from collections.abc import Callable, Mapping, Sequence
from heapq import merge
from typing import NamedTuple

from infra.projections.building import Workshop, bring_up_to_date
from workers.core.projection import Document, Projection
from workers.ports.read_models import Generation

IDS_AT_A_TIME = 500
LOOKS = 3


class Difference(NamedTuple):
    """A document that is not the same in both; None: there is none."""

    document_id: str
    one: Document | None
    other: Document | None

    def fields(self) -> dict[str, tuple[object, object]]:
        """The fields that differ, with both values."""
        one, other = self.one or {}, self.other or {}
        return {
            name: (one.get(name), other.get(name))
            for name in sorted({*one, *other})
            if one.get(name) != other.get(name) or (name in one) != (name in other)
        }


class Comparison(NamedTuple):
    """What was found: counts of documents, how many differ by field, and some of those that differ."""

    same: int
    different: int
    only_in_one: int
    only_in_other: int
    fields: Mapping[str, int]
    samples: Sequence[Difference]

    @property
    def agree(self) -> bool:
        return not (self.different or self.only_in_one or self.only_in_other)


async def compare(
    workshop: Workshop,
    projection: Projection,
    live: Generation,
    built: Generation,
    *,
    samples: int,
    advance: Callable[[int], None],
) -> Comparison:
    """Compare all documents of two generations, while the system runs: what differs is brought up to date and looked at
    again, for one of the two may only be behind. `advance` hears of the documents compared. Raises Unavailable.
    """
    same = 0
    counts = {"different": 0, "only_in_one": 0, "only_in_other": 0}
    fields: dict[str, int] = {}
    kept: list[Difference] = []
    after = ""
    while ids := await _next_ids(workshop, (live, built), after):
        after = ids[-1]
        found = await _differences(workshop, projection, live, built, ids)
        same += len(ids) - len(found)
        for each in found:
            kind = "only_in_other" if each.one is None else "only_in_one" if each.other is None else "different"
            counts[kind] += 1
            if kind == "different":
                for name in each.fields():
                    fields[name] = fields.get(name, 0) + 1
        kept += found[: samples - len(kept)]
        advance(len(ids))
    return Comparison(same, **counts, fields=fields, samples=kept)


async def _next_ids(workshop: Workshop, both: Sequence[Generation], after: str) -> list[str]:
    """The next ids that either has: none beyond the end of the shorter chunk, so that none is passed over."""
    chunks = [await workshop.generations.ids_after(each, after, IDS_AT_A_TIME) for each in both]
    full = [chunk[-1] for chunk in chunks if len(chunk) == IDS_AT_A_TIME]
    last = min(full) if full else None
    return [each for each in dict.fromkeys(merge(*chunks)) if last is None or each <= last]


async def _differences(
    workshop: Workshop, projection: Projection, live: Generation, built: Generation, ids: Sequence[str]
) -> list[Difference]:
    looking = list(ids)
    for look in range(LOOKS):
        if look:
            await bring_up_to_date(workshop, projection, built)
        ones = await workshop.writer.documents(live, looking)
        others = await workshop.writer.documents(built, looking)
        looking = [each for each in looking if ones.get(each) != others.get(each)]
        if not looking:
            return []
    return [Difference(each, ones.get(each), others.get(each)) for each in looking]
