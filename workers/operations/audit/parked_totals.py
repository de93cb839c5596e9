"""Counts the parked streams of each projection and saga, and says how long the oldest of them has waited."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from workers.ports.parked import ParkedStreamListing


class ParkedTotal(NamedTuple):
    """The parked streams of one follower and topic. `oldest_at` is when the oldest waiting event was recorded."""

    streams: int
    oldest_at: datetime


def parked_totals(listings: Iterable[ParkedStreamListing]) -> dict[tuple[str, str], ParkedTotal]:
    """By (follower, topic)."""
    totals: dict[tuple[str, str], ParkedTotal] = {}
    for listing in listings:
        key, recorded_at = (listing.stream.follower, listing.topic), datetime.fromisoformat(listing.stream.recorded_at)
        total = totals.get(key, ParkedTotal(0, recorded_at))
        totals[key] = ParkedTotal(total.streams + 1, min(total.oldest_at, recorded_at))
    return totals
