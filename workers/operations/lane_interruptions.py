"""`annals lanes`: the lanes, and the interruptions of lanes whose topic was recreated or has lost records.

An interruption stays open, and the lane's worker shows it as a metric, until an operator acknowledges it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from workers.operations.interventions import Operator
from workers.ports.lane_listing import ACKNOWLEDGED, LaneListing, ListedInterruption, ListedLane


class LaneOverview(NamedTuple):
    """All lanes, and the interruptions that no operator has acknowledged, the oldest first."""

    lanes: Sequence[ListedLane]
    interruptions: Sequence[ListedInterruption]


class NotInterrupted(Exception):
    """An operator named lanes without an open interruption. Nothing was acknowledged."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Nothing is open of {', '.join(names)}; see `annals lanes list`.")
        self.names = names


async def lane_overview(listing: LaneListing) -> LaneOverview:
    """The lanes and their open interruptions. Raises Unavailable."""
    return LaneOverview(await listing.listed(), await listing.open_interruptions())


async def acknowledge(listing: LaneListing, operator: Operator, names: Sequence[str] | None = None) -> list[str]:
    """Acknowledge all open interruptions of the lanes with these names (None: of all lanes); returns the names.

    The record of the action is the acknowledgement. It covers the interruptions that were listed, none that comes
    later. Raises NotInterrupted, Unavailable and Unstorable; the lanes before the one at which it stopped are
    acknowledged then. It is safe to repeat.
    """
    newest_ids = {interruption.name: interruption.id for interruption in await listing.open_interruptions()}
    unknown = sorted({*(names or ())} - newest_ids.keys())
    if unknown:
        raise NotInterrupted(unknown)
    chosen = sorted({*names}) if names else sorted(newest_ids)
    for name in chosen:
        await operator.record(ACKNOWLEDGED, name, {"until": newest_ids[name]})
    return chosen
