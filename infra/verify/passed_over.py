"""The events that operators have had passed over: what is without them is as it was wished."""

from collections.abc import Mapping, Sequence

from infra.postgres.interventions import PostgresInterventions
from infra.verify.sources import Sources, storable

SKIPPED = "parked-skip"

PassedOver = Mapping[str, frozenset[int]]
"""The versions, by stream id."""


async def passed_over(
    sources: Sources, kind: str, follower: str, stream_ids: Sequence[str]
) -> dict[str, frozenset[int]]:
    """What operators have asked of a follower (kind: projection or saga) for these streams. Raises Unavailable.

    That they asked is not that it was done, or is so still: a read model that was built anew has the events.
    """
    names = {f"{kind}:{follower}/{each}": each for each in stream_ids if storable(each)}
    found: dict[str, set[int]] = {}
    for action in await PostgresInterventions(sources.database).of(list(names)) if names else []:
        if action.action == SKIPPED:
            found.setdefault(names[action.target], set()).add(int(action.details["stream_version"]))
    return {each: frozenset(versions) for each, versions in found.items()}
