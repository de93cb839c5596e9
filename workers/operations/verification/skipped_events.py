"""The events that operators had skipped for a parked stream: a follower that lacks them is as the operators asked."""

from collections.abc import Mapping, Sequence

from workers.operations.verification.sources import Sources

SKIP_ACTION = "parked-skip"

SkippedVersions = Mapping[str, frozenset[int]]
"""Stream versions, by stream id."""


async def skipped_events(
    sources: Sources, kind: str, follower: str, stream_ids: Sequence[str]
) -> dict[str, frozenset[int]]:
    """What operators asked a follower (`kind` is projection or saga) to skip of these streams. Raises Unavailable.

    That they asked does not say that it was done, or still holds: a read model that was built again has the events.
    """
    streams = {f"{kind}:{follower}/{stream_id}": stream_id for stream_id in stream_ids}
    versions: dict[str, set[int]] = {}
    for intervention in await sources.interventions.of(list(streams)) if streams else ():
        if intervention.action == SKIP_ACTION:
            version = int(intervention.details["stream_version"])
            versions.setdefault(streams[intervention.target], set()).add(version)
    return {stream_id: frozenset(skipped) for stream_id, skipped in versions.items()}
